// What a stage's command is given besides its arguments: folders for its outputs, params, a script where the shell text
// is too long for an argument, and its environment. Knows files and variables; does not know rows or engines.

import EngineAPI
import Model
import Programs
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
        var arguments: [String]
        /// Relative to the root.
        var paramsPath = ""
        /// The file with the shell text that is too long for an argument, relative to the root.
        var scriptPath: String?
        /// An empty folder, absolute.
        var temporaryFolder = ""
    }

    private let root: String
    private let area: OutputArea
    private let inherited: [String: String]
    /// The caller's environment, written once as every process gets it.
    private let inheritedVariables: [(name: String, text: String)]
    /// A stage would create it writable by all users.
    private let createsMetricsFiles: Bool
    /// Params files, by what they hold.
    private var paramsFiles: [String: String] = [:]
    private var temporaryFolders: TemporaryFolders?
    /// Runs shell text unless a stage chooses another.
    private let standardShell: Shell

    init(root: String, area: OutputArea, inherited: [String: String]) {
        self.root = root
        self.area = area
        self.inherited = inherited
        // The first is that of a stage which started this program, and not this program's. bash would execute the file that
        // the other names before the text of every stage.
        inheritedVariables = inherited.filter { $0.key != importsVariable && $0.key != "BASH_ENV" }
            .map { ($0.key, "\($0.key)=\($0.value)") }
        standardShell = Shell.installed(callersPath: inherited["PATH"]) ?? .standard
        createsMetricsFiles = umaskPermitsWritingByOthers()
    }

    /// Creates folders for outputs and log, a temporary folder, the params file, and a script for a shell command that is
    /// too long for an argument.
    ///
    /// - Parameter isPrivate: whether only the user may read params and command.
    mutating func prepare(
        _ stage: Stage, _ execution: Execution, isPrivate: Bool
    ) throws(WorkspaceFailure) -> Prepared {
        let params = stage.givenParams.text
        let paramsPath = paramsFiles[params] ?? RunFiles.params(of: execution.run, number: paramsFiles.count)
        for output in stage.outputs { try area.makeParents(of: output.path) }
        if let depfile = stage.discovery.depfile { try area.makeParents(of: depfile) }
        try area.makeParents(of: execution.logPath)
        if paramsFiles[params] == nil {
            try area.makeParents(of: paramsPath)
            try area.write(params + "\n", to: paramsPath, isPrivate: isPrivate)
            paramsFiles[params] = paramsPath
        }
        var prepared = Prepared(arguments: stage.arguments(standardShell), paramsPath: paramsPath)
        prepared.temporaryFolder = try temporaryFolder(of: execution.run)
        if createsMetricsFiles { try area.write("", to: RunFiles.metrics(of: execution.run, execution.id)) }
        if let text = stage.textForFile {
            let path = RunFiles.command(of: execution.run, execution.id)
            try area.makeParents(of: path)
            try area.write(text, to: path, isPrivate: isPrivate)
            prepared.scriptPath = path
            prepared.arguments = (stage.shell ?? standardShell).arguments(forFile: "\(root)/\(path)") ?? []
        }
        return prepared
    }

    private mutating func temporaryFolder(of run: RunID) throws(WorkspaceFailure) -> String {
        if temporaryFolders == nil {
            let link = RunFiles.temporaryLink(of: run)
            try area.makeParents(of: link)
            let callers = inherited["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            let places = [callers, "/tmp", "\(root)/\(RunFiles.scratchFolder(of: run))"].compactMap { $0 }
            temporaryFolders = TemporaryFolders(in: places, link: "\(root)/\(link)")
        }
        return try temporaryFolders?.take() ?? ""
    }

    /// A temporary folder is not used any more.
    ///
    /// - Returns: false if it has to be removed.
    mutating func giveBack(_ temporaryFolder: String) -> Bool { temporaryFolders?.giveBack(temporaryFolder) ?? false }

    /// Why temporary folders are not where the caller wants them; nil the second time.
    mutating func takeRefusal() -> String? { temporaryFolders?.takeRefusal() }

    func workingDirectory(of stage: Stage) -> String {
        stage.workingDirectory.map { $0.hasPrefix("/") ? $0 : "\(root)/\($0)" } ?? root
    }

    /// All variables that the command sees. docs/pipeline.md lists those that are added.
    func environment(of stage: Stage, _ execution: Execution, _ prepared: Prepared) -> [String] {
        let request = execution.lease.request
        var own: [String: String] = [:]
        // As a shell sets it. The caller's own is that of another folder.
        if !stage.passedEnvironment.contains("PWD") { own["PWD"] = workingDirectory(of: stage) }
        if !stage.passedEnvironment.contains("TMPDIR") { own["TMPDIR"] = prepared.temporaryFolder }
        if stage.passedEnvironment.contains("BASH_ENV") { own["BASH_ENV"] = inherited["BASH_ENV"] }
        for variable in stage.environment {
            own[variable.name] = variable.value.map { SystemText.text(of: $0.utf8) }
        }
        own["RUNS_RUN_ID"] = execution.run.description
        own["RUNS_EXECUTION_ID"] = execution.id.description
        own["RUNS_STAGE"] = stage.name
        own["RUNS_ATTEMPT"] = String(execution.attempt)
        own["RUNS_CPUS"] = request.cpus.description
        own["PYTHONPATH"] = pythonPath(own["PYTHONPATH"] ?? inherited["PYTHONPATH"])
        if let bytes = request.memoryBytes { own["RUNS_MEMORY_BYTES"] = String(bytes) }
        own["RUNS_PARAMS"] = "\(root)/\(prepared.paramsPath)"
        own["RUNS_TMP"] = prepared.temporaryFolder
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
        // Output is in the log at once, and not lost when the stage is killed.
        if own["PYTHONUNBUFFERED"] == nil, inherited["PYTHONUNBUFFERED"] == nil { own["PYTHONUNBUFFERED"] = "1" }
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
