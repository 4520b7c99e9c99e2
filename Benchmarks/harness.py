"""Running and timing programs: medians of alternating measurements, peak memory, and the rows of the table.

Knows nothing of `runs` or of any workload. Peak memory is what wait4 says of a program and all that it waited for; the
kernel counts this process's own pages at the moment of the fork too, so less than those cannot be told.
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
    """A program that did not do what it was timed for."""


@dataclasses.dataclass
class Sample:
    """One measurement: wall seconds, processor seconds of the whole tree, peak resident bytes."""
    seconds: float
    processor_seconds: float
    memory_bytes: int


@dataclasses.dataclass
class Row:
    """One line of the table. `goal` is the largest ratio allowed, None where the goal is said in `goal_text` alone."""
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
        """yes, no, or nothing where there is no goal."""
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
    """Runs `command` (a list, or a string for sh) in `folder` without its output and measures it."""
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
            said = os.read(errors, 4000).decode(errors="replace")
            raise Wrong(f"{' '.join(words)[:200]} ended with {process.returncode} in {folder}: {said}")
        return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    finally:
        os.close(errors)


def peak_memory(command, folder):
    """Peak resident bytes of `command` by GNU time: a small program, whose own pages hide nothing."""
    if not os.access("/usr/bin/time", os.X_OK):
        raise Skipped("/usr/bin/time is not installed: run Benchmarks/peers.sh")
    done = subprocess.run(
        ["/usr/bin/time", "-f", "%M", *(str(word) for word in command)], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{command} ended with {done.returncode}: {done.stderr[:2000]}")
    return int(done.stderr.split()[-1]) * 1024


def said(command, folder):
    """What `command` writes to its standard output."""
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{command} ended with {done.returncode}: {done.stderr[:2000]}")
    return done.stdout


def alternate(times, *measurements):
    """Calls each of `measurements` in turn, `times` times over; lists of their samples. Odd rounds go backwards, so that
    none always comes after the same other."""
    samples = [[] for _ in measurements]
    for turn in range(times):
        order = range(len(measurements)) if turn % 2 == 0 else reversed(range(len(measurements)))
        for index in order:
            samples[index].append(measurements[index](turn))
    return samples


def median(samples):
    """The sample of medians, figure by figure."""
    return Sample(
        statistics.median(sample.seconds for sample in samples),
        statistics.median(sample.processor_seconds for sample in samples),
        int(statistics.median(sample.memory_bytes for sample in samples)))


def require(condition, sentence):
    """Stops a workload whose programs did not do their work."""
    if not condition:
        raise Wrong(sentence)


def duration(seconds):
    """Three significant figures in the unit that fits."""
    if seconds >= 1:
        return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} µs"


def megabytes(size):
    """Bytes as whole MB."""
    return f"{size / 1e6:.0f} MB"


def memory(sample):
    """The peak of a sample; where this process's own pages hide it, only that it is less."""
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return megabytes(sample.memory_bytes) if sample.memory_bytes > 1.05 * floor else f"< {megabytes(1.05 * floor)}"


def compared(work, against, ours, theirs, goal, *, divide=1, goal_text=""):
    """The row of two medians; `divide` where each sample timed a loop."""
    return Row(
        work, against, duration(ours.seconds / divide), duration(theirs.seconds / divide), ours.seconds / theirs.seconds,
        goal, memory(ours), memory(theirs), goal_text)
