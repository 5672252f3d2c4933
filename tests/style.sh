#!/bin/sh
# What clang-format and clang-tidy think of every source we wrote. Prints each complaint; exits 1 if there is one.
#
#   sh tests/style.sh format
#   sh tests/style.sh tidy BUILD-FOLDER      the folder's compile_commands.json says how each file is compiled
#
# The analyzer follows the paths of a function, those to code not yet reached first, until it has seen them all or so many nodes. In the
# short form these are a third of the usual 225000 (REFERRALD_LONG=1): nearly every block is reached all the same, in less than half the time.
set -eu
cd "$(dirname "$0")/.."
sources() { git ls-files --cached --others --exclude-standard -- "$@"; }
case ${1:-} in
format)
    sources 'broker/*.[ch]' 'clients/*.[ch]' 'tests/*.[ch]' 'proto/*.h' | xargs clang-format --dry-run -Werror
    echo "clang-format agrees"
    ;;
tidy)
    nodes=75000
    [ "${REFERRALD_LONG:-0}" = 1 ] && nodes=225000
    sources 'broker/*.c' 'clients/*.c' |
        xargs -n 1 -P "$(nproc)" clang-tidy -p "$2" --quiet --extra-arg=-Xclang --extra-arg=-analyzer-config \
            --extra-arg=-Xclang --extra-arg="max-nodes=$nodes" 2>&1 |
        { ! grep -E -A 6 '(warning|error):'; }
    echo "clang-tidy agrees"
    ;;
*)
    echo "usage: sh tests/style.sh format | tidy BUILD-FOLDER" >&2
    exit 2
    ;;
esac
