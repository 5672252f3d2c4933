#!/bin/sh
# The main job and a morning of appointments, visibly: builds referrald, starts it on fresh temporary stores, registers a district, and plays.
#
#   sh clients/demo/run.sh            plays, then cleans up after itself
#   sh clients/demo/run.sh --keep     leaves the brokers running and says how to look around
#
# Uses nothing but its own temporary folders: an installed service's store, keys and ports are never touched.
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
step "1/5 packages 安装依赖"
# shellcheck disable=SC2086
install_missing $packages_demo
step "2/5 release build 编译"
folder=${BUILD_DIR:-build}/demo
mkdir -p "$folder"
build=$(cd "$folder" && pwd)
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF >"$build/configure.log" 2>&1 || { cat "$build/configure.log"; exit 1; }
if [ -t 1 ]; then ninja -C "$build"; else ninja -C "$build" >"$build/build.log" || { cat "$build/build.log"; exit 1; }; fi

step "3/5 fresh store, keys, district 新建存储、密钥、登记机构"
work=$(mktemp -d "${TMPDIR:-/tmp}/referral-demo.XXXXXX")
morning=$(mktemp -d "${TMPDIR:-/tmp}/referral-morning.XXXXXX")
lives() { # the broker of a folder
    [ -f "$1/broker.pid" ] && kill -0 "$(cat "$1/broker.pid")" 2>/dev/null
}
finish() {
    status=$?
    for each in "$work" "$morning"; do
        if lives "$each" && [ -n "${kept:-}" ]; then
            continue
        fi
        ! lives "$each" || kill "$(cat "$each/broker.pid")" || :
        rm -rf "$each"
    done
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
sh clients/demo/prepare.sh "$build" "$work"
. "$work/env.sh"

step "4/5 the main job 双向转诊"
status=0
"$build/clients/demo/referral-demo" "$build/referrald" "$work" "$REFERRALD_ADDRESS" $keep || status=$?

step "5/5 a morning 抢号的早晨"
sh clients/demo/morning.sh "$build" "$morning" $keep || status=$?
if [ -n "$keep" ] && lives "$work"; then
    kept=1
    ln -sfn "$work/env.sh" "$build/env.sh"
    ln -sfn "$morning/env.sh" "$build/morning-env.sh"
    cat <<TEXT

Both brokers still run; their logs are $work/referrald.log and $morning/referrald.log. Look around, as operator:
  . $folder/env.sh
  referralctl status
  referralctl list
  referralctl why REFERRAL
Be one of the parties (speak_as alone names them), and take the tour of README.md:
  speak_as centre-c
  referralctl send clients/ctl/examples/up.json
Or go to the morning, where it is Friday evening, as one of its hospitals:
  . $folder/morning-env.sh
  speak_as hospital
  referralctl places --date 2027-03-11
  referralctl report reserve --from 2027-03-10
End the broker you look at, and throw away what is its own:
  demo_end
TEXT
fi
exit $status
