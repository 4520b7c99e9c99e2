"""evaluate: tests a trained network on unseen rows.

Writes accuracy, loss, F1 (the mean over the classes) and the confusion matrix, `confusion.TRUTH.GUESS`.
"""

import sys

from common import Network, cross_entropy, read_json, read_table, write_json


def f1(confusion, name):
    hits = confusion[name][name]
    guesses = sum(row[name] for row in confusion.values())
    members = sum(confusion[name].values())
    return 2 * hits / (guesses + members) if hits else 0.0


def main():
    model, test, scores = sys.argv[1:]
    network = Network.from_json(read_json(model))
    rows = read_table(test)
    confusion = {truth: {guess: 0 for guess in network.classes} for truth in network.classes}
    loss = 0
    for features, truth in rows:
        guess, probabilities = network.predict(features)
        confusion[truth][guess] += 1
        loss += cross_entropy(probabilities[truth])
    result = {
        "accuracy": sum(confusion[name][name] for name in network.classes) / len(rows),
        "f1": sum(f1(confusion, name) for name in network.classes) / len(network.classes),
        "loss": loss / len(rows),
        "confusion": confusion,
    }
    write_json(scores, result)
    print(f"accuracy {result['accuracy']:.4f}, F1 {result['f1']:.4f} on {len(rows)} rows")


if __name__ == "__main__":
    main()
