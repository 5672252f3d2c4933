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
case $#${1:-} in
0) ;;
1--keep) keep="--keep" ;;
*) echo "usage: sh clients/demo/run.sh [--keep]" >&2; exit 2 ;;
esac

. .ci/packages.sh
step() { printf '== %s\n' "$*"; }
step "1/4 packages 安装依赖"
# shellcheck disable=SC2086
install_missing $packages_build
step "2/4 release build 编译"
folder=${BUILD_DIR:-build}/demo
mkdir -p "$folder"
build=$(cd "$folder" && pwd)
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF >"$build/configure.log" 2>&1 || { cat "$build/configure.log"; exit 1; }
if [ -t 1 ]; then ninja -C "$build"; else ninja -C "$build" >"$build/build.log" || { cat "$build/build.log"; exit 1; }; fi

step "3/4 fresh store, keys, district 新建存储、密钥、登记机构"
work=$(mktemp -d "${TMPDIR:-/tmp}/referral-demo.XXXXXX")
finish() {
    status=$?
    if [ -z "${kept:-}" ]; then
        [ ! -f "$work/broker.pid" ] || kill "$(cat "$work/broker.pid")" 2>/dev/null || :
        rm -rf "$work"
    fi
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
sh clients/demo/prepare.sh "$build" "$work"
. "$work/env.sh"

step "4/4 the main job 双向转诊"
status=0
"$build/clients/demo/referral-demo" "$build/referrald" "$work" "$REFERRALD_ADDRESS" $keep || status=$?
if [ -n "$keep" ] && kill -0 "$(cat "$work/broker.pid")" 2>/dev/null; then
    kept=1
    ln -sfn "$work/env.sh" "$build/env.sh"
    cat <<TEXT

The broker still runs; its log is $work/referrald.log. Look around, as its operator:
  . $folder/env.sh
  referralctl status
  referralctl list
  referralctl why REFERRAL
Be one of the parties (speak_as alone names them), and take the tour of README.md:
  speak_as centre-c
  referralctl send clients/ctl/examples/up.json
End the broker, and throw everything away:
  demo_end
TEXT
fi
exit $status
