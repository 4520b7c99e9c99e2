"""Shared code of the stages: file formats and the network.

Knows the formats; does not know stages, data sets or paths. Floats are written with all digits, so that reading returns
the same values and the same input produces the same bytes.
"""

import csv
import json
import math
import os
import random
from operator import mul


def read_table(path):
    """The rows of a clean table: pairs of a list of features and a class name."""
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
    """Writes a temporary file and renames it, so that readers always find a complete file, even after a kill."""
    aside = path + ".tmp"
    with open(aside, "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(aside, path)


class Network:
    """One hidden layer (tanh) and softmax, trained by gradient descent, one row at a time.

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
        """The hidden layer's values followed by a 1, and the probability of every class."""
        inputs = features + [1.0]
        middle = [math.tanh(sum(map(mul, neuron, inputs))) for neuron in self.hidden] + [1.0]
        scores = [sum(map(mul, neuron, middle)) for neuron in self.output]
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        total = sum(powers)
        return middle, [power / total for power in powers]

    def learn(self, features, target, rate):
        """One gradient step for this row's loss. Returns the probabilities before the step."""
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
        """The most likely class, and the probability of every class by name."""
        probabilities = dict(zip(self.classes, self.forward(features)[1]))
        return max(self.classes, key=probabilities.get), probabilities


def descend(weights, inputs, step):
    return [weight - step * value for weight, value in zip(weights, inputs)]


def cross_entropy(probability):
    """The loss of a row whose true class has this probability."""
    return -math.log(max(probability, 1e-12))
