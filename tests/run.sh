#!/bin/sh
# Installs what is missing, builds with gcc and clang with warnings as errors, and runs every test.
#
#   sh tests/run.sh            all of it, as continuous integration does
#   sh tests/run.sh quick      the gcc build's unit and story tests only
#   sh tests/run.sh long       all of it, with the long forms of tests/README.md
set -eu
cd "$(dirname "$0")/.."
form=${1:-all}
case $form in
all | quick | long) ;;
*) echo "usage: sh tests/run.sh [all|quick|long]" >&2; exit 2 ;;
esac
. .ci/packages.sh
# shellcheck disable=SC2086
install_missing $packages_test

export REFERRALD_LONG=0
[ "$form" = long ] && REFERRALD_LONG=1
jobs=$(nproc)
out=${BUILD_DIR:-build}
started=$(date +%s)
step() { echo "== $(($(date +%s) - started)) s: $*"; }

build() { # folder compiler type [cmake options]
    folder=$1 compiler=$2 type=$3
    shift 3
    step "build $folder ($compiler, $type $*)"
    cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE="$type" "$@" >"$folder.log" 2>&1 || {
        cat "$folder.log"
        return 1
    }
    ninja -C "$folder" >"$folder.log" 2>&1 || {
        grep -v '^\[[0-9]*/[0-9]*\]' "$folder.log" | head -n 80
        return 1
    }
}

passed=0 failed=0 broken=0
# Runs ctest, and adds to the count that the last line tells.
tests() { # folder [labels]
    log=$1/tests.log
    ctest --test-dir "$1" -j "$jobs" --output-on-failure -O "$log" ${2:+-L "$2"} || broken=1
    set -- $(sed -n 's/.*, \([0-9]*\) tests* failed out of \([0-9]*\)$/\1 \2/p' "$log")
    failed=$((failed + ${1:-0}))
    passed=$((passed + ${2:-0} - ${1:-0}))
}

mkdir -p "$out"
out=$(cd "$out" && pwd)
build "$out/gcc" gcc Release
if [ "$form" = quick ]; then
    exec ctest --test-dir "$out/gcc" -j "$jobs" --output-on-failure -L 'unit|story'
fi
build "$out/sanitized" clang Debug -DSANITIZE=address,undefined
step "tests under address and undefined-behaviour sanitizers, clang-tidy"
tests "$out/sanitized" 'unit|story|tidy'
step "tests of the release build"
tests "$out/gcc"
step "done"
echo "$passed passed, $failed failed"
exit $broken
