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
behind=""
step() { echo "== $(($(date +%s) - started)) s: $*"; }

build() { # folder compiler type [cmake options]
    folder=$1 compiler=$2 type=$3
    shift 3
    step "build $folder ($compiler, $type $*)"
    cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE="$type" -DLLD=ON "$@" >"$folder.log" 2>&1 || {
        cat "$folder.log"
        return 1
    }
    $behind ninja -C "$folder" >"$folder.log" 2>&1 || {
        grep -v '^\[[0-9]*/[0-9]*\]' "$folder.log" | head -n 80
        return 1
    }
}

tests() { # folder jobs [labels]
    $behind ctest --test-dir "$1" -j "$2" --output-on-failure -O "$1/tests.log" ${3:+-L "$3"}
}

# The clang build, its tests and clang-tidy, behind what else goes on: scripts that drive a daemon wait more than they compute.
sanitized() {
    behind="nice -n 5"
    build "$out/sanitized" clang Debug -DSANITIZE=address,undefined || return 1
    step "tests under address and undefined-behaviour sanitizers, clang-tidy"
    tests "$out/sanitized" "$jobs" 'unit|story|tidy'
}

# How many passed and failed, from what ctest said at its end.
count() { # folder
    set -- $(sed -n 's/.*, \([0-9]*\) tests* failed out of \([0-9]*\)$/\1 \2/p' "$1/tests.log" 2>/dev/null)
    failed=$((failed + ${1:-0}))
    passed=$((passed + ${2:-0} - ${1:-0}))
}

mkdir -p "$out"
out=$(cd "$out" && pwd)
build "$out/gcc" gcc Release
if [ "$form" = quick ]; then
    exec ctest --test-dir "$out/gcc" -j "$jobs" --output-on-failure -L 'unit|story'
fi
rm -f "$out/sanitized/tests.log" "$out/gcc/tests.log"
trap 'kill 0' INT TERM
sanitized >"$out/sanitized.out" 2>&1 &
beside=$!
step "tests of the release build; $out/sanitized is built and tested beside them"
broken=0 passed=0 failed=0
tests "$out/gcc" $((jobs * 2)) || broken=1
step "waiting for $out/sanitized"
wait $beside || broken=1
cat "$out/sanitized.out"
step "the same traces from both builds"
sh tests/sim/same_trace.sh "$out/gcc" "$out/sanitized" || { broken=1 failed=$((failed + 1)); }
step "done"
count "$out/gcc"
count "$out/sanitized"
echo "$passed passed, $failed failed"
exit $broken
