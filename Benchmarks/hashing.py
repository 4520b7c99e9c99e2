"""Measures digests of large files on one and two cores against OpenSSL."""

import json
import os

from harness import Row, alternate, compared, duration, median, require, run, output_of


def hashing(bench):
    """A file of 1 GB in the page cache, then two of them."""
    bench.need("openssl")
    place = bench.folder("hashing")
    block = os.urandom(1 << 20)
    for name in ("one.bin", "two.bin"):
        with open(os.path.join(place, name), "wb") as file:
            for _ in range(954):
                file.write(block)
            file.write(name.encode())
    stages = {
        "one": {"command": ["true"], "inputs": ["one.bin"], "outputs": []},
        "both": {"command": ["true"], "inputs": ["one.bin", "two.bin"], "outputs": []},
    }
    with open(os.path.join(place, "pipeline.json"), "w", encoding="ascii") as file:
        json.dump({"name": "hashing", "stages": stages}, file)
    openssl = ["openssl", "dgst", "-sha256", "one.bin"]
    for name in ("one.bin", "two.bin"):
        run(["openssl", "dgst", "-sha256", name], place)
    run(bench.exec(), place)

    def ours(*stages):
        return run(bench.exec("--rehash", *stages), place)

    one, theirs, both, neither = alternate(
        bench.times(5), lambda _: ours("one"), lambda _: run(openssl, place), lambda _: ours("both"),
        lambda _: run(bench.exec("one"), place))
    digest = output_of(openssl, place).split()[-1]
    sql = "select sha256 from inputs where path = 'one.bin'"
    recorded = output_of([bench.runs, "query", "--format", "csv", sql], place)
    require(digest in recorded, "the digest is not OpenSSL's")
    a, b = median(one), median(theirs)
    two, start = median(both), median(neither)
    turns = (two.seconds - start.seconds) / (2 * (a.seconds - start.seconds))
    return [
        compared("hashing a file of 1 GB, warm", "`openssl dgst -sha256`", a, b, 1.05),
        Row("two files of 1 GB on two cores", "one after the other", duration(two.seconds), duration(2 * a.seconds),
            turns, 0.6),
    ]
