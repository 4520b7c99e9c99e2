// Compresses bytes to a gzip file in memory and back. Knows zlib; does not know what the bytes are.

import CZlib

/// The gzip file; nil if memory is exhausted.
public func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    let capacity = czlib_bound(UInt(bytes.count))
    return [UInt8](unsafeUninitializedCapacity: Int(capacity)) { target, count in
        guard let place = target.baseAddress else { return }
        count = bytes.withUnsafeBufferPointer { source in
            source.baseAddress.map { Int(czlib_gzip($0, UInt(bytes.count), place, capacity)) } ?? 0
        }
    }.nonEmpty
}

/// - Parameter sizeBytes: the uncompressed size.
/// - Returns: nil if it is not a gzip file of this size.
public func gunzip(_ bytes: [UInt8], sizeBytes: Int) -> [UInt8]? {
    guard sizeBytes > 0 else { return nil }
    let found = [UInt8](unsafeUninitializedCapacity: sizeBytes) { target, count in
        guard let place = target.baseAddress else { return }
        count = bytes.withUnsafeBufferPointer { source in
            source.baseAddress.map { Int(czlib_gunzip($0, UInt(bytes.count), place, UInt(sizeBytes))) } ?? 0
        }
    }
    return found.count == sizeBytes ? found : nil
}

extension Array {
    fileprivate var nonEmpty: [Element]? { isEmpty ? nil : self }
}
