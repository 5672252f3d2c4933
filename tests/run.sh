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

mkdir -p "$out"
build "$out/gcc" gcc Release
if [ "$form" = quick ]; then
    exec ctest --test-dir "$out/gcc" -j "$jobs" --output-on-failure -L 'unit|story'
fi
build "$out/sanitized" clang Debug -DSANITIZE=address,undefined
step "tests under address and undefined-behaviour sanitizers"
failed=0
ctest --test-dir "$out/sanitized" -j "$jobs" --output-on-failure -L 'unit|story|tidy' || failed=1
step "tests of the release build"
ctest --test-dir "$out/gcc" -j "$jobs" --output-on-failure || failed=1
step "done"
exit $failed
