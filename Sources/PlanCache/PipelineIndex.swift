// The part of an expanded pipeline that every run needs, even if nothing has to run: what the expansion depended on and
// the paths of its stages. Knows the encoding; does not know stages.

import Model

/// What the expansion of a pipeline depends on in addition to its file.
public struct ExpansionInputs: Hashable, Sendable {
    /// Files that were read, with digests of their content. Paths are relative to the pipeline's folder.
    public var files: [String: Digest] = [:]
    /// Paths that were checked, with whether they are regular files.
    public var probes: [String: Bool] = [:]
    /// Variables of the caller that are part of keys, with digests of their values; nil if not set.
    public var variables: [String: Digest?] = [:]
    public init() {}
}

/// The cached form of a pipeline's name, expansion inputs and paths.
public struct PipelineIndex: Sendable {
    /// The version of the encoding. Others are not read.
    private static let version = 2

    /// The pipeline's name.
    public var pipeline: String
    public var stagesTotal: Int
    public var expansionInputs: ExpansionInputs
    /// The inputs and outputs of selected stages, each path once.
    public var paths: PathTable

    public init(pipeline: String, stagesTotal: Int, expansionInputs: ExpansionInputs, paths: PathTable) {
        self.pipeline = pipeline
        self.stagesTotal = stagesTotal
        self.expansionInputs = expansionInputs
        self.paths = paths
    }

    public var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(pipeline)
        writer.write(stagesTotal)
        writer.write(each: expansionInputs.files.sorted { $0.key < $1.key }) { writer, file in
            writer.write(file.key)
            writer.write(file.value)
        }
        writer.write(each: expansionInputs.probes.sorted { $0.key < $1.key }) { writer, probe in
            writer.write(probe.key)
            writer.write(probe.value)
        }
        writer.write(each: expansionInputs.variables.sorted { $0.key < $1.key }) { writer, variable in
            writer.write(variable.key)
            writer.write(variable.value) { $0.write($1) }
        }
        writer.write(paths.count)
        writer.write(block: paths.bytes)
        return writer.bytes
    }

    /// nil if the bytes are corrupt or of another version.
    public init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes[...])
        do throws(Malformed) {
            guard try reader.integer() == Self.version else { return nil }
            pipeline = try reader.text()
            stagesTotal = try reader.integer()
            expansionInputs = ExpansionInputs()
            for (path, digest) in try reader.list({ reader throws(Malformed) in (try reader.text(), try reader.digest())
            }) {
                expansionInputs.files[path] = digest
            }
            for (path, isFile) in try reader.list({ reader throws(Malformed) in (try reader.text(), try reader.flag()) }
            ) {
                expansionInputs.probes[path] = isFile
            }
            for (name, digest) in try reader.list({ reader throws(Malformed) in
                (try reader.text(), try reader.optional { reader throws(Malformed) in try reader.digest() })
            }) { expansionInputs.variables[name] = .some(digest) }
            let count = try reader.integer()
            guard let table = PathTable(bytes: Array(try reader.block()), count: count), reader.isAtEnd else {
                return nil
            }
            paths = table
        } catch {
            return nil
        }
    }
}
