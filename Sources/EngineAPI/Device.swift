// GPUs as stages are given them, and how they are shared with other runs. Knows names; does not know any driver or
// lock.

import Model

/// A GPU to be given to stages.
public struct Device: Hashable, Sendable {
    /// In the form in which the caller had it: `0`, `GPU-…` or its beginning, `MIG-…`.
    public let id: String
    /// nil where no driver reported which one it is.
    public let uuid: String?

    public init(id: String, uuid: String? = nil) {
        self.id = id
        self.uuid = uuid
    }

    /// The UUID where it is known, else as the caller had it.
    public var name: String { uuid ?? id }
}

/// Devices that runs of other programs use too.
public protocol SharedDevices: Sendable {
    /// How much is taken of each device of the capacity, by this run and by others.
    func taken() -> [Quantity]
    /// Takes that share of each of the devices, or nothing.
    func take(_ devices: [Device], share: Quantity) -> DeviceClaim
}

/// What came of taking devices.
public enum DeviceClaim {
    /// Held until the value is released; empty where the devices cannot be shared with anyone.
    case taken(any DeviceHold)
    case heldElsewhere
    /// They cannot be locked, and why.
    case unavailable(String)
}

/// Shares of devices that one execution holds: given back when the last reference is released.
public protocol DeviceHold: AnyObject, Sendable {}
