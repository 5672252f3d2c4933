# packages.sh - what Debian 12 must have to build, to play and to test; sourced by clients/demo/run.sh and tests/run.sh.

packages_build="gcc libc6-dev make cmake ninja-build pkg-config libevent-dev libzmq3-dev libprotobuf-c-dev protobuf-c-compiler
liblmdb-dev libsodium-dev libjansson-dev libconfuse-dev libsmartcols-dev uthash-dev libsystemd-dev"

packages_demo="$packages_build python3"

packages_test="$packages_build ccache clang clang-format clang-tidy clang-tools lld libclang-rt-dev libcriterion-dev
protobuf-compiler prometheus chromium chromium-driver fonts-noto-cjk python3 python3-zmq python3-protobuf python3-yaml iproute2 nftables binutils git man-db dpkg-dev lintian systemd systemd-container"

packages_coverage="$packages_test gcovr"

# Installs those of the named packages that are missing; says which, and stays quiet where none is.
install_missing() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing"
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "not root and no sudo: install these packages by hand" >&2; return 1; }
        as_root="sudo"
    fi
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! { $as_root apt-get update -q && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "installing packages failed" >&2
        return 1
    fi
    rm -f "$log"
}
