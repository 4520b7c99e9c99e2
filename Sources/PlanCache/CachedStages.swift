// The state of a pipeline's stages at the end of a run: the stamps of their files and the executions that made their
// outputs. Knows the encoding; does not compare with the disk.

import Model

/// With `PipelineIndex` and `PipelineBody`, this tells a later run which stages it has to evaluate.
public struct CachedStages: Sendable {
    /// By path of the index: the stamp with which its content is unchanged; all zero if there is no reliable stamp.
    public var stamps: [FileStamp]
    /// By stage: whether its verdict depends on more than stamps.
    public var isSuspect: [Bool]
    /// By stage: the execution that made its outputs; nil if it was not selected.
    public var executions: [ExecutionID?]
    /// By stage: its ID in the store.
    public var stageIDs: [Int64]

    /// A stamp that no file has.
    public static let unknownStamp = FileStamp(
        device: 0, inode: 0, sizeBytes: 0, modifiedNanoseconds: 0, changedNanoseconds: 0)

    public init(stamps: [FileStamp], isSuspect: [Bool], executions: [ExecutionID?], stageIDs: [Int64]) {
        self.stamps = stamps
        self.isSuspect = isSuspect
        self.executions = executions
        self.stageIDs = stageIDs
    }

    /// nil if the count does not match.
    public static func stamps(bytes: [UInt8], count: Int) -> [FileStamp]? {
        guard bytes.count == count * 40 else { return nil }
        return [FileStamp](unsafeUninitializedCapacity: count) { stamps, initialized in
            bytes.withUnsafeBytes { raw in
                for index in 0..<count {
                    let start = index * 40
                    func number<T: FixedWidthInteger>(_ offset: Int) -> T {
                        T(littleEndian: raw.loadUnaligned(fromByteOffset: start + offset, as: T.self))
                    }
                    stamps.initializeElement(
                        at: index,
                        to: FileStamp(
                            device: number(0), inode: number(8), sizeBytes: number(16), modifiedNanoseconds: number(24),
                            changedNanoseconds: number(32)))
                }
            }
            initialized = count
        }
    }

    public var stampBytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: stamps.count * 40) { buffer, initialized in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, stamp) in stamps.enumerated() {
                let start = index * 40
                raw.storeBytes(of: stamp.device.littleEndian, toByteOffset: start, as: UInt64.self)
                raw.storeBytes(of: stamp.inode.littleEndian, toByteOffset: start + 8, as: UInt64.self)
                raw.storeBytes(of: stamp.sizeBytes.littleEndian, toByteOffset: start + 16, as: Int64.self)
                raw.storeBytes(of: stamp.modifiedNanoseconds.littleEndian, toByteOffset: start + 24, as: Int64.self)
                raw.storeBytes(of: stamp.changedNanoseconds.littleEndian, toByteOffset: start + 32, as: Int64.self)
            }
            initialized = stamps.count * 40
        }
    }

    /// Everything but the stamps, encoded.
    public var stageBytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(block: isSuspect.map { $0 ? 1 : 0 })
        for execution in executions { writer.write(Int(execution?.value ?? 0)) }
        for number in stageIDs { writer.write(Int(number)) }
        writer.seal()
        return writer.bytes
    }

    /// nil if the bytes are corrupt or the count does not match.
    public init?(stamps: [FileStamp], stageBytes: [UInt8], stagesTotal: Int) {
        do throws(Malformed) {
            var reader = try ByteReader(sealed: stageBytes[...])
            isSuspect = try reader.block().map { $0 != 0 }
            guard isSuspect.count == stagesTotal else { return nil }
            executions = []
            stageIDs = []
            for _ in 0..<stagesTotal {
                let number = Int64(try reader.integer())
                executions.append(number == 0 ? nil : ExecutionID(number))
            }
            for _ in 0..<stagesTotal { stageIDs.append(Int64(try reader.integer())) }
            guard reader.isAtEnd else { return nil }
        } catch {
            return nil
        }
        self.stamps = stamps
    }
}
