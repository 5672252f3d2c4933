#!/usr/bin/python3
"""mutate.py - small mistakes planted one by one in the rules and in the table of authority: each must make one of their own tests fail.

    mutate.py                          every mutant: half an hour (tests/README.md)
    mutate.py --sample N [--seed S]    so many of them, drawn
    mutate.py --only rules/quota.c     one file; may be given again
    mutate.py --list                   what would be tried
    mutate.py --build FOLDER           keeps the build there, for the next time

Operators, constants, and whole rows of tables are changed in copies of files, never in the tree itself. A mutant that survives although nothing is
wrong, because it means the same, is listed with the reason in equivalent.txt; any other survivor makes the run fail. Lines are known there by their
text, so that the list outlives edits elsewhere; an entry that no mutant has any more fails a full run too.
"""
import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = Path(__file__).with_name("equivalent.txt")

# Of a line of code without its strings and comments. What is found is replaced, one place at a time.
SWAPS = [(r"(?<!<)<=", "<"), (r"(?<!>)>=", ">"), (r"(?<![<=>-])<(?![<=])", "<="), (r"(?<![->=])>(?![>=])", ">="), (r"==", "!="), (r"!=", "=="),
         (r"&&", "||"), (r"\|\|", "&&"), (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "), (r" % ", " / "),
         (r"\+\+", "--"), (r"\+=", "-="), (r"-=", "+="), (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"(?<=[(&|=] )!(?=\w)", ""), (r"(?<=\()!(?=\w)", ""),
         (r" \| ", " & "), (r" & ", " | "), (r">>", "<<"), (r"<<", ">>"), (r"\bcontinue;", ";"), (r"\bbreak;", ";")]
NUMBER = re.compile(r"(?<![\w.])(\d+)(?![\w.])")
CHARACTER = re.compile(r"'([0-9A-Za-wya-z])'")  # the next one of the alphabet
DECLARED_SIZE = re.compile(r"^\s*(static )?(const )?\w[\w ]* \*?\w+\[\w*\d\w*\];")
MACRO = re.compile(r"^(#define \w+ +)(\S.*)$")  # without arguments

# Whole rows of tables: each says something, so each must be missed; and so must what it says.
ROW = {"rules/lifecycle.c": re.compile(r"^    \{\.from = .*\},"), "engine/authority.c": re.compile(r"^    \{KIND\(\w+\),")}
ROLES = re.compile(r"(?<=,) +([A-Z][A-Z |]*[A-Z])(?=[,}])")
COLUMN = re.compile(r", +\.needs = [A-Z_ |]+(?=\})")
ONE_OF_SET = re.compile(r"\b[A-Z_]+ \| | \| [A-Z_]+\b")

# The tests of a file, NAME.c, are those named like it: a rule that only tests of other things know is not tested. The slow models last.
TESTS = ["unit_{layer}_{name}", "model_{layer}_{name}_brute"]
NAMED_OTHERWISE = {"sheet_fields": "sheet"}
NAMES_ONLY = ("rules/lifecycle_names.c", "rules/refusal.c")  # tables of words


def bare(line):
    """The line with strings, characters and comments blanked, of the same length."""
    line = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', lambda m: "\x00" * len(m.group()), line)
    return re.sub(r"/\*.*?(\*/|$)|//.*", lambda m: "\x00" * len(m.group()), line)


def code_lines(text):
    """(number, line) of what is code: no comments, no directives but plain macros, no assertions, no head of a function, no end of a switch."""
    lines, inside = text.split("\n"), False
    for number, line in enumerate(lines):
        if inside or line.lstrip().startswith(("/*", "*")):
            inside = "*/" not in line
            continue
        if line.endswith("\\") or "static_assert" in line or "assert(" in line or re.match(r"^\w[\w *]*\([^;]*$", line):
            continue
        if line.strip() == "break;" and lines[number - 1].lstrip().startswith("case ") and lines[number + 1].strip() == "}":
            continue
        if not line.startswith("#") or MACRO.match(line):
            yield number, line


def mutants_of_row(file, line):
    """The new texts of a row of a table."""
    yield ""
    if file == "engine/authority.c":
        for match in ROLES.finditer(line):
            said = match.group(1)
            for other in ["NOBODY", "ANYONE"] + (said.split(" | ") if "|" in said else []):
                if said != other:
                    yield line[:match.start(1)] + other + line[match.end(1):]
    else:
        for pattern in (COLUMN, ONE_OF_SET):
            for match in pattern.finditer(line):
                yield line[:match.start()] + line[match.end():]


def mutants_of_line(line):
    plain = bare(line)
    start = MACRO.match(line).end(1) if MACRO.match(line) else 0
    for pattern, new in SWAPS:
        for match in re.finditer(pattern, plain):
            yield line[:match.start()] + new + line[match.end():]
    if not DECLARED_SIZE.match(line):
        for match in NUMBER.finditer(plain, start):
            yield line[:match.start(1)] + str(int(match.group(1)) + 1) + line[match.end(1):]
    for match in CHARACTER.finditer(line):
        yield line[:match.start(1)] + chr(ord(match.group(1)) + 1) + line[match.end(1):]


def all_mutants(only):
    """(file, line number, its old text, its new text)"""
    files = sorted(p.relative_to(ROOT / "broker").as_posix() for p in (ROOT / "broker/rules").glob("*.c")) + ["engine/authority.c"]
    for file in files:
        if file in NAMES_ONLY or (only and file not in only):
            continue
        for number, line in code_lines((ROOT / "broker" / file).read_text()):
            row = ROW.get(file)
            for new in dict.fromkeys(mutants_of_row(file, line) if row and row.match(line) else mutants_of_line(line)):
                yield file, number, line, new


def equivalents():
    """{(file, old, new)}; every entry is followed by its reason."""
    known, entry = set(), []
    for line in LIST.read_text().splitlines() if LIST.exists() else []:
        if line.startswith(("file ", "old  ", "new  ")):
            entry.append(line[5:].strip())
        if len(entry) == 3:
            known.add(tuple(entry))
            entry = []
    return known


class Endless(Exception):
    pass


def run(command, limit_s=None):
    """Its status; on a limit all that it started ends."""
    process = subprocess.Popen(command, shell=isinstance(command, str), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        raise Endless from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Build:
    """A build of the tree. For a mutant its one file is compiled, and linked before the library that has the right one."""

    def __init__(self, folder, files):
        self.folder = folder
        subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-O1", "-DWERROR=OFF"],
                       check=True, stdout=subprocess.DEVNULL)
        names = [line.split(":")[0] for line in self.ninja("-t", "targets", "all").splitlines()]
        self.names = {file: self.tests_of(file, names) for file in files}
        self.commands = {name: self.ninja("-t", "commands", name).splitlines() for tests in self.names.values() for name in tests}
        self.ninja(*self.commands)
        self.limit_s = {}
        for name in self.commands:
            start = time.monotonic()
            if run([self.program(name)]) != 0:
                sys.exit("without a mutant, %s fails already" % name)
            self.limit_s[name] = int(20 + 10 * (time.monotonic() - start))

    def ninja(self, *arguments):
        done = subprocess.run(["ninja", "-C", self.folder, "--quiet", *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout[-4000:] + done.stderr)
        return done.stdout

    @staticmethod
    def tests_of(file, names):
        name = Path(file).stem
        tests = [t.format(layer=file.split("/")[0], name=NAMED_OTHERWISE.get(name, name)) for t in TESTS]
        return [test for test in tests if test in names]

    def program(self, name):
        return self.folder / ("tests" if name.startswith("unit") else "tests/model") / name

    def compile(self, file, source):
        """True where it compiles, to what is named like the source with .o at its end."""
        command = next(c for commands in self.commands.values() for c in commands if c.endswith("/broker/" + file))
        command = command[command.index(" ") if "ccache" in command.split(" ")[0] else 0:]
        command = re.sub(r" -MD -MT \S+ -MF \S+ -o \S+ -c \S+$", " -o '%s.o' -c '%s'" % (source, source), command)
        return run("cd '%s' && %s" % (self.folder, command)) == 0

    def link(self, name, file, source):
        library = " lib%s.a" % file.split("/")[0]
        program = "%s.%s" % (source, name)
        command = re.sub(r" -o \S+", " -o '%s'" % program, self.commands[name][-1])
        assert library in command
        if run("cd '%s' && %s" % (self.folder, command.replace(library, " '%s.o'%s" % (source, library), 1))) != 0:
            sys.exit("cannot link " + name)
        return program

    def killed_by(self, file, text, scratch):
        """The name of a test that fails, "" where it does not compile, or None."""
        source = scratch / Path(file).name
        source.write_text(text)
        if not self.compile(file, source):
            return ""
        for name in self.names[file]:
            try:
                if run([self.link(name, file, source), "--timeout", str(self.limit_s[name] // 2)], self.limit_s[name]) != 0:
                    return name
            except Endless:
                return name
        return None

    def try_mutant(self, mutant):
        """The mutant, and what killed it."""
        file, number, old, new = mutant
        lines = (ROOT / "broker" / file).read_text().split("\n")
        assert lines[number] == old
        lines[number] = new
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            return mutant, self.killed_by(file, "\n".join(lines), Path(scratch))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--only", action="append")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--build")
    arguments = parser.parse_args()
    mutants = list(all_mutants(arguments.only))
    known = equivalents()
    stale = known - {(file, old.strip(), new.strip()) for file, _, old, new in mutants} if not arguments.only else set()
    if arguments.sample:
        mutants = random.Random(arguments.seed).sample(mutants, min(arguments.sample, len(mutants)))
    if arguments.list:
        for file, number, old, new in mutants:
            print("%s:%d\n  - %s\n  + %s" % (file, number + 1, old.strip(), new.strip()))
        print(len(mutants))
        return 0
    for entry in stale:
        print("no mutant any more: %s, %s" % (entry[0], entry[1]))
    same = [m for m in mutants if (m[0], m[2].strip(), m[3].strip()) in known]
    mutants = [m for m in mutants if m not in same]
    killed = unbuilt = survived = 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder, ThreadPoolExecutor(os.cpu_count()) as workers:
        build = Build(Path(arguments.build or folder), sorted({m[0] for m in mutants}))
        for done, ((file, number, old, new), by) in enumerate(workers.map(build.try_mutant, mutants), 1):
            if by is None:
                survived += 1
                print("survives, line %d\nfile %s\nold  %s\nnew  %s" % (number + 1, file, old.strip(), new.strip()), flush=True)
            elif by == "":
                unbuilt += 1
            else:
                killed += 1
            if done % 50 == 0:
                print("%d of %d, %d survive" % (done, len(mutants), survived), file=sys.stderr, flush=True)
    print("%d mutants: %d killed, %d do not compile, %d mean the same (equivalent.txt), %d survive"
          % (killed + unbuilt + len(same) + survived, killed, unbuilt, len(same), survived))
    return 1 if survived or stale else 0


if __name__ == "__main__":
    sys.exit(main())
