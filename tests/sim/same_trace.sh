#!/bin/sh
# Two builds give the same trace: plays the same steps with both, and compares the digests of all that was said.
#
#   sh tests/sim/same_trace.sh BUILD-FOLDER OTHER-BUILD-FOLDER [SEEDS] [STEPS OF EACH]
set -eu
one=$1 other=$2 seeds=${3:-3} steps=${4:-700}
seed=1
while [ "$seed" -le "$seeds" ]; do
    said=$("$one/tests/sim/sim" "$seed" "$steps")
    again=$("$other/tests/sim/sim" "$seed" "$steps")
    if [ "$said" != "$again" ]; then
        printf 'the traces differ:\n%s\n%s\n' "$said" "$again" >&2
        exit 1
    fi
    printf '%s\n' "$said"
    seed=$((seed + 1))
done
echo "the same traces from $one and $other"
