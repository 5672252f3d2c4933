#!/bin/sh
# The long form of the harnesses of hostile bytes: libFuzzer with address and undefined-behaviour sanitizers, protobuf-c's source included.
#
#   sh tests/fuzz/run.sh TARGET 600s        for so many seconds
#   sh tests/fuzz/run.sh TARGET 100000000   so many executions
#   sh tests/fuzz/run.sh TARGET merge       what was found worth keeping goes to corpus/TARGET
#
# TARGET: http config json ledger frame command record sequence. FUZZ_DIR (build/fuzz) holds the build, what was found, and the inputs that grow with
# every run; FUZZ_SEED chooses libFuzzer's seed. Ends with 1 where an input does not pass, and says in which file it is.
set -eu
[ $# -eq 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
cd "$(dirname "$0")/../.."
target=$1 limit=$2
out=${FUZZ_DIR:-build/fuzz}
mkdir -p "$out/work/$target" "$out/found"
out=$(cd "$out" && pwd)
source=$(sh tests/fuzz/protobuf_c.sh "$out/protobuf-c") || {
    echo "protobuf-c's source cannot be had: the installed library is used, without sanitizers"
    source=""
}
cmake -S . -B "$out/tree" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release -DFUZZ=ON "-DPROTOBUF_C_SOURCE=$source" >"$out/build.log"
ninja -C "$out/tree" "fuzz_$target" >"$out/build.log" || { tail -n 40 "$out/build.log"; exit 1; }
kept=tests/fuzz/corpus/$target
case $limit in
merge) exec "$out/tree/tests/fuzz/fuzz_$target" -set_cover_merge=1 -use_counters=0 "$kept" "$out/work/$target" ;;
*s) limit=-max_total_time=${limit%s} ;;
*) limit=-runs=$limit ;;
esac
log=$out/$target.log
options=handle_abort=1:malloc_context_size=2:quarantine_size_mb=16
ASAN_OPTIONS=$options nice "$out/tree/tests/fuzz/fuzz_$target" "$limit" ${FUZZ_SEED:+-seed=$FUZZ_SEED} -timeout=60 -rss_limit_mb=4096 \
    -entropic=0 -print_final_stats=1 "-artifact_prefix=$out/found/$target-" "$out/work/$target" "$kept" >"$log" 2>&1 || status=$?
grep -E '^INFO: Seed|DONE|^stat::|not so:|Assertion|runtime error|SUMMARY|written to' "$log"
echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
exit "${status:-0}"
