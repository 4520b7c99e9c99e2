"""compare: writes a table of the scores of all data sets, sorted by name.

The name of a data set is that of its file: metrics/test/iris.json.
"""

import pathlib
import sys

from common import read_json, write_table


def main():
    table, *scores = sys.argv[1:]
    columns = ["accuracy", "f1", "loss"]
    lines = []
    for path in scores:
        values = read_json(path)
        lines.append([pathlib.Path(path).stem] + [f"{values[column]:.4f}" for column in columns])
    write_table(table, ["dataset", *columns], sorted(lines))


if __name__ == "__main__":
    main()
