#!/bin/sh
# A morning on test time: timetables are published, everything opens at 07:00, and in the end the reserve is proven. See morning/.
#
#   sh clients/demo/morning.sh BUILD FOLDER [--keep]      the build's folder; an empty folder to fill; leave the broker running in it
set -eu
[ $# -eq 2 ] || [ "$#${3:-}" = 3--keep ] || { echo "usage: sh clients/demo/morning.sh BUILD FOLDER [--keep]" >&2; exit 2; }
demo=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
work=$(cd "$2" && pwd)
ctl="$build/clients/ctl/referralctl"
first_ms=1804456800000 # Monday 2027-03-08 06:00 in Baodi
service_day=2027-03-10 # the Wednesday, whose sessions everybody wants
hospitals='hospital tcm-hospital maternity ankang'
failed=0
export TZ=CST-8 # as in Baodi, wherever this machine is

check() { # what is promised, command: succeeds if it holds; then what it says
    promise=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        printf '       ok   %s\n' "$promise"
    else
        printf '       FAIL %s\n' "$promise"
        failed=1
    fi
    sed 's/^/            /' "$work/check.log"
}

found_out() { # a ledger: the reader reads it, and says that it is wrong
    status=0
    python3 "$demo/commission.py" "$1" || status=$?
    [ "$status" -eq 1 ]
}

broker_pid=""
start_broker() {
    "$build/referrald" --config "$work/referrald.conf" </dev/null >>"$work/referrald.log" 2>&1 &
    broker_pid=$!
    echo "$broker_pid" >"$work/broker.pid"
}
stop_broker() {
    kill "$broker_pid"
    wait "$broker_pid" || { echo "the broker did not drain: see $work/referrald.log" >&2; failed=1; }
    broker_pid=""
    rm "$work/broker.pid"
}
finish() {
    status=$?
    [ -z "$broker_pid" ] || kill "$broker_pid" 2>/dev/null || :
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

sh "$demo/prepare.sh" "$build" "$work" "$first_ms"
. "$work/env.sh"
start_broker
for file in "$demo"/district/timetables/*.jsonl; do
    name=$(basename "$file" .jsonl)
    printf '   %-14s ' "timetables"
    "$ctl" --key "$work/keys/$name.key" load "$file"
done

"$build/clients/demo/morning/referral-morning" "$work" "$REFERRALD_ADDRESS" || failed=1

printf '\n报告  The report of the reserve, for the health commission, and the proof of it\n'
for name in $hospitals; do
    key="$work/keys/$name.key"
    "$ctl" --key "$key" report reserve --from "$service_day" --to "$service_day"
    "$ctl" --key "$key" report reserve --from "$service_day" --to "$service_day" --output json >"$work/report-$name.json"
    "$ctl" --key "$key" ledger --output json >"$work/ledger-$name.json"
done
for name in $hospitals; do
    check "Q13 the report of $name, made again by the broker, is the same" "$ctl" --key "$work/keys/$name.key" verify --report "$work/report-$name.json"
done

printf '\n独立核查  An independent reader, which shares no code with the broker, reads the ledgers (clients/demo/commission.py)\n'
for name in $hospitals; do
    check "Q3 by the ledger of $name no general booking ever took a reserved place, and its report is true" \
        python3 "$demo/commission.py" "$work/ledger-$name.json" "$work/report-$name.json"
done
# In the wire form of a row 38 01 is the family doctors' channel, 38 02 the general one.
"$ctl" --key "$work/keys/hospital.key" ledger --output hex | sed '0,/3801/s//3802/' >"$work/forged.txt"
check "Q13 it finds out a ledger in which one booking changed its channel" found_out "$work/forged.txt"
printf '\n'
stop_broker
check "Q13 every pool rebuilt from its ledger is the pool in the store" "$ctl" replay --all --store "$work/store" --host-key "$work/keys/host.key"
check "the store is whole: rows, sums, chains" "$ctl" verify --store "$work/store" --host-key "$work/keys/host.key"
if [ $# -eq 3 ]; then
    start_broker
    broker_pid="" # stays
fi
if [ "$failed" -eq 0 ]; then
    printf '\n结果  Every promise of the morning was kept\n'
else
    printf '\n结果  NOT every promise of the morning was kept\n'
fi
exit "$failed"
