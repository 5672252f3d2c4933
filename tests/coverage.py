#!/usr/bin/python3
"""coverage.py JSON LIST - the table of coverage.sh, from gcovr's JSON; writes the lines with branches not taken to LIST, by file and reason."""
import collections
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = {"rules": 100.0, "whole": 90.0}

# Why a branch of this kind is not taken by a test: of the line, in this order; or of its folder.
REASONS = [
    ("system", "a call of the system, LMDB, libzmq or libevent that fails: a full disk, no memory, no descriptor; tests/fault fails them one after the "
               "other, and holds the broker to its promises whichever branch it takes",
     r"\brc\b|\bfd\b|failure|\bresult\b|errno|EINTR|MDB_|mdb_|zmq_|setsockopt|getrlimit|snprintf|fstat|fsync|mkdir|open\(|malloc|calloc|alloc\(|evbuffer|event_"
     r"|bufferevent|epoll|store_(begin|read_begin|open|turn)|fclose|fwrite|fputs|fflush|stream == NULL|_init\(|written|length < 0"),
    ("absent", "a row that another row names: it is missing only where the store fails between the two reads, which ends the turn",
     r"\b(row|life|entry|pool|booking|referral|institution|hospital|sender|receiver|team|contact|found|dead|child|parent|letter|line|member|place|data|"
     r"body|sheet|old|cursor|key|record|value)\b (==|!=) NULL|_parse\("),
    ("absent", "", r"if \((row|life|entry|found|booking|hospital|institution|sheet)\b|!= NULL (&&|\?)|== NULL \?|\|\| \w+ == NULL"),
    ("enum", "a switch over an enum, whose values are checked where they come in", r"^(switch|case|default)"),
    ("bound", "a bound that a test would take millions of rows, or years, to reach", r"_MAX\b|LIMIT_|UINT\d+_MAX|\bleft\b|_MS\b|_PER_TURN"),
]
OTHER = ("part", "one side of a condition of several, whose other sides are taken")


def reason_of(line):
    return next((name for name, _, pattern in REASONS if re.search(pattern, line)), OTHER[0])


def read(path):
    """{file: [taken, count, {line: branches not taken}]}"""
    files = {}
    for file in json.loads(path.read_text())["files"]:
        taken = count = 0
        missing = collections.Counter()
        for line in file["lines"]:
            for branch in line["branches"]:
                count += 1
                taken += branch["count"] > 0
                missing[line["line_number"]] += branch["count"] == 0
        files[file["file"]] = (taken, count, +missing)
    return files


def table(files):
    folders = collections.defaultdict(lambda: [0, 0])
    for name, (taken, count, _) in files.items():
        part = Path(name).parts[1] if len(Path(name).parts) > 2 else "daemon, main"
        for folder in (part, "whole"):
            folders[folder][0] += taken
            folders[folder][1] += count
    whole = folders.pop("whole")
    return sorted(folders.items()) + [("whole", whole)]


def write_list(files, path):
    lines = ["# Branches that no test takes\n"]
    told = {name: text for name, text, _ in REASONS if text} | dict([OTHER])
    lines += ["- %s: %s" % item for item in told.items()] + [""]
    for name in sorted(files):
        source = (ROOT / name).read_text().split("\n")
        by_reason = collections.defaultdict(list)
        for number in sorted(files[name][2]):
            by_reason[reason_of(source[number - 1].strip())].append(str(number))
        if by_reason:
            lines.append("- `%s`: %s" % (name, "; ".join("%s %s" % (reason, " ".join(by_reason[reason])) for reason in sorted(by_reason))))
    path.write_text("\n".join(lines) + "\n")


def main():
    files = read(Path(sys.argv[1]))
    write_list(files, Path(sys.argv[2]))
    failed = False
    for folder, (taken, count) in table(files):
        share = 100.0 * taken / count
        failed = failed or share < WANTED.get(folder, 0)
        print("%-13s %6d of %6d branches  %5.1f %%%s" % (folder, taken, count, share, "  too few" if share < WANTED.get(folder, 0) else ""))
    print("what is not taken: " + sys.argv[2])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
