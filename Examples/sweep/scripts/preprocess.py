"""preprocess: cleans, splits and standardizes a raw data set.

Drops incomplete and duplicate rows (duplicates in both parts would bias the test). The test part has the same share of
every class. Mean and deviation are those of the training part.
"""

import argparse
import csv
import random
import statistics

from common import write_table


def read_raw(path):
    with open(path, newline="") as file:
        lines = csv.reader(file)
        _, feature_count, *classes = next(lines)
        rows = []
        for line in lines:
            if len(line) == int(feature_count) + 1 and all(cell.strip() for cell in line):
                rows.append((tuple(float(cell) for cell in line[:-1]), classes[int(line[-1])]))
    return list(dict.fromkeys(rows))


def split(rows, test_share, seed):
    generator = random.Random(seed)
    train, test = [], []
    for name in sorted({name for _, name in rows}):
        members = [row for row in rows if row[1] == name]
        generator.shuffle(members)
        cut = round(len(members) * test_share)
        test += members[:cut]
        train += members[cut:]
    return train, test


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--test-share", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()

    rows = read_raw(options.raw)
    train, test = split(rows, options.test_share, options.seed)
    columns = list(zip(*(features for features, _ in train)))
    means = [statistics.fmean(column) for column in columns]
    deviations = [statistics.pstdev(column) or 1.0 for column in columns]
    header = [f"x{number}" for number in range(1, len(columns) + 1)] + ["class"]
    for path, part in ((options.train, train), (options.test, test)):
        write_table(path, header, (
            [f"{(x - mean) / deviation:.6f}" for x, mean, deviation in zip(features, means, deviations)] + [name]
            for features, name in part
        ))
    print(f"{options.raw}: {len(train)} training rows, {len(test)} test rows")


if __name__ == "__main__":
    main()
