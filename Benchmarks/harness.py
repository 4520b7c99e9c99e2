"""Runs and times programs: medians of alternating measurements, peak memory, and the rows of the table.

Knows processes; does not know `runs` or workloads. Peak memory is the value of wait4 for a program and its children.
The kernel includes this process's own pages at the fork, so smaller values cannot be measured.
"""

import dataclasses
import os
import resource
import statistics
import subprocess
import time


class Skipped(Exception):
    """A workload whose peer is not installed."""


class Wrong(Exception):
    """A program that did not do its work."""


@dataclasses.dataclass
class Sample:
    """One measurement: wall time, CPU time of the process tree, peak resident memory."""
    seconds: float
    processor_seconds: float
    memory_bytes: int


@dataclasses.dataclass
class Row:
    """One row of the table. `goal` is the maximum ratio; None if only `goal_text` describes the goal."""
    work: str
    against: str
    ours: str
    theirs: str
    ratio: float | None
    goal: float | None
    ours_memory: str = ""
    theirs_memory: str = ""
    goal_text: str = ""
    reached: bool | None = None

    def verdict(self):
        """Yes, no, or empty without a goal."""
        reached = self.reached
        if reached is None and self.ratio is not None and self.goal is not None:
            reached = self.ratio <= self.goal
        return {True: "yes", False: "**no**", None: ""}[reached]

    def cells(self):
        """The cells of the Markdown table."""
        goal = self.goal_text or (f"{self.goal:g} x" if self.goal is not None else "")
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        memory = " / ".join(part for part in (self.ours_memory, self.theirs_memory) if part)
        return [self.work, self.against, self.ours, self.theirs, ratio, goal, self.verdict(), memory]


def run(command, folder, *, env=None, expect=0):
    """Runs and measures `command` (a list, or a string for sh) in `folder`, discarding its output."""
    words = ["/bin/sh", "-c", command] if isinstance(command, str) else [str(word) for word in command]
    environment = os.environ | (env or {})
    errors = os.memfd_create("stderr")
    try:
        begin = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expect:
            os.lseek(errors, 0, os.SEEK_SET)
            output = os.read(errors, 4000).decode(errors="replace")
            raise Wrong(f"{' '.join(words)[:200]} exited with {process.returncode} in {folder}: {output}")
        return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    finally:
        os.close(errors)


def peak_memory(command, folder):
    """Peak resident bytes of `command`, measured by GNU time, which has few pages of its own."""
    if not os.access("/usr/bin/time", os.X_OK):
        raise Skipped("/usr/bin/time is not installed: run Benchmarks/peers.sh")
    done = subprocess.run(
        ["/usr/bin/time", "-f", "%M", *(str(word) for word in command)],
        cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{command} exited with {done.returncode}: {done.stderr[:2000]}")
    return int(done.stderr.split()[-1]) * 1024


def output_of(command, folder):
    """The standard output of `command`."""
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{command} exited with {done.returncode}: {done.stderr[:2000]}")
    return done.stdout


def alternate(times, *measurements):
    """Calls `measurements` in turn, `times` times; returns a list of samples for each. Odd rounds are in reverse order,
    so that none always follows the same other."""
    samples = [[] for _ in measurements]
    for turn in range(times):
        order = range(len(measurements)) if turn % 2 == 0 else reversed(range(len(measurements)))
        for index in order:
            samples[index].append(measurements[index](turn))
    return samples


def median(samples):
    """The sample with the median of each value."""
    return Sample(
        statistics.median(sample.seconds for sample in samples),
        statistics.median(sample.processor_seconds for sample in samples),
        int(statistics.median(sample.memory_bytes for sample in samples)))


def require(condition, sentence):
    """Stops a workload if a program did not do its work."""
    if not condition:
        raise Wrong(sentence)


def duration(seconds):
    """Three significant digits in a suitable unit."""
    if seconds >= 1:
        return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} µs"


def megabytes(size):
    """Bytes in whole MB."""
    return f"{size / 1e6:.0f} MB"


def memory(sample):
    """The peak memory of a sample; an upper bound if this process's own pages hide it."""
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return megabytes(sample.memory_bytes) if sample.memory_bytes > 1.05 * floor else f"< {megabytes(1.05 * floor)}"


def compared(work, against, ours, theirs, goal, *, divide=1, goal_text=""):
    """The row for two medians; `divide` is the number of repetitions in each sample."""
    return Row(
        work, against, duration(ours.seconds / divide), duration(theirs.seconds / divide),
        ours.seconds / theirs.seconds, goal, memory(ours), memory(theirs), goal_text)
