#!/bin/sh
# long.sh - the long form of the power cuts: every script with every seed, one after the other, beside whatever else the machine has to do.
#
#     sh tests/crash/long.sh BUILD [DISKS [SEEDS [SCRIPTS]]]
#
# BUILD is a build folder (release). DISKS are tried of each script and seed, and 20 more starts that are cut again for one in 50: 66000 of 11 scripts are
# a million. SEEDS "1 2", SCRIPTS "archive backup"; CRASH_WORKERS=2 takes two processes, CRASH_UNTIL=12:50 begins nothing after that time of today.
# Ends with a table; 1 where a disk was not sound.
set -u
build=${1:?usage: long.sh BUILD [DISKS [SEEDS [SCRIPTS]]]}
disks=${2:-66000}
seeds=${3:-20261122}
scripts=${4:-submit deliver dead-letter book wait-list clock registry archive rotate backup restore}
folder=$(cd "$build/tests/crash" && pwd) || exit 2
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

until=${CRASH_UNTIL:+$(date -d "$CRASH_UNTIL" +%s)}
for seed in $seeds; do # a run that is cut short has something of every script
    for script in $scripts; do
        [ "$(date +%s)" -lt "${until:-99999999999}" ] || continue
        began=$(date +%s)
        CRASH_WORKERS=${CRASH_WORKERS:-1} LD_PRELOAD=$folder/libcrash_recorder.so \
            nice -n 19 "$folder/crash_power" "$script" "$disks" "$seed" | tee -a "$lines" || :
        echo "$script took $(($(date +%s) - began)) s" | tee -a "$lines"
    done
done

awk '
/ disks, .* seed / {
    script = substr($1, 1, length($1) - 1)
    for (i = 1; i <= NF; i++) if ($i == "seed") seed = $(i + 1) + 0
    if (!head++) { printf "\n| script | seed | disks | starts cut again | not sound | seconds |\n|---|---|---|---|---|---|\n" }
    for (i = 1; i <= NF; i++) if ($(i + 1) == "not" && $(i + 2) == "sound") unsound = $i
    row = sprintf("| %s | %s | %d | %d | %d |", script, seed, $2, $4, unsound)
    disks += $2; again += $4; all += unsound
}
/ took / { if (row != "") printf "%s %d |\n", row, $3; else { printf "| %s | | | | died | %d |\n", $1, $3; all++ }
           row = ""; seconds += $3 }
END { printf "| all, %d states | | %d | %d | %d | %d |\n", disks + again, disks, again, all, seconds; exit all != 0 }' "$lines"
