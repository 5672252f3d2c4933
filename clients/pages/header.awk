# header.awk - a header as a manual page: comments that begin a line become text, declarations stay as they are.
#
#   awk -f header.awk client.h key.h >libreferral.3
#
# The first comment is the description; a line "/* ---- Title ---- */" begins a section.
function roff(line) {
    gsub(/\\/, "\\e", line)
    gsub(/-/, "\\-", line)
    if (line ~ /^[.']/)
        line = "\\&" line
    return line
}
function show(wanted) { # text or code
    if (wanted == showing)
        return
    if (showing == "code")
        print ".EE"
    print wanted == "code" ? ".PP\n.EX" : ".PP"
    showing = wanted
}
function say(line) {
    sub(/^ ?\* ?/, "", line)
    sub(/^[a-z]+\.h - /, "", line)
    if (line ~ /^ *$/)
        print ".PP"
    else if (line ~ /^  /) # a list of its own form; the blanks begin a line
        print roff(line)
    else
        print roff(line)
}
BEGIN {
    print ".TH LIBREFERRAL 3 \"\" \"referrald\" \"Library functions\""
    print ".SH NAME\nlibreferral \\- client of the two\\-way referral message broker"
    print ".SH SYNOPSIS\n.EX\n#include <referral/client.h>\n\ncc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs referral)\n.EE"
    print ".SH DESCRIPTION"
    showing = "text"
}
FNR == 1 && NR != 1 { show("text"); print ".SH KEYS" }
/^#ifdef __cplusplus/ { skipping = 1 }
skipping { if (/^#endif/) skipping = 0; next }
/^#(pragma|include)/ { next }
/^\/\* ---- / {
    gsub(/^\/\* -+ | -+ \*\/$/, "")
    show("text")
    print ".SH " toupper($0)
    next
}
/^\/\*/ { inside = 1; show("text"); sub(/^\/\* ?/, " * ") }
inside {
    ends = sub(/ *\*\/$/, "")
    if (!(ends && $0 ~ /^ *\**$/))
        say($0)
    inside = !ends
    next
}
/^$/ { if (showing == "code") blank = 1; next }
{
    if (blank && showing == "code")
        print ""
    blank = 0
    show("code")
    print roff($0)
}
END {
    show("text")
    print ".SH SEE ALSO\n.BR referralctl (1),\n.BR referrald (8)"
}
