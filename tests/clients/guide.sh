#!/bin/sh
# Do the tables of the protocol guide say what the broker does? Prints the difference; exits 1 if there is one.
#
#   sh tests/clients/guide.sh PROGRAM          checks; PROGRAM is the built guide_tables
#   sh tests/clients/guide.sh PROGRAM write    puts the tables of today into the guide
set -eu
program=$1
guide=$(dirname "$0")/../../proto/README.md
tables=$(mktemp)
fresh=$(mktemp)
trap 'rm -f "$tables" "$fresh"' EXIT
"$program" >"$tables"
awk -v tables="$tables" '
    BEGIN {
        while ((getline line <tables) > 0) {
            if (line ~ /^<!-- begin /) { name = line; text[name] = "" }
            text[name] = text[name] line "\n"
        }
    }
    /^<!-- begin / { if (!($0 in text)) { print "guide: no table for " $0 >"/dev/stderr"; failed = 1 }
                     printf "%s", text[$0]; used[$0] = 1; skip = 1 }
    !skip
    /^<!-- end / { skip = 0 }
    END {
        for (name in text) if (!(name in used)) { print "guide: nowhere a place for " name >"/dev/stderr"; failed = 1 }
        exit failed
    }' "$guide" >"$fresh"
if [ "${2:-check}" = write ]; then
    cat "$fresh" >"$guide"
else
    diff -u "$guide" "$fresh" && echo "guide: every table is that of the broker"
fi
