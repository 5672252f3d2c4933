#!/bin/sh
# What clang-format and clang-tidy think of every source we wrote. Prints each complaint; exits 1 if there is one.
#
#   sh tests/style.sh format
#   sh tests/style.sh tidy BUILD-FOLDER      the folder's compile_commands.json says how each file is compiled
set -eu
cd "$(dirname "$0")/.."
sources() { git ls-files --cached --others --exclude-standard -- "$@"; }
case ${1:-} in
format)
    sources 'broker/*.[ch]' 'clients/*.[ch]' 'tests/*.[ch]' 'proto/*.h' | xargs clang-format --dry-run -Werror
    echo "clang-format agrees"
    ;;
tidy)
    sources 'broker/*.c' 'clients/*.c' | xargs -n 1 -P "$(nproc)" clang-tidy -p "$2" --quiet 2>&1 |
        { ! grep -E -A 6 '(warning|error):'; }
    echo "clang-tidy agrees"
    ;;
*)
    echo "usage: sh tests/style.sh format | tidy BUILD-FOLDER" >&2
    exit 2
    ;;
esac
