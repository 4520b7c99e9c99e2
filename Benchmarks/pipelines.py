"""Writes pipelines of many `cp` stages in chains of two, for `runs` and for Ninja.

Each writer streams its file, so that the measuring process stays small: its pages are part of the measured memory.
"""

import json
import os


def sources(folder, chains):
    """Writes the sources of the chains and creates the output folders."""
    for name in ("src", "mid", "out"):
        os.makedirs(os.path.join(folder, name))
    for number in range(chains):
        with open(os.path.join(folder, "src", f"{number}.txt"), "w", encoding="ascii") as file:
            file.write(f"source {number}\n")


def write_runs(folder, chains, *, shell=False):
    """Writes pipeline.json with 2 x `chains` stages."""
    def stage(name, source, target):
        command = f"cp {source} {target}" if shell else ["cp", source, target]
        return json.dumps(name) + ": " + json.dumps({"command": command, "inputs": [source], "outputs": [target]})

    with open(os.path.join(folder, "pipeline.json"), "w", encoding="ascii") as file:
        file.write('{"name": "chains", "stages": {\n')
        for number in range(chains):
            file.write(stage(f"first-{number}", f"src/{number}.txt", f"mid/{number}.txt") + ",\n")
            comma = "," if number + 1 < chains else ""
            file.write(stage(f"second-{number}", f"mid/{number}.txt", f"out/{number}.txt") + comma + "\n")
        file.write("}}\n")


def write_ninja(folder, chains):
    """Writes build.ninja with the same stages."""
    with open(os.path.join(folder, "build.ninja"), "w", encoding="ascii") as file:
        file.write("rule cp\n  command = cp $in $out\n")
        for number in range(chains):
            file.write(f"build mid/{number}.txt: cp src/{number}.txt\nbuild out/{number}.txt: cp mid/{number}.txt\n")


def write_chain(folder, length):
    """Writes a chain of `length` stages, each copying the previous output, and the same as a shell loop."""
    with open(os.path.join(folder, "0.txt"), "w", encoding="ascii") as file:
        file.write("source\n")
    stages = {
        f"s{number}": {
            "command": ["cp", f"{number}.txt", f"{number + 1}.txt"],
            "inputs": [f"{number}.txt"], "outputs": [f"{number + 1}.txt"],
        } for number in range(length)
    }
    with open(os.path.join(folder, "pipeline.json"), "w", encoding="ascii") as file:
        json.dump({"name": "chain", "stages": stages}, file)
    with open(os.path.join(folder, "loop.sh"), "w", encoding="ascii") as file:
        file.write(f"i=0\nwhile [ $i -lt {length} ]; do cp $i.txt $((i + 1)).txt; i=$((i + 1)); done\n")


def copied(folder, chains):
    """Whether all chains ended with the content of their source."""
    for number in range(chains):
        try:
            with open(os.path.join(folder, "out", f"{number}.txt"), encoding="ascii") as file:
                if f"source {number}\n" not in file.read():
                    return False
        except OSError:
            return False
    return True
