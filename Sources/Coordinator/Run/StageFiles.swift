// What a stage's command is given besides its arguments: folders for its outputs, params, a script where the shell text
// is too long for an argument, and its environment. Knows files and variables; does not know rows or engines.

import EngineAPI
import Model
import Workspace

/// Prepares the files and variables of the executions of one run.
struct StageFiles {
    /// One execution, as its files and variables need it.
    struct Execution {
        let run: RunID
        let id: ExecutionID
        let attempt: Int
        let logPath: String
        let token: String
        let lease: Lease
        /// nil: an engine starts it later.
        let startedAt: Timestamp?
    }

    /// What was made for one.
    struct Prepared {
        /// The words to execute.
        let arguments: [String]
        /// Relative to the root.
        let paramsPath: String
    }

    private let root: String
    private let area: OutputArea
    private let inherited: [String: String]
    /// The caller's environment, written once as every process gets it.
    private let inheritedVariables: [(name: String, text: String)]
    /// Params files, by what they hold.
    private var paramsFiles: [String: String] = [:]

    init(root: String, area: OutputArea, inherited: [String: String]) {
        self.root = root
        self.area = area
        self.inherited = inherited
        // That of a stage which started this program is not this program's.
        inheritedVariables = inherited.filter { $0.key != importsVariable }.map { ($0.key, "\($0.key)=\($0.value)") }
    }

    /// Creates folders for outputs and log, the params file, and a script for a shell command that is too long for an
    /// argument.
    mutating func prepare(_ stage: Stage, _ execution: Execution) throws(WorkspaceFailure) -> Prepared {
        let params = JSONValue.object(stage.params.map { JSONValue.Member(name: $0.name, value: $0.value) }).text
        let paramsPath = paramsFiles[params] ?? RunFiles.params(of: execution.run, number: paramsFiles.count)
        for output in stage.outputs { try area.makeParents(of: output.path) }
        if let depfile = stage.discovery.depfile { try area.makeParents(of: depfile) }
        try area.makeParents(of: execution.logPath)
        if paramsFiles[params] == nil {
            try area.makeParents(of: paramsPath)
            try area.write(params + "\n", to: paramsPath)
            paramsFiles[params] = paramsPath
        }
        guard let text = stage.command.textForFile else {
            return Prepared(arguments: stage.command.arguments, paramsPath: paramsPath)
        }
        let commandPath = RunFiles.command(of: execution.run, execution.id)
        try area.makeParents(of: commandPath)
        try area.write(text, to: commandPath)
        return Prepared(arguments: ["/bin/sh", "\(root)/\(commandPath)"], paramsPath: paramsPath)
    }

    func workingDirectory(of stage: Stage) -> String {
        stage.workingDirectory.map { $0.hasPrefix("/") ? $0 : "\(root)/\($0)" } ?? root
    }

    func environment(of stage: Stage, _ execution: Execution, paramsPath: String) -> [String] {
        let request = execution.lease.request
        var own: [String: String] = [:]
        // As a shell sets it. The caller's own is that of another folder.
        if !stage.passedEnvironment.contains("PWD") { own["PWD"] = workingDirectory(of: stage) }
        for variable in stage.environment { own[variable.name] = variable.value }
        own["RUNS_RUN_ID"] = execution.run.description
        own["RUNS_EXECUTION_ID"] = execution.id.description
        own["RUNS_STAGE"] = stage.name
        own["RUNS_ATTEMPT"] = String(execution.attempt)
        own["RUNS_CPUS"] = request.cpus.description
        own["PYTHONPATH"] = pythonPath(own["PYTHONPATH"] ?? inherited["PYTHONPATH"])
        if let bytes = request.memoryBytes { own["RUNS_MEMORY_BYTES"] = String(bytes) }
        own["RUNS_PARAMS"] = "\(root)/\(paramsPath)"
        own["RUNS_METRICS"] = "\(root)/\(RunFiles.metrics(of: execution.run, execution.id))"
        if stage.discovery.followsImports {
            own[importsVariable] = "\(root)/\(RunFiles.imports(of: execution.run, execution.id))"
        }
        if let seconds = stage.timeoutSeconds, let start = execution.startedAt {
            own["RUNS_DEADLINE"] = "\(Double(start.microseconds) / 1e6 + seconds)"
        }
        own[tokenVariable] = execution.token
        if own["OMP_NUM_THREADS"] == nil, inherited["OMP_NUM_THREADS"] == nil {
            own["OMP_NUM_THREADS"] = String(max(1, (request.cpus.thousandths + 999) / 1000))
        }
        if let gpus = execution.lease.gpus {
            own["CUDA_VISIBLE_DEVICES"] = gpus.map(\.id).joined(separator: ",")
            own["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        }
        return inheritedVariables.filter { own[$0.name] == nil }.map(\.text) + own.map { "\($0.key)=\($0.value)" }
    }

    /// The caller's PYTHONPATH after the folder of the module `runs`.
    private func pythonPath(_ inherited: String?) -> String {
        let folder = "\(root)/\(RunFiles.pythonFolder)"
        return inherited.map { $0.isEmpty ? folder : "\(folder):\($0)" } ?? folder
    }
}

/// The variable that has Python write down what it imports: Python/sitecustomize.py.
private let importsVariable = "RUNS_IMPORTS"

/// 128 random bits, in hexadecimal.
func randomToken() -> String {
    var generator = SystemRandomNumberGenerator()
    let halves = [generator.next(), generator.next()] as [UInt64]
    return halves.map { half in
        let digits = String(half, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
}
