#!/bin/sh
# The long form: every call of every script fails, in each of these builds, then every socket call, storage call and allocation of the daemon, and the
# stalls and links that take minutes. Ends with 1 where something was found. tests/fault/README.md tells what it printed last.
#
#   sh tests/fault/long.sh BUILD...            a build with -DSANITIZE=address,undefined looks for lost memory, too
#   WALKS='submit deliver' DAEMON=0 sh tests/fault/long.sh BUILD...
set -u
here=$(cd "$(dirname "$0")" && pwd)
scripts=${WALKS-submit deliver dead-letter book wait-list clock registry drain restarts questions gathered archive backup}
found=0

timed() { # command...
    began=$(date +%s)
    nice -n 19 "$@" || found=1
    echo "== $(($(date +%s) - began)) s: $*"
}

for build in "$@"; do
    build=$(cd "$build" && pwd)
    for script in $scripts; do
        for fault in memory memory-lasting storage asking; do
            timed "$build/tests/fault/fault_walk" "$script" 1 "$fault"
        done
    done
    [ "${DAEMON-1}" = 1 ] || continue
    tests='test_faults_sockets test_faults test_stall test_network'
    grep -q '^SANITIZE:[^=]*=.' "$build/CMakeCache.txt" && tests=test_faults_sockets # it says at its end what it lost
    for test in $tests; do
        timed env REFERRALD_LONG=1 REFERRALD_BUILD="$build" /usr/bin/python3 "$here/../daemon/$test.py"
    done
done
exit $found
