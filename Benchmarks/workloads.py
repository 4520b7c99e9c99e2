"""The workloads that execute stages or find nothing to do. Each function creates its files in new folders, measures in
turns, checks that the work was done, and returns rows of the table."""

import json
import os
import shutil
import time

import pipelines
from harness import Row, Skipped, alternate, compared, duration, median, megabytes, peak_memory, require, run, output_of


def executions(bench, folder):
    """The number of succeeded executions in the store of `folder`."""
    sql = "select count(*) from executions where state = 'succeeded'"
    text = output_of([bench.runs, "query", "--format", "csv", sql], folder)
    return int(text.split()[-1])


def require_copies(bench, ours, theirs, chains, times=1):
    """Checks that both made every output and the store has an execution of every stage."""
    require(pipelines.copied(ours, chains), f"runs did not make all outputs in {ours}")
    require(pipelines.copied(theirs, chains), f"ninja did not make all outputs in {theirs}")
    found = executions(bench, ours)
    require(found == 2 * chains * times, f"the store in {ours} has {found} executions, expected {2 * chains * times}")


def made(bench, chains, *, shell=False):
    """Two folders with the same sources, one with pipeline.json, one with build.ninja."""
    ours, theirs = bench.folder("runs"), bench.folder("ninja")
    for folder in (ours, theirs):
        pipelines.sources(folder, chains)
    pipelines.write_runs(ours, chains, shell=shell)
    pipelines.write_ninja(theirs, chains)
    return ours, theirs


def full_round(bench, chains, shell):
    """One full execution by each in new folders; returns samples and folders."""
    ours, theirs = made(bench, chains, shell=shell)
    turns = [lambda: run(bench.exec("--jobs", "2"), ours), lambda: run(["ninja", "-j2", "--quiet"], theirs)]
    bench.rounds += 1
    if bench.rounds % 2:
        first = turns[0]()
        second = turns[1]()
    else:
        second = turns[1]()
        first = turns[0]()
    require_copies(bench, ours, theirs, chains)
    return first, second, ours, theirs


