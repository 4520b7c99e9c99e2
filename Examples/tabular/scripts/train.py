"""train: fits the network to the training part.

Reports loss and accuracy of every epoch to the file in RUNS_METRICS, if set. Saves a checkpoint every few epochs and
resumes from an existing one. The result is the same, because the order of rows depends only on seed and epoch.
"""

import argparse
import json
import os
import random

from common import Network, cross_entropy, read_json, read_table, write_json

CHECKPOINT_EVERY = 5  # epochs


def report(step, **values):
    path = os.environ.get("RUNS_METRICS")
    if path:
        with open(path, "a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")


def starting_point(options, fresh):
    """The checkpoint's network and epoch if it matches the options, else the new network and epoch 0."""
    if not os.path.exists(options.checkpoint):
        return fresh, 0
    saved = read_json(options.checkpoint)
    network = Network.from_json(saved["network"])
    if saved["epoch"] > options.epochs or not network.has_shape_of(fresh):
        print(f"{options.checkpoint} does not match the options; starting from scratch")
        return fresh, 0
    print(f"resuming after epoch {saved['epoch']}")
    return network, saved["epoch"]


def train_epoch(network, rows, rate):
    loss = correct = 0
    for features, name in rows:
        probabilities = network.learn(features, name, rate)
        truth = probabilities[network.classes.index(name)]
        loss += cross_entropy(truth)
        correct += truth == max(probabilities)
    return loss / len(rows), correct / len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--hidden-dim", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--scores", required=True)
    options = parser.parse_args()

    rows = read_table(options.data)
    classes = sorted({name for _, name in rows})
    fresh = Network.random(classes, len(rows[0][0]), options.hidden_dim, options.seed)
    network, done = starting_point(options, fresh)

    for epoch in range(done + 1, options.epochs + 1):
        order = random.Random(f"{options.seed} {epoch}").sample(rows, len(rows))
        loss, accuracy = train_epoch(network, order, options.lr)
        report(epoch, loss=loss, accuracy=accuracy)
        if epoch % CHECKPOINT_EVERY == 0 or epoch == options.epochs:
            write_json(options.checkpoint, {"epoch": epoch, "network": network.to_json()})
            print(f"epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}", flush=True)

    predictions = [(network.predict(features), name) for features, name in rows]
    write_json(options.model, network.to_json())
    write_json(options.scores, {"final": {
        "loss": sum(cross_entropy(p[name]) for (_, p), name in predictions) / len(rows),
        "accuracy": sum(guess == name for (guess, _), name in predictions) / len(rows),
    }})


if __name__ == "__main__":
    main()
