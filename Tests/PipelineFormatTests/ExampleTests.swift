// The example of the documentation.

import Model
import PipelineFormat
import Testing

@Suite struct ExampleTests {
    static let text = """
        {
          "name": "tabular",
          "axes": {
            "dataset": {"iris": {}, "wine": {}, "breast_cancer": {"params": {"lr": 0.01}, "resources": {"memory": "4GiB"}}}
          },
          "params": {"epochs": 200, "lr": 0.05},
          "defaults": {"retries": 1, "env": {"PYTHONHASHSEED": "0"}},
          "stages": {
            "preprocess": {
              "matrix": ["dataset"],
              "command": ["python3", "scripts/preprocess.py", "${{ inputs.raw }}", "${{ outputs.clean }}"],
              "inputs":  {"raw": "data/raw/${{ matrix.dataset }}.csv"},
              "outputs": {"clean": "data/clean/${{ matrix.dataset }}.csv"}
            },
            "train": {
              "matrix": ["dataset"],
              "command": "python3 scripts/train.py --data ${{ inputs.data }} --lr ${{ params.lr }} --out ${{ outputs.model }}",
              "inputs":  {"data": {"from": "preprocess.clean"}, "lib": "scripts/common.py"},
              "outputs": {"model": "models/${{ matrix.dataset }}.json",
                          "checkpoint": {"path": "checkpoints/${{ matrix.dataset }}", "persist": true},
                          "scores": {"path": "metrics/${{ matrix.dataset }}.json", "metrics": true}},
              "resources": {"cpus": 1, "gpus": 0.5, "memory": "2GiB"},
              "retries": {"max": 2, "delay": "10s", "on": ["failed", "out_of_memory"], "memory": "x2"},
              "timeout": "4h"
            },
            "compare": {
              "command": ["python3", "scripts/compare.py", "${{ outputs.table }}", "${{ inputs.scores }}"],
              "inputs":  {"scores": {"from": "train.scores"}},
              "outputs": {"table": "compare.csv"}
            }
          }
        }
        """

    private let loaded: LoadedPipeline

    init() throws {
        let scripts = ["preprocess", "train", "compare", "common"].map { ("scripts/\($0).py", "") }
        loaded = try load(Self.text, files: Dictionary(uniqueKeysWithValues: scripts))
    }

    @Test func namesAndEdges() {
        #expect(loaded.graph.pipeline == "tabular")
        #expect(
            loaded.graph.edges == [
                "preprocess@dataset=iris → train@dataset=iris", "preprocess@dataset=wine → train@dataset=wine",
                "preprocess@dataset=breast_cancer → train@dataset=breast_cancer", "train@dataset=iris → compare",
                "train@dataset=wine → compare", "train@dataset=breast_cancer → compare",
            ])
        #expect(loaded.graph.defaultTargets == Array(0..<7))
        #expect(loaded.warnings.isEmpty)
    }

    @Test func aStageOfATemplate() throws {
        let train = try loaded.graph.stage("train@dataset=breast_cancer")
        #expect(train.template == "train")
        #expect(
            train.command
                == .shell(
                    "python3 scripts/train.py --data data/clean/breast_cancer.csv --lr 0.01 --out models/breast_cancer.json"
                ))
        #expect(
            train.inputs == [
                Input(name: "data", path: "data/clean/breast_cancer.csv"),
                Input(name: "lib", path: "scripts/common.py"),
                Input(name: "program", path: "scripts/train.py"),
            ])
        #expect(
            train.outputs == [
                Output(name: "model", path: "models/breast_cancer.json"),
                Output(name: "checkpoint", path: "checkpoints/breast_cancer", persistence: .sameKey),
                Output(name: "scores", path: "metrics/breast_cancer.json", isMetrics: true),
            ])
        #expect(
            train.params == [
                Param(name: "dataset", value: .string("breast_cancer")), Param(name: "lr", value: .number("0.01")),
            ])
        #expect(train.environment == [EnvironmentVariable(name: "PYTHONHASHSEED", value: "0")])
        #expect(
            train.resources
                == ResourceRequest(cpus: .one, gpus: Quantity(thousandths: 500), memoryBytes: 4 << 30))
        #expect(
            train.retries == RetryPolicy(max: 2, delaySeconds: 10, on: [.failed, .outOfMemory], memoryFactor: 2))
        #expect(train.timeoutSeconds == 14400)
        let preprocess = try loaded.graph.stage("preprocess@dataset=breast_cancer")
        #expect(preprocess.retries == RetryPolicy(max: 1))
        #expect(preprocess.params == [Param(name: "dataset", value: .string("breast_cancer"))])
    }

    @Test func aFanIn() throws {
        let compare = try loaded.graph.stage("compare")
        #expect(
            compare.command
                == .argv([
                    "python3", "scripts/compare.py", "compare.csv", "metrics/iris.json", "metrics/wine.json",
                    "metrics/breast_cancer.json",
                ]))
        #expect(compare.inputs.map(\.name) == ["scores", "scores", "scores", "program"])
        #expect(loaded.graph.producers[6] == [[3], [4], [5], []])
    }
}
