// How the stages of a pipeline stood at the end of a run: which files their verdicts rest on, and which executions made
// what lies there. Together with the index and the body it says what a later run has to look at.

import Model

public struct CachedStages: Sendable {
    /// By path of the index: with this stamp its content is what the verdicts rest on; all zero where no stamp tells.
    public var stamps: [FileStamp]
    /// By stage: its verdict does not rest on stamps alone.
    public var isSuspect: [Bool]
    /// By stage: the execution that its outputs come from; nil for those that were not selected.
    public var executions: [ExecutionID?]
    /// By stage: its number in the store.
    public var stageIDs: [Int64]

    /// The stamp of no file.
    public static let unknownStamp = FileStamp(
        device: 0, inode: 0, sizeBytes: 0, modifiedNanoseconds: 0, changedNanoseconds: 0)

    public init(stamps: [FileStamp], isSuspect: [Bool], executions: [ExecutionID?], stageIDs: [Int64]) {
        self.stamps = stamps
        self.isSuspect = isSuspect
        self.executions = executions
        self.stageIDs = stageIDs
    }

    /// nil where they are not of so many paths.
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

    /// What is known by stage, as bytes.
    public var stageBytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(block: isSuspect.map { $0 ? 1 : 0 })
        for execution in executions { writer.write(Int(execution?.value ?? 0)) }
        for number in stageIDs { writer.write(Int(number)) }
        writer.seal()
        return writer.bytes
    }

    /// nil where they are not of so many stages.
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
