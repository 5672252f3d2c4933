#!/bin/sh
# How much of the broker's branches the suite takes. Prints the table by folder, writes what is not taken to BUILD_DIR/uncovered.md, each line with
# the reason that its kind has; exits 1 below 100 % of rules/ or 90 % of the whole.
#
#   sh tests/coverage.sh            builds, runs the suite, counts: some twenty minutes
#   sh tests/coverage.sh count      counts again what the last run left
#
# Left out of the count: assertions, which a bug takes and nothing else, and the inside of uthash's macros. Nothing else.
set -eu
cd "$(dirname "$0")/.."
. .ci/packages.sh
# shellcheck disable=SC2086
install_missing $packages_coverage
out=${BUILD_DIR:-build/coverage}
mkdir -p "$out"
out=$(cd "$out" && pwd)

if [ "${1:-}" != count ]; then
    # Threads count into the same counters.
    cmake -S . -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCOVERAGE=ON \
        "-DCMAKE_C_FLAGS=-fprofile-update=atomic -include $PWD/tests/coverage.h" -DWERROR=OFF >"$out.log"
    ninja -C "$out" --quiet
    find "$out" -name '*.gcda' -delete
    # What a broker takes that is killed is not counted; packages and machines run builds of their own.
    ctest --test-dir "$out" -j "$(nproc)" -LE 'tidy|tree' -E 'daemon/(package|boot|unit_file)$' --output-on-failure -O "$out/tests.log" >/dev/null ||
        sed -n '/tests passed/,$p' "$out/tests.log"
fi
gcovr -r . --object-directory "$out" -f 'broker/' --exclude-unreachable-branches --exclude-throw-branches \
    --exclude-branches-by-pattern '.*(assert\(|HASH_[A-Z]+|DL_[A-Z]+\(|LL_[A-Z]+\().*' --json "$out/coverage.json" 2>"$out.log" || { cat "$out.log"; exit 1; }
exec python3 tests/coverage.py "$out/coverage.json" "$out/uncovered.md"
