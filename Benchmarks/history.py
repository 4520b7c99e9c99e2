"""Measures a store with a long history: queries, compared with a short history and with sqlite3, and its size.

The history is inserted by SQL into the tables of a store that `runs` made, as copies of the rows of real executions.
The newest execution of each stage remains the real one.
"""

import json
import os
import shutil
import sqlite3
import sys

from harness import Row, alternate, compared, median, megabytes, require, run, output_of

STAGES = 100
INPUTS = 10


def make_young(bench):
    """A project of 100 stages with ten inputs each, run once."""
    place = bench.folder("history")
    os.makedirs(os.path.join(place, "in"))
    os.makedirs(os.path.join(place, "out"))
    for stage in range(STAGES):
        for number in range(INPUTS):
            with open(os.path.join(place, "in", f"{stage}-{number}.txt"), "w", encoding="ascii") as file:
                file.write(f"{stage} {number}\n")
    stages = {
        f"s{stage}": {
            "command": ["cp", f"in/{stage}-0.txt", f"out/{stage}.txt"],
            "inputs": [f"in/{stage}-{number}.txt" for number in range(INPUTS)],
            "outputs": [f"out/{stage}.txt"],
        } for stage in range(STAGES)
    }
    with open(os.path.join(place, "pipeline.json"), "w", encoding="ascii") as file:
        json.dump({"name": "history", "stages": stages}, file)
    run(bench.exec(), place)
    run(bench.exec(), place)
    return place


def columns(database, table, leave_out):
    """The columns of a table except those in `leave_out`."""
    return [row[1] for row in database.execute(f"pragma table_info({table})") if row[1] not in leave_out]


def grow(path, count):
    """Inserts `count` executions before the existing ones, each with its own key, ten inputs, one of them new, and an
    output."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("pragma journal_mode = wal; pragma synchronous = off; pragma foreign_keys = off; "
                           "pragma cache_size = -400000; begin;")
    shift = count
    # Give the real executions larger IDs than the new ones, so that they remain the newest.
    tables = ("execution_inputs", "execution_outputs", "execution_params", "current_executions", "path_owners",
              "decision_rows", "execution_rows")
    for table in tables:
        database.execute(f"update {table} set execution_id = -execution_id - {shift} where execution_id is not null")
        database.execute(f"update {table} set execution_id = -execution_id where execution_id is not null")
    database.execute("update unexecuted_sets set members = (select json_group_array(json_array("
                     f"json_extract(value, '$[0]'), json_extract(value, '$[1]') + {shift})) from json_each(members))")
    database.execute("create temp table numbers as with recursive n (i) as "
                     f"(select 1 union all select i + 1 from n where i < {count}) select i from n")
    database.execute("create temp table real as select *, row_number() over (order by execution_id) - 1 as place "
                     "from execution_rows where state = 'succeeded'")
    stages = database.execute("select count(*) from real").fetchone()[0]
    same = columns(database, "execution_rows", {"execution_id", "key", "base_key"})
    database.execute(
        f"insert into execution_rows (execution_id, key, base_key, {', '.join(same)}) "
        f"select i, randomblob(32), base_key, {', '.join('r.' + name for name in same)} "
        f"from numbers join real r on r.place = i % {stages}")
    # One input has a new version in each execution. The other nine are the real ones.
    database.execute(
        "create temp table varying as select r.place, min(x.artifact_id) as artifact_id, min(x.name_id) as name_id "
        "from real r join execution_inputs x using (execution_id) group by r.place")
    first = database.execute("select max(artifact_id) from artifacts").fetchone()[0]
    database.execute(
        f"insert into artifacts (artifact_id, path_id, sha256, digest_kind, size_bytes) "
        f"select {first} + i, a.path_id, randomblob(32), a.digest_kind, a.size_bytes "
        f"from numbers join varying v on v.place = i % {stages} join artifacts a on a.artifact_id = v.artifact_id")
    database.execute(
        "insert into execution_inputs (execution_id, name_id, artifact_id) "
        f"select i, x.name_id, case when x.artifact_id = v.artifact_id then {first} + i else x.artifact_id end "
        f"from numbers join real r on r.place = i % {stages} join varying v on v.place = r.place "
        "join execution_inputs x on x.execution_id = r.execution_id order by 1, 2, 3")
    database.execute(
        "insert into execution_outputs (execution_id, name_id, artifact_id) select i, x.name_id, x.artifact_id "
        f"from numbers join real r on r.place = i % {stages} join execution_outputs x using (execution_id) order by 1")
    database.execute(f"update sqlite_sequence set seq = seq + {shift} where name = 'execution_rows'")
    database.execute("commit")
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()


def by_hand(path, count):
    """The same data in simple normalized tables, with indexes for lookups by stage and key."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("""
        pragma synchronous = off; pragma journal_mode = off;
        create table stage (id integer primary key, name text unique, command text);
        create table version (id integer primary key, path text, sha256 blob, size integer);
        create table execution (id integer primary key, run integer, stage integer, state text, exit_code integer,
          started text, finished text, queued real, wall real, user real, system real, rss integer, read integer,
          written integer, cpus real, host text, key blob, log text, token text);
        create table input (execution integer, version integer, primary key (execution, version)) without rowid;
        create table output (execution integer, version integer, primary key (execution, version)) without rowid;
    """)
    database.execute(f"""
        with recursive n (i) as (select 1 union all select i + 1 from n where i < {count})
        insert into execution select i, 1, i % {STAGES}, 'succeeded', 0, '2026-01-01T00:00:00.000000Z',
          '2026-01-01T00:00:00.000000Z', 0.001234567, 0.001234567, 0.000123, 0.000123, 1900000, 0, 4096, 1.0, 'host',
          randomblob(32), 'logs/1/s12.1.log', '0123456789abcdef0123456789abcdef' from n""")
    database.execute("insert into version select id, 'in/12-3.txt', randomblob(32), 5 from execution")
    database.execute(
        f"insert into input select id, case when j = 0 then id else {count} + j * {STAGES} + stage end from execution, "
        "(with recursive n (j) as (select 0 union all select j + 1 from n where j < 9) select j from n) order by 1, 2")
    database.execute(f"insert into output select id, {count} + {STAGES} * 20 + stage from execution")
    database.executescript(
        "create index execution_by_stage on execution (stage, id);"
        "create index execution_by_key on execution (key, id);"
        "create index input_by_version on input (version, execution);"
        "create index output_by_version on output (version, execution);"
        "create index version_by_digest on version (sha256);")
    database.close()


def in_child(write, *arguments):
    """Calls `write` in a child process, because its memory would be part of later measurements."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            write(*arguments)
            code = 0
        except sqlite3.Error as error:
            print(f"  {error}", file=sys.stderr)
        finally:
            os._exit(code)
    require(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, f"{write.__name__} failed")


