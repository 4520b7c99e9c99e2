// Which GPUs a process may use, as CUDA reads CUDA_VISIBLE_DEVICES. Pure; asks no driver.

/// A GPU to be given to stages.
public struct PoolGPU: Hashable, Sendable {
    /// In the form in which the caller had it: `0`, `GPU-…` or its beginning, `MIG-…`.
    public let id: String
    /// nil where no driver told which one it is.
    public let device: GPUDevice?
    public init(id: String, device: GPUDevice? = nil) {
        self.id = id
        self.device = device
    }

    /// The UUID where it is known, else as the caller had it.
    public var name: String { device?.uuid ?? id }
}

/// - Parameters:
///   - variable: the caller's CUDA_VISIBLE_DEVICES; nil where it is not set, and everything is visible.
///   - inventory: what there is; nil where nobody tells, and the variable is believed.
public func visibleGPUs(_ variable: String?, in inventory: GPUInventory?) -> [PoolGPU] {
    guard let variable else { return inventory.map(allGPUs) ?? [] }
    var found: [PoolGPU] = []
    for entry in variable.split(separator: ",", omittingEmptySubsequences: false) {
        let id = String(entry.filter { !$0.isWhitespace })
        // As CUDA reads it: an invalid entry hides itself and all after it.
        if ["", "-1", "NoDevFiles", "void", "none"].contains(id) { break }
        guard let inventory else {
            found.append(PoolGPU(id: id))
            continue
        }
        guard let device = inventory.device(named: id) else { break }
        // Named twice, it is still one.
        if !found.contains(where: { $0.device == device }) { found.append(PoolGPU(id: id, device: device)) }
    }
    return found
}

/// By number, in the order of the PCI bus; by UUID where any of them is divided, for parts have no numbers.
private func allGPUs(of inventory: GPUInventory) -> [PoolGPU] {
    inventory.gpus.enumerated().flatMap { index, gpu in
        let parts = inventory.parts(of: gpu)
        if !parts.isEmpty { return parts.map { PoolGPU(id: $0.uuid, device: $0) } }
        return [PoolGPU(id: inventory.migDevices.isEmpty ? String(index) : gpu.uuid, device: gpu)]
    }
}

extension GPUInventory {
    /// The device that CUDA would take for a name: a number in the order of the PCI bus, a UUID, the beginning of just
    /// one UUID, or `MIG-GPU-UUID/GI/CI` as drivers before 470 wrote it. Of a divided GPU, its first part.
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
