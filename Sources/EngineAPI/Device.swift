// A GPU as stages are given it. Knows names; does not know any driver.

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
