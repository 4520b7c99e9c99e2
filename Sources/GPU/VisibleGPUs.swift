// Finds the GPUs that a process may use, with the rules of CUDA for CUDA_VISIBLE_DEVICES. Knows an inventory; does not
// query a driver.

/// A GPU that can be assigned to stages.
public struct PoolGPU: Hashable, Sendable {
    /// As given by the caller: `0`, `GPU-…` or its beginning, `MIG-…`.
    public let id: String
    /// nil if unknown.
    public let device: GPUDevice?
    public init(id: String, device: GPUDevice? = nil) {
        self.id = id
        self.device = device
    }

    /// The UUID if it is known, else as given by the caller.
    public var name: String { device?.uuid ?? id }
}

/// The GPUs that the caller may use.
///
/// - Parameters:
///   - variable: the caller's CUDA_VISIBLE_DEVICES; nil if not set, then all GPUs are visible.
///   - inventory: nil if unknown, then every entry of the variable counts.
public func visibleGPUs(_ variable: String?, in inventory: GPUInventory?) -> [PoolGPU] {
    guard let variable else { return inventory.map(allGPUs) ?? [] }
    var found: [PoolGPU] = []
    for entry in variable.split(separator: ",", omittingEmptySubsequences: false) {
        let id = String(entry.filter { !$0.isWhitespace })
        // As in CUDA, an invalid entry hides itself and all following entries.
        if ["", "-1", "NoDevFiles", "void", "none"].contains(id) { break }
        guard let inventory else {
            found.append(PoolGPU(id: id))
            continue
        }
        guard let device = inventory.device(named: id) else { break }
        // Ignore duplicates.
        if !found.contains(where: { $0.device == device }) { found.append(PoolGPU(id: id, device: device)) }
    }
    return found
}

/// By number in PCI bus order, or by UUID if any GPU is divided, because MIG devices have no numbers.
private func allGPUs(of inventory: GPUInventory) -> [PoolGPU] {
    inventory.gpus.enumerated().flatMap { index, gpu in
        let parts = inventory.parts(of: gpu)
        if !parts.isEmpty { return parts.map { PoolGPU(id: $0.uuid, device: $0) } }
        return [PoolGPU(id: inventory.migDevices.isEmpty ? String(index) : gpu.uuid, device: gpu)]
    }
}

extension GPUInventory {
    /// The device that CUDA would use for a name: a number in PCI bus order, a UUID, the beginning of exactly one UUID,
    /// or `MIG-GPU-UUID/GI/CI` (drivers before 470). For a divided GPU, its first MIG device.
    public func device(named name: String) -> GPUDevice? {
        if name.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            guard let index = Int(name), gpus.indices.contains(index) else { return nil }
            return parts(of: gpus[index]).first ?? gpus[index]
        }
        if let part = migDevices.first(where: { $0.uuid == name || $0.oldName == name }) { return part }
        let candidates = name.hasPrefix("MIG-") ? migDevices : name.hasPrefix("GPU-") ? gpus : []
        let matching = candidates.filter { $0.uuid.hasPrefix(name) }
        guard matching.count == 1 || matching.first?.uuid == name, let device = matching.first else { return nil }
        return parts(of: device).first ?? device
    }
}

extension GPUDevice {
    fileprivate var oldName: String? { part.map { "MIG-\($0.gpu)/\($0.gpuInstance)/\($0.computeInstance)" } }
}
