"""best: selects the point with the highest accuracy and, if equal, the lowest loss.

The name of a file contains its point: scores/lr=0.1,hidden_dim=8.json.
"""

import pathlib
import sys

from common import read_json, write_json


def main():
    best, *scores = sys.argv[1:]
    points = []
    for path in scores:
        values = read_json(path)
        point = dict(pair.split("=") for pair in pathlib.Path(path).stem.split(","))
        points.append({
            "lr": float(point["lr"]),
            "hidden_dim": int(point["hidden_dim"]),
            "accuracy": values["accuracy"],
            "loss": values["loss"],
        })
    winner = min(points, key=lambda point: (-point["accuracy"], point["loss"], point["lr"], point["hidden_dim"]))
    write_json(best, winner)
    print("best of {}: lr {lr}, hidden_dim {hidden_dim}, accuracy {accuracy:.4f}".format(len(points), **winner))


if __name__ == "__main__":
    main()
