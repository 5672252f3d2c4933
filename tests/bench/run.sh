#!/bin/sh
# Measures a real broker over CURVE, beside the ceiling of the same machine in the same run, and prints a table. README.md tells how to
# read it.
#
#   sh tests/bench/run.sh             everything, with 1,000,000 waiting: about 8 minutes and 10 GiB of disk
#   sh tests/bench/run.sh --small     shorter rounds, 50,000 waiting: about 3 minutes
#   --rush                            the release rush alone, beside Redis and PostgreSQL where these are installed
#   --backup                          a backup beside a running broker, and restoring from it, alone
#   --tmpfs                           the store in /dev/shm: what is left when the disk costs nothing
set -eu
cd "$(dirname "$0")/../.."
. .ci/packages.sh
# shellcheck disable=SC2086
install_missing $packages_test
build=${BUILD_DIR:-build}/gcc
mkdir -p "$build"
echo "building ..."
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$build/bench.log" 2>&1 &&
    ninja -C "$build" referrald referralctl referral-load referral-echo referral-commits rush >>"$build/bench.log" 2>&1 || {
    cat "$build/bench.log"
    exit 1
}
REFERRALD_BUILD=$(cd "$build" && pwd)
export REFERRALD_BUILD
exec /usr/bin/python3 tests/bench/bench.py "$@"