def full(bench):
    """Everything has to be made, with commands as argv and as shell strings."""
    bench.need("ninja")
    rows = []
    for shell, goal in ((False, 1.0), (True, 1.1)):
        rounds = [full_round(bench, bench.scale // 2, shell) for _ in range(bench.times(3))]
        form = "shell strings" if shell else "argv form"
        rows.append(compared(
            f"full exec of {bench.scale:,} `cp` stages, {form}, `--jobs 2`", "`ninja -j2`",
            median([one[0] for one in rounds]), median([one[1] for one in rounds]), goal))
    return rows


def noop(bench):
    """Nothing has to be made; then one source has changed."""
    bench.need("ninja")
    chains = bench.scale // 2
    _, _, ours, theirs = full_round(bench, chains, False)
    alternate(1, lambda _: run(bench.exec(), ours), lambda _: run(["ninja", "--quiet"], theirs))
    first, second = alternate(
        bench.times(7), lambda _: run(bench.exec(), ours), lambda _: run(["ninja", "--quiet"], theirs))
    require_copies(bench, ours, theirs, chains)
    a, b = median(first), median(second)
    peaks = peak_memory(bench.exec(), ours), peak_memory(["ninja", "--quiet"], theirs)
    held = Row(
        f"memory of the no-op of {bench.scale:,} stages", "`ninja`", *(megabytes(peak) for peak in peaks),
        peaks[0] / peaks[1], 2.0)
    rows = [compared(f"no-op exec of {bench.scale:,} stages", "`ninja`", a, b, 1.0), held]

    def change(folder, turn):
        with open(os.path.join(folder, "src", "1.txt"), "w", encoding="ascii") as file:
            file.write(f"source 1\nchanged {turn}\n")
        return folder

    times = bench.times(5)
    first, second = alternate(
        times, lambda turn: run(bench.exec("--jobs", "2"), change(ours, turn)),
        lambda turn: run(["ninja", "-j2", "--quiet"], change(theirs, turn)))
    for folder in (ours, theirs):
        with open(os.path.join(folder, "out", "1.txt"), encoding="ascii") as file:
            require(f"changed {times - 1}" in file.read(), f"the change did not reach the end of its chain in {folder}")
    found = executions(bench, ours)
    require(found == bench.scale + 2 * times, f"{found} executions, expected {bench.scale + 2 * times}")
    rows.append(compared(
        f"one input changed among {bench.scale:,} stages", "`ninja`", median(first), median(second), 1.2))
    return rows


def chain(bench):
    """Stages that each depend on the previous one."""
    length = min(bench.scale, 1000)

    def ours(_):
        folder = bench.folder("chain")
        pipelines.write_chain(folder, length)
        sample = run(bench.exec(), folder)
        require(os.path.exists(os.path.join(folder, f"{length}.txt")), "the chain is incomplete")
        require(executions(bench, folder) == length, "executions are missing")
        return sample

    def theirs(_):
        folder = bench.folder("loop")
        pipelines.write_chain(folder, length)
        sample = run(["sh", "loop.sh"], folder)
        require(os.path.exists(os.path.join(folder, f"{length}.txt")), "the loop is incomplete")
        return sample

    first, second = alternate(bench.times(3), ours, theirs)
    return [compared(f"a chain of {length:,} dependent stages", "a shell loop", median(first), median(second), 1.3)]


def folder(bench):
    """A no-op with a folder of many files as its only input."""
    count = 10 * bench.scale
    place = bench.folder("folder")
    for number in range(count):
        if number % 1000 == 0:
            os.makedirs(os.path.join(place, "data", str(number // 1000)))
        with open(os.path.join(place, "data", str(number // 1000), f"{number}.txt"), "w", encoding="ascii") as file:
            file.write(f"{number}\n")
    stage = {"command": ["touch", "out.txt"], "inputs": ["data"], "outputs": ["out.txt"]}
    with open(os.path.join(place, "pipeline.json"), "w", encoding="ascii") as file:
        json.dump({"name": "folder", "stages": {"read": stage}}, file)
    # Twice, because stamps of new files cannot be trusted yet the first time.
    for _ in range(2):
        run(bench.exec(), place)
    find = ["find", "data", "-type", "f", "-printf", "%s %T@\n"]
    first, second = alternate(bench.times(5), lambda _: run(bench.exec(), place), lambda _: run(find, place))
    require(executions(bench, place) == 1, "the folder was wrongly seen as changed")
    return [compared(
        f"no-op with an input folder of {count:,} files", "`find -printf`", median(first), median(second), 1.5)]


def printing(bench):
    """A stage that prints 1 GB."""
    command = "head -c 1000000000 /dev/zero"

    def ours(_):
        place = bench.folder("printing")
        with open(os.path.join(place, "pipeline.json"), "w", encoding="ascii") as file:
            json.dump({"name": "printing", "stages": {"print": {"command": command}}}, file)
        sample = run(bench.exec(), place)
        log = output_of([bench.runs, "query", "--format", "csv", "select log_path from executions"], place).split()[-1]
        require(os.path.getsize(os.path.join(place, log)) >= 1_000_000_000, "the log is too short")
        shutil.rmtree(place)
        return sample

    def theirs(_):
        place = bench.folder("redirected")
        sample = run(f"sh -c '{command} > log'", place)
        require(os.path.getsize(os.path.join(place, "log")) >= 1_000_000_000, "the log is too short")
        shutil.rmtree(place)
        return sample

    first, second = alternate(bench.times(5), ours, theirs)
    return [compared("a stage that prints 1 GB", "`sh -c 'cmd > file'`", median(first), median(second), 1.1)]


def processor_seconds(pid):
    """The CPU time of a process, from /proc."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def sleeping(bench):
    """CPU usage of the executor and its supervisor while a stage sleeps."""
    import subprocess
    seconds = 60 if bench.scale >= 10_000 else 10
    place = bench.folder("sleeping")
    with open(os.path.join(place, "pipeline.json"), "w", encoding="ascii") as file:
        json.dump({"name": "sleeping", "stages": {"sleep": {"command": ["sleep", str(seconds + 5)]}}}, file)
    process = subprocess.Popen(bench.exec(), cwd=place)

    def both():
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as file:
            return [process.pid] + [int(word) for word in file.read().split()]

    try:
        deadline = time.monotonic() + 10
        while len(both()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(2)
        pids = both()
        require(len(pids) == 2, "the supervisor was not found")
        before, begin = sum(map(processor_seconds, pids)), time.monotonic()
        time.sleep(seconds)
        used, passed = sum(map(processor_seconds, pids)) - before, time.monotonic() - begin
    finally:
        code = process.wait()
    require(code == 0, "the sleeping stage failed")
    share = used / passed
    return [Row(
        f"processor use while one stage sleeps, {seconds} s", "", f"{share * 100:.2f} % of a core", "", None, None,
        goal_text="0.5 % of a core", reached=share <= 0.005)]


def write_dvc(place, chains, environment):
    """Writes dvc.yaml with 2 x `chains` stages."""
    with open(os.path.join(place, "dvc.yaml"), "w", encoding="ascii") as file:
        file.write("stages:\n")
        for number in range(chains):
            for name, source, target in (("first", "src", "mid"), ("second", "mid", "out")):
                file.write(
                    f"  {name}-{number}:\n    cmd: cp {source}/{number}.txt {target}/{number}.txt\n"
                    f"    deps: [{source}/{number}.txt]\n    outs: [{target}/{number}.txt]\n")
    run(["dvc", "init", "--no-scm", "--quiet"], place, env=environment)


def write_snakemake(place, chains, _):
    """Writes a Snakefile with 2 x `chains` jobs."""
    with open(os.path.join(place, "Snakefile"), "w", encoding="ascii") as file:
        file.write(
            f'rule all:\n    input: expand("out/{{n}}.txt", n=range({chains}))\n'
            'rule first:\n    input: "src/{n}.txt"\n    output: "mid/{n}.txt"\n    shell: "cp {input} {output}"\n'
            'rule second:\n    input: "mid/{n}.txt"\n    output: "out/{n}.txt"\n    shell: "cp {input} {output}"\n')


def tools(bench):
    """The same 100 stages with other tools."""
    venv = os.path.join(os.path.dirname(os.path.abspath(__file__)), ".venv", "bin")
    writers = {
        "runs": (lambda place, chains, _: pipelines.write_runs(place, chains), bench.exec("--jobs", "2")),
        "dvc": (write_dvc, ["dvc", "repro", "--quiet"]),
        "snakemake": (write_snakemake, ["snakemake", "--cores", "2", "--quiet", "all"]),
    }
    names = [name for name in writers if name == "runs" or os.path.exists(os.path.join(venv, name))]
    if len(names) == 1:
        raise Skipped("DVC and Snakemake are not in Benchmarks/.venv: run Benchmarks/peers.sh")
    chains = 50
    environment = {"PATH": venv + ":" + os.environ["PATH"], "DVC_NO_ANALYTICS": "1"}
    places = {}

    def first(name):
        place = places[name] = bench.folder(f"tools-{name}")
        pipelines.sources(place, chains)
        writers[name][0](place, chains, environment)
        sample = run(writers[name][1], place, env=environment)
        require(pipelines.copied(place, chains), f"{name} did not make all outputs")
        return sample

    fulls = alternate(bench.times(2), *((lambda _, name=name: first(name)) for name in names))
    noops = alternate(
        bench.times(3),
        *((lambda _, name=name: run(writers[name][1], places[name], env=environment)) for name in names))
    rows = []
    for what, samples in (("full exec", fulls), ("no-op", noops)):
        figures = dict(zip(names, map(median, samples)))
        best = min(names[1:], key=lambda name: figures[name].seconds)
        others = ", ".join(f"{name} {duration(figures[name].seconds)}" for name in names[1:])
        rows.append(compared(
            f"{what} of 100 stages", others, figures["runs"], figures[best], 0.05, goal_text="1/20 of the better"))
    return rows


def curve(bench):
    """Full run and no-op at growing sizes, to show how time and memory grow."""
    bench.need("ninja")
    rows = []
    for size in (1_000, 10_000, 100_000):
        if size > bench.scale:
            break
        first, second, ours, theirs = full_round(bench, size // 2, False)
        rows.append(compared(f"curve: full exec of {size:,} stages", "`ninja -j2`", first, second, None))
        run(bench.exec(), ours)
        a, b = alternate(bench.times(3), lambda _: run(bench.exec(), ours), lambda _: run(["ninja", "--quiet"], theirs))
        rows.append(compared(f"curve: no-op of {size:,} stages", "`ninja`", median(a), median(b), None))
        size_bytes = os.path.getsize(os.path.join(ours, ".runs", "runs.db"))
        rows.append(Row(f"curve: store of {size:,} executions", "", megabytes(size_bytes), "", None, None,
                        goal_text=f"{size_bytes / size:.0f} bytes an execution"))
    return rows
