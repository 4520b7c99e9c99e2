"""What the stages share: the files they talk through, and the network that one trains and another judges.

Knows nothing of stages, data sets or where files lie. Floats are written with all their digits, so what is read back
is what was written, and the same input gives the same bytes.
"""

import csv
import json
import math
import os
import random
from operator import mul


def read_table(path):
    """The rows of a clean table, each a list of features and the name of its class."""
    with open(path, newline="") as file:
        lines = csv.reader(file)
        next(lines)
        return [([float(cell) for cell in line[:-1]], line[-1]) for line in lines]


def write_table(path, header, lines):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *lines])


def read_json(path):
    with open(path) as file:
        return json.load(file)


def write_json(path, value):
    """Writes aside and renames: whoever reads, or is killed meanwhile, meets the old file or the new one, whole."""
    aside = path + ".tmp"
    with open(aside, "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(aside, path)


class Network:
    """One hidden layer (tanh) and softmax, trained by gradient descent a row at a time.

    A neuron is the list of its weights, the bias last; every layer's input therefore ends with a 1.
    """

    def __init__(self, classes, hidden, output):
        self.classes = classes
        self.hidden = hidden
        self.output = output

    @classmethod
    def random(cls, classes, feature_count, hidden_count, seed):
        generator = random.Random(seed)

        def layer(neurons, inputs):
            scale = 1 / math.sqrt(inputs)
            return [[generator.gauss(0, scale) for _ in range(inputs)] + [0.0] for _ in range(neurons)]

        return cls(classes, layer(hidden_count, feature_count), layer(len(classes), hidden_count))

    @classmethod
    def from_json(cls, value):
        return cls(value["classes"], value["hidden"], value["output"])

    def to_json(self):
        return {"classes": self.classes, "hidden": self.hidden, "output": self.output}

    def has_shape_of(self, other):
        def shape(network):
            return network.classes, len(network.hidden), len(network.hidden[0])

        return shape(self) == shape(other)

    def forward(self, features):
        """The hidden layer's values, a 1 behind them, and the probability of every class."""
        inputs = features + [1.0]
        middle = [math.tanh(sum(map(mul, neuron, inputs))) for neuron in self.hidden] + [1.0]
        scores = [sum(map(mul, neuron, middle)) for neuron in self.output]
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        total = sum(powers)
        return middle, [power / total for power in powers]

    def learn(self, features, target, rate):
        """One step down the gradient of this row's loss. Gives the probabilities as they were before it."""
        middle, probabilities = self.forward(features)
        errors = [p - (name == target) for p, name in zip(probabilities, self.classes)]
        blame = [
            sum(error * neuron[index] for error, neuron in zip(errors, self.output)) * (1 - value * value)
            for index, value in enumerate(middle[:-1])
        ]
        self.output = [descend(neuron, middle, rate * error) for neuron, error in zip(self.output, errors)]
        inputs = features + [1.0]
        self.hidden = [descend(neuron, inputs, rate * error) for neuron, error in zip(self.hidden, blame)]
        return probabilities

    def predict(self, features):
        """The likeliest class, and the probability of every class by name."""
        probabilities = dict(zip(self.classes, self.forward(features)[1]))
        return max(self.classes, key=probabilities.get), probabilities


def descend(weights, inputs, step):
    return [weight - step * value for weight, value in zip(weights, inputs)]


def cross_entropy(probability):
    """The loss of a row whose true class was given this probability."""
    return -math.log(max(probability, 1e-12))
