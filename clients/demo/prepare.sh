#!/bin/sh
# A fresh store with the demonstration's district in it, and what a shell needs to speak to its broker, which is stopped again at the end.
#
#   sh clients/demo/prepare.sh BUILD FOLDER [TIME]      the build's folder; an empty folder to fill
#
# FOLDER then holds: store/  keys/  referrald.conf  referralctl.conf (the operator's)  env.sh  and the broker's referrald.log.
# TIME, milliseconds since 1970, makes a store for test time (C4): its clock is the file FOLDER/clock.
set -eu
[ $# -eq 2 ] || [ $# -eq 3 ] || { echo "usage: sh clients/demo/prepare.sh BUILD FOLDER [TIME]" >&2; exit 2; }
demo=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
work=$(cd "$2" && pwd)
ctl="$build/clients/ctl/referralctl"
unset REFERRALD_ADDRESS REFERRALD_SERVER_KEY REFERRALD_KEY # perhaps of an earlier demonstration
broker_pid=""
finish() {
    status=$?
    [ -z "$broker_pid" ] || kill "$broker_pid" 2>/dev/null || :
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# A free port: the kernel's choice, asked for once and kept for every start.
address="tcp://127.0.0.1:$("$build/clients/demo/referral-demo" --free-port)"
"$ctl" init --store "$work/store" --name bd --institution BAODI-OPS --institution-name 宝坻区医共体运维 --listen "$address" \
    --keys "$work/keys" ${3:+--test-time} >"$work/init.log"
mv "$work/keys/referrald.conf" "$work/keys/referralctl.conf" "$work"
if [ $# -eq 3 ]; then
    echo "$3" >"$work/clock"
    sed -i "s|^test_clock_file = .*|test_clock_file = \"$work/clock\"|" "$work/referrald.conf"
fi
server_key=$(sed -n 's/^public *= *//p' "$work/keys/server.pub")

"$build/referrald" --config "$work/referrald.conf" </dev/null >>"$work/referrald.log" 2>&1 &
broker_pid=$!
load() { # what, file
    printf '   %-14s ' "$1"
    "$ctl" --config "$work/referralctl.conf" load "$2"
}
for file in "$demo"/district/*.jsonl; do
    name=${file##*/?-}
    load "${name%.jsonl}" "$file"
done
# One key for each party of the cast: name of the key file, institution.
while read -r name institution; do
    public=$("$ctl" keygen "$work/keys/$name.key")
    printf '{"kind": "ADD_KEY", "body": {"public_key": "%s", "institution": "%s", "roles": ["REFER", "RECEIVE", "SCHEDULE"], "label": "%s"}}\n' \
        "$public" "$institution" "$name"
done >"$work/keys.jsonl" <<CAST
centre-a 121201151000011313
centre-b 1212011510000114XT
centre-c 12120115100001051F
centre-d 1212011510000106X7
hospital 121201151000010194
tcm-hospital 12120115100001027Y
maternity 12120115100001035R
ankang 12120115100001043L
emergency 12120115200000021G
CAST
load keys "$work/keys.jsonl"
kill "$broker_pid"
wait "$broker_pid" || { echo "the broker did not drain: see $work/referrald.log" >&2; exit 1; }
broker_pid=""

cat >"$work/env.sh" <<ENV
# Read this file into a shell (". env.sh"), and it speaks to the demonstration's broker: as its operator, until told otherwise.
export PATH="$build/clients/ctl:\$PATH"
export PKG_CONFIG_PATH="$build/clients\${PKG_CONFIG_PATH:+:\$PKG_CONFIG_PATH}"
export REFERRALD_ADDRESS="$address"
export REFERRALD_SERVER_KEY="$server_key"
export REFERRALD_KEY="$work/keys/operator.key"
${3:+export TZ=CST-8 # as in Baodi}

# speak_as NAME: be somebody else from now on. Without a name: who there is.
speak_as() {
    if [ -f "$work/keys/\${1:-}.key" ]; then
        export REFERRALD_KEY="$work/keys/\$1.key"
    else
        echo "usage: speak_as NAME; there are: operator $(sed -n 's/.*"label": "\([^"]*\)".*/\1/p' "$work/keys.jsonl" | tr '\n' ' ')" >&2
        return 2
    fi
}
# Ends the broker, and throws everything away.
demo_end() {
    kill "\$(cat "$work/broker.pid")" && rm -rf "$work"
    for demo_link in "$build/env.sh" "$build/morning-env.sh"; do # of run.sh --keep
        [ -e "\$demo_link" ] || rm -f "\$demo_link"
    done
    unset REFERRALD_ADDRESS REFERRALD_SERVER_KEY REFERRALD_KEY
}
ENV
