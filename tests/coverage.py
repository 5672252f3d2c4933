#!/usr/bin/python3
"""coverage.py JSON LIST - the table of coverage.sh by folder, from gcovr's JSON; compares what is not taken with LIST (uncovered.txt).

    coverage.py JSON LIST draft     prints the lines that LIST lacks, as they would stand there

Fails below 100 % of rules/ or 90 % of the whole; where a branch is not taken and LIST says nothing of it; and where LIST is out of date: a line that is
not in the source any more, a branch that is taken now, a reason that the line cannot have."""
import collections
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WANTED = {"rules": 100.0, "whole": 90.0}
FUNCTION = re.compile(r"^(?!typedef|#)(?:__attribute__\(\(.*\)\) )?[A-Za-z_][^;={]*?\b(\w+)\(")
CHANGING = "timing"  # the one reason for which a branch may be taken in one run, and not in another


class Source:
    """A file's lines, each as (function, text): what a line is known by while others come and go."""

    def __init__(self, name):
        self.name = name
        self.lines = []
        function = "-"
        for text in (ROOT / name).read_text().splitlines():
            found = FUNCTION.match(text)
            function = found.group(1) if found else "-" if text.startswith("}") else function
            self.lines.append((function, text.strip()))

    def line(self, number):
        return self.lines[number - 1]


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


def read_list(path):
    """({reason: pattern}, {file: {(function, text): reason}})"""
    reasons, listed = {}, collections.defaultdict(dict)
    file = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("reason "):
            _, name, pattern = (line.split(None, 2) + [""])[:3]
            reasons[name] = re.compile(pattern)
        elif not line.startswith(" "):
            file = line
        else:
            reason, function, text = line.split(None, 2)
            if (function, text) in listed[file]:
                sys.exit("%s:%d: stands there twice" % (path, number))
            listed[file][function, text] = reason
    return reasons, listed


def faults_of(name, missing, entries, reasons):
    """What is wrong with the list's lines for one file."""
    if not (ROOT / name).exists():
        yield "%s: there is no such file" % name
        return
    source = Source(name)
    not_taken = {source.line(number): number for number in missing}
    for key, number in not_taken.items():
        if key not in entries:
            yield "%s:%d: not taken, and no reason given: %s" % (name, number, key[1])
    for key, reason in entries.items():
        function, text = key
        if reason not in reasons:
            yield "%s: %s: there is no reason '%s'" % (name, function, reason)
        elif key not in source.lines:
            yield "%s: %s: no such line: %s" % (name, function, text)
        elif key not in not_taken and reason != CHANGING:
            yield "%s: %s: is taken now: %s" % (name, function, text)
        elif not reasons[reason].search(text):
            yield "%s: %s: '%s' cannot be the reason of: %s" % (name, function, reason, text)


def draft(files, listed):
    for name in sorted(files):
        source = Source(name)
        keys = dict.fromkeys(source.line(number) for number in sorted(files[name][2]))
        new = [key for key in keys if key not in listed.get(name, {})]
        if new:
            print(name)
            for function, text in new:
                print("  %-8s %s  %s" % ("?", function, text))


def main():
    files = read(Path(sys.argv[1]))
    reasons, listed = read_list(Path(sys.argv[2]))
    if sys.argv[3:] == ["draft"]:
        return draft(files, listed)
    failed = False
    for folder, (taken, count) in table(files):
        share = 100.0 * taken / count
        too_few = share < WANTED.get(folder, 0)
        failed = failed or too_few
        print("%-13s %6d of %6d branches  %5.1f %%%s" % (folder, taken, count, share, "  too few" if too_few else ""))
    for name in sorted(set(files) | set(listed)):
        for fault in faults_of(name, files[name][2] if name in files else {}, listed.get(name, {}), reasons):
            failed = True
            print(fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
