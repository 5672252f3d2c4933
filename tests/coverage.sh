#!/bin/sh
# How much of the broker's branches the suite takes. Prints the table by folder; exits 1 below 100 % of rules/ or 90 % of the whole, where a test fails, and
# where tests/uncovered.txt does not say of each line with a branch that is not taken why, or says so of one that is.
#
#   sh tests/coverage.sh            builds, runs the suite, counts: half an hour on two cores, at most two hours
#   sh tests/coverage.sh count      counts again what the last run left
#   sh tests/coverage.sh draft      prints what tests/uncovered.txt lacks, as it would stand there
#
# Left out of the count: assertions, which a bug takes and nothing else, and the inside of uthash's macros. Nothing else. What a broker takes that is
# killed is not counted. Left out of the suite: what builds packages and machines of its own, and the power cuts, whose brokers all end in the midst.
set -eu
cd "$(dirname "$0")/.."
. .ci/packages.sh
# shellcheck disable=SC2086
install_missing $packages_coverage
out=${BUILD_DIR:-build/coverage}
mkdir -p "$out"
out=$(cd "$out" && pwd)
failed=0

build() {
    # Threads, and a child and its parent, count into the same counters.
    cmake -S . -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCOVERAGE=ON -DWERROR=OFF \
        "-DCMAKE_C_FLAGS=-fprofile-update=atomic -include $PWD/tests/coverage.h"
    ninja -C "$out"
}

run() {
    find "$out" -name '*.gcda' -delete
    timeout 7200 ctest --test-dir "$out" -j "$(nproc)" --timeout 1200 -LE 'tidy|tree|crash' -E 'daemon/test_(package|boot|unit_file)$' \
        --output-on-failure -O "$out/tests.log" >/dev/null || {
        failed=1
        sed -n '/tests passed/,$p' "$out/tests.log"
    }
}

count() { # The broker's own objects, wherever they were built into.
    find "$out" -name '*.gcda' -path '*/broker/*' | sed 's|/[^/]*$||' | sort -u >"$out/objects"
    # shellcheck disable=SC2046
    gcovr -r . -j "$(nproc)" -f 'broker/' --exclude-unreachable-branches --exclude-throw-branches \
        --exclude-branches-by-pattern '.*(assert\(|HASH_[A-Z]+|DL_[A-Z]+2?\(|LL_[A-Z]+\().*' --json "$out/coverage.json" $(cat "$out/objects") >"$out.log" 2>&1 || {
        cat "$out.log"
        exit 1
    }
}

case ${1:-} in
'')
    build >"$out.log" 2>&1 || { grep -v '^\[[0-9]*/[0-9]*\]' "$out.log" | head -n 80; exit 1; }
    run
    count
    ;;
count | draft) count ;;
*) echo "usage: sh tests/coverage.sh [count|draft]" >&2; exit 2 ;;
esac
if [ "${1:-}" = draft ]; then
    exec python3 tests/coverage.py "$out/coverage.json" tests/uncovered.txt draft
fi
python3 tests/coverage.py "$out/coverage.json" tests/uncovered.txt || failed=1
exit $failed
