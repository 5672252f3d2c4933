#!/bin/sh
# The tree's arrows: who may include whom, and that the rules stay pure. Prints each breach; exits 1 if there is one.
#
#   sh tests/arrows.sh [BUILD-FOLDER]    with a build folder also asks `nm` about the rules library
cd "$(dirname "$0")/.." || exit 2
faults=0
fault() {
    echo "arrow: $*"
    faults=1
}

allowed() { # folder -> folders it may include, beside proto
    case $1 in
    base) echo "base" ;;
    rules) echo "base rules" ;;
    wire) echo "base rules wire" ;;
    store) echo "base store" ;;
    engine) echo "base rules wire store engine" ;;
    log) echo "base log" ;;
    turn) echo "base rules wire store engine log turn" ;;
    net) echo "base turn net" ;;
    sys) echo "base sys" ;;
    esac
}

for folder in base rules wire store engine log turn net sys; do
    may=" proto $(allowed $folder) "
    for file in broker/"$folder"/*.[ch] broker/"$folder"/*.def; do
        [ -f "$file" ] || continue
        for included in $(sed -n 's/^#include "\([a-z_]*\)\/[a-z_.]*".*/\1/p' "$file" | sort -u); do
            case $may in
            *" $included "*) ;;
            *) fault "$file includes $included/" ;;
            esac
        done
    done
done

# Only the store knows LMDB; only net knows ZeroMQ; the rules and the engine read no clock and no randomness.
grep -lE '#include <lmdb.h>' -r broker clients --include='*.[ch]' | grep -v '^broker/store/' | while read -r file; do echo "arrow: $file includes lmdb.h"; done | grep . && faults=1
grep -lE '#include <zmq.h>' -r broker --include='*.[ch]' | grep -vE '^broker/(net/|daemon\.)' | while read -r file; do echo "arrow: $file includes zmq.h"; done | grep . && faults=1
grep -nE '\b(time|gettimeofday|clock_gettime|random|rand|randombytes[a-z_]*) *\(' -r broker/rules broker/engine --include='*.c' | grep -vE ':[0-9]+: *(/\*|\*)' && fault "a clock or randomness in rules or engine"

library=${1:+$1/librules.a}
if [ -n "$library" ] && [ -f "$library" ]; then
    impure=$(nm -u "$library" | awk '$1 == "U" {print $2}' | sort -u |
        grep -E '^(malloc|calloc|realloc|free|open|read|write|fopen|printf|fprintf|puts|time|clock_gettime|gettimeofday|getenv|socket|random|rand|protobuf_c_.*|mdb_.*|zmq_.*)$')
    [ -z "$impure" ] || fault "the rules library calls: $impure"
fi
[ $faults -eq 0 ] && echo "arrows: all point one way"
exit $faults
