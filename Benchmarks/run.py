#!/usr/bin/env python3
"""Compares `runs` with other programs on the same work and writes the table into docs/performance.md.

    python3 Benchmarks/run.py [--scale 1k|10k|100k] [--repeat N] [--write] [WORKLOAD ...]

Build the program first:    sh .ci/release
Install the other programs: sh Benchmarks/peers.sh
"""

import argparse
import datetime
import os
import platform
import shutil
import shlex
import subprocess
import sys
import tempfile

import hashing
import history
import workloads
from harness import Skipped, Wrong

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "performance.md")
BUILD = "sh .ci/release"
HEAD = ["work", "against", "`runs`", "the other", "ratio", "at most", "reached", "peak memory"]
WORKLOADS = {
    "version": history.version, "chain": workloads.chain, "full": workloads.full, "noop": workloads.noop,
    "folder": workloads.folder, "history": history.history, "hashing": hashing.hashing, "printing": workloads.printing,
    "tools": workloads.tools, "sleeping": workloads.sleeping, "curve": workloads.curve,
}
# The curve repeats other workloads at several sizes.
USUAL = [name for name in WORKLOADS if name != "curve"]


class Bench:
    """The arguments of the workloads: the program, the scale, folders."""

    def __init__(self, runs, scale, repeat, base):
        self.runs, self.scale, self.repeat, self.base = runs, scale, repeat, base
        self.rounds = 0
        self.folders = 0

    def exec(self, *words):
        """The command that runs a pipeline without output."""
        return [self.runs, "exec", *words, "--output", "quiet"]

    def times(self, usual):
        """The number of measurements."""
        return self.repeat or usual

    def folder(self, name):
        """A new folder, because file systems are slow in folders where many files were deleted."""
        self.folders += 1
        path = os.path.join(self.base, f"{name}-{self.folders}")
        os.makedirs(path)
        return path

    @staticmethod
    def need(program):
        """Skips the workload if its peer is missing."""
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed: run Benchmarks/peers.sh")


def first_line(*words):
    """The first line of a program's output; empty if it is missing."""
    try:
        text = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
    return text.splitlines()[0] if text else ""


def environment(runs, base):
    """Machine and versions as lines of Markdown."""
    processor = platform.processor()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    files = first_line("stat", "-f", "-c", "%T", base)
    venv = os.path.join(ROOT, "Benchmarks", ".venv", "bin")
    versions = {
        "runs": first_line(runs, "--version"), "ninja": first_line("ninja", "--version"),
        "sqlite3": first_line("sqlite3", "--version").split(" ")[0],
        "openssl": " ".join(first_line("openssl", "version").split(" ")[1:2]),
        "find": first_line("find", "--version").rpartition(" ")[2],
        "DVC": first_line(os.path.join(venv, "dvc"), "--version"),
        "Snakemake": first_line(os.path.join(venv, "snakemake"), "--version"),
    }
    return [
        f"{processor}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB; {system}, Linux {platform.release()}, "
        f"{files}.",
        ", ".join(f"{name} {version}" for name, version in versions.items() if version) + ".",
    ]


def markdown(rows):
    """The lines of the table."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def replace_between(text, name, lines):
    """`text` with the lines between the markers of `name` replaced."""
    begin, end = f"<!-- {name} begins -->\n", f"<!-- {name} ends -->"
    if begin not in text or end not in text:
        raise Wrong(f"{PAGE} has no markers '{begin.strip()}' and '{end}'")
    before, _, rest = text.partition(begin)
    return before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


def kept(text, name, rows):
    """The table of the page with rows of the same work replaced and rows of new work appended."""
    block = text.partition(f"<!-- {name} begins -->\n")[2].partition(f"<!-- {name} ends -->")[0]
    old = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in block.splitlines()
           if line.startswith("| ") and not line.startswith("| work |")]
    table = {row[0]: row for row in old if len(row) == len(HEAD)}
    for row in rows:
        table[row[0]] = row
    return list(table.values())


def write(rows, runs, base, arguments):
    """Updates the rows of the page that were measured; others stay."""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    command = " ".join(["python3 Benchmarks/run.py", *(shlex.quote(word) for word in arguments)])
    note = [*environment(runs, base), "",
            f"Newest rows: {datetime.date.today()}, from `{command}`.", ""]
    for name, chosen in (
        ("figures", [row for row in rows if not row[0].startswith("curve: ")]),
        ("curve", [[row[0].removeprefix("curve: "), *row[1:]] for row in rows if row[0].startswith("curve: ")]),
    ):
        if chosen:
            text = replace_between(text, name, note + markdown(kept(text, name, chosen)))
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--scale", default="10k", choices=["1k", "10k", "100k"],
                        help="number of stages; the history has ten times as many executions")
    parser.add_argument("--repeat", type=int, help="number of measurements (default: 3 to 7, by workload)")
    built = os.path.join(ROOT, ".build", "release", "runs")
    parser.add_argument("--runs", default=os.environ.get("RUNS_BINARY", built),
                        help="program to measure (default: RUNS_BINARY or the release build)")
    parser.add_argument("--folder", help="where to create files (default: the temporary folder)")
    parser.add_argument("--keep", action="store_true", help="keep the files, for profiling")
    parser.add_argument("--write", action="store_true", help="update docs/performance.md")
    options = parser.parse_args()
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload '{unknown[0]}'; known: {', '.join(WORKLOADS)}")
    if not os.access(options.runs, os.X_OK):
        parser.error(f"cannot execute '{options.runs}'; build it with: {BUILD}")
    base = tempfile.mkdtemp(prefix="runs-benchmarks-", dir=options.folder)
    bench = Bench(os.path.abspath(options.runs), int(options.scale[:-1]) * 1000, options.repeat, base)
    os.environ.pop("RUNS_STORE", None)
    rows, failed = [], False
    try:
        for name in options.workloads or USUAL:
            print(f"{name}:", file=sys.stderr, flush=True)
            try:
                found = [row.cells() for row in WORKLOADS[name](bench)]
            except Skipped as reason:
                print(f"  SKIPPED: {reason}", file=sys.stderr)
                continue
            except Wrong as reason:
                print(f"  WRONG: {reason}", file=sys.stderr)
                failed = True
                continue
            for row in found:
                print("  " + " | ".join(row), file=sys.stderr, flush=True)
            rows += found
        print("\n".join(markdown(rows)))
        if options.write and rows:
            write(rows, bench.runs, base, sys.argv[1:])
    finally:
        if options.keep:
            print(f"The files are in {base}.", file=sys.stderr)
        else:
            shutil.rmtree(base, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