def history(bench):
    """Ten executions for each stage of the scale: 1,000,000 at the largest."""
    bench.need("sqlite3")
    count = 10 * bench.scale
    young = make_young(bench)
    old = bench.folder("history-long")
    shutil.rmtree(old)
    shutil.copytree(young, old)
    store = os.path.join(old, ".runs", "runs.db")
    run(["sqlite3", store, "pragma wal_checkpoint(truncate)"], old)
    begun = os.path.getsize(store)
    in_child(grow, store, count)
    size = os.path.getsize(store)
    # Copied files have new stamps: digest them now.
    run(bench.exec(), old)
    total = count + STAGES
    counted = output_of([bench.runs, "query", "--format", "csv", "select count(*) from executions"], old).split()[-1]
    require(int(counted) == total, f"the store has {counted} executions, expected {total}")
    violations = output_of(["sqlite3", store, "pragma foreign_key_check"], old)
    require(violations == "", "the inserted rows violate foreign keys")
    rows = []
    for what, command, extra in (
        ("`runs history STAGE`", ["history", "s7"], 0.05), ("`runs why STAGE`", ["why", "s7"], None),
        ("no-op `exec`", ["exec", "--output", "quiet"], None),
    ):
        words = [bench.runs, *command]
        first, second = alternate(bench.times(7), lambda _: run(words, old), lambda _: run(words, young))
        row = compared(
            f"{what} with {count:,} executions", "an empty history", median(first), median(second), 1.3,
            goal_text="1.3 x, under 50 ms" if extra else "1.3 x")
        if extra:
            row.reached = row.ratio <= 1.3 and median(first).seconds < extra
        rows.append(row)
    sql = "select count(*) from executions"
    counted = output_of([bench.runs, "query", "--format", "csv", sql], old).split()[-1]
    require(int(counted) == total, "the no-op executed something")
    first, second = alternate(
        bench.times(5), lambda _: run([bench.runs, "query", sql], old), lambda _: run(["sqlite3", store, sql], old))
    rows.append(compared(
        f"`runs query` that counts {count:,} executions", "`sqlite3`", median(first), median(second), 1.3))
    plain = os.path.join(bench.folder("by-hand"), "plain.db")
    in_child(by_hand, plain, count)
    hand = os.path.getsize(plain)
    rows.append(Row(
        "store size, bytes an execution", "rows by hand", f"{(size - begun) / count:.0f}", f"{hand / count:.0f}",
        (size - begun) / hand, 1.5, megabytes(size), megabytes(hand)))
    return rows


def version(bench):
    """Startup, 100 times each in a shell loop."""
    bench.need("sqlite3")
    place = bench.folder("version")
    loop = "i=0; while [ $i -lt 100 ]; do {} --version; i=$((i + 1)); done"
    first, second = alternate(
        bench.times(5), lambda _: run(loop.format(bench.runs), place), lambda _: run(loop.format("sqlite3"), place))
    return [compared("`runs --version`", "`sqlite3 --version`", median(first), median(second), 2.0, divide=100)]
