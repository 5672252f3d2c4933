#!/bin/sh
# The main job, visibly: builds referrald, starts it on a fresh temporary store, registers a district, and plays the demonstration.
#
#   sh clients/demo/run.sh            plays, then cleans up after itself
#   sh clients/demo/run.sh --keep     leaves the broker running and says how to look around
#
# Uses nothing but its own temporary folder: an installed service's store, keys and ports are never touched.
set -eu
cd "$(dirname "$0")/../.."
keep=""
case ${1:-} in
"") ;;
--keep) keep="--keep" ;;
*) echo "usage: sh clients/demo/run.sh [--keep]" >&2; exit 2 ;;
esac

. .ci/packages.sh
step() { printf '== %s\n' "$*"; }
step "1/4 packages 安装依赖"
# shellcheck disable=SC2086
install_missing $packages_build
step "2/4 release build 编译"
build=${BUILD_DIR:-build}/demo
mkdir -p "$build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF >"$build/configure.log" 2>&1 || { cat "$build/configure.log"; exit 1; }
if [ -t 1 ]; then ninja -C "$build"; else ninja -C "$build" >"$build/build.log" || { cat "$build/build.log"; exit 1; }; fi
build=$(cd "$build" && pwd)

step "3/4 fresh store, keys, district 新建存储、密钥、登记机构"
work=$(mktemp -d "${TMPDIR:-/tmp}/referral-demo.XXXXXX")
broker_pid=""
finish() {
    status=$?
    [ -z "$broker_pid" ] || { kill "$broker_pid" 2>/dev/null && wait "$broker_pid" 2>/dev/null; } || :
    [ -n "${kept:-}" ] || rm -rf "$work"
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
ctl="$build/clients/ctl/referralctl"
"$ctl" init --store "$work/store" --name bd --institution BAODI-OPS --institution-name 宝坻区医共体运维 --keys "$work/keys" >"$work/init.log"

# A free port: the kernel's choice, asked for once and kept for the restart.
port=$("$build/clients/demo/referral-demo" --free-port)
address="tcp://127.0.0.1:$port"
cat >"$work/referrald.conf" <<CONF
# Configuration of the demonstration's broker.
store_directory = "$work/store"
host_key_file = "$work/keys/host.key"
server_key_file = "$work/keys/server.key"
endpoints = { "$address" }
log_level = "info"
CONF
server_key=$(sed -n 's/^public *= *//p' "$work/keys/server.key")

"$build/referrald" --config "$work/referrald.conf" 2>"$work/keys/referrald.log" &
broker_pid=$!
operate() { "$ctl" --address "$address" --server-key "$server_key" --key "$work/keys/operator.key" "$@"; }
for file in clients/demo/district/*.jsonl; do
    operate load "$file"
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
emergency 12120115200000021G
CAST
operate load "$work/keys.jsonl"
kill "$broker_pid" && wait "$broker_pid" || { echo "the broker did not drain" >&2; exit 1; }
broker_pid=""

step "4/4 the main job 双向转诊"
status=0
"$build/clients/demo/referral-demo" "$build/referrald" "$work/referrald.conf" "$address" "$server_key" "$work/keys" $keep || status=$?
if [ -n "$keep" ]; then
    kept=1
    cat <<TEXT

The broker still runs (its log: $work/keys/referrald.log). Look around:
  alias demo='$ctl --address $address --server-key $server_key --key $work/keys/operator.key'
  demo status
  demo list
  demo why REFERRAL-ID
  demo inbox --institution 12120115100001027Y
End it and throw everything away:
  kill \$(cat $work/broker.pid); rm -rf $work
TEXT
fi
exit $status
