// The model's key: what determines a stage's result, and how much of it can be known beforehand.

/// Everything that determines a stage's result, compared as it is instead of by a digest.
struct ModelKey: Hashable {
    var form: Draft.Form
    var choosesShell: Bool
    var words: [String]
    var level: Int?
    var params: [String: String]
    var outputs: Set<ModelOutput>
    /// What each path held: those named, and each file that a glob matched.
    var inputs: [String: [String: String]]

    /// Whether nothing that is known contradicts this.
    func agrees(with known: ModelKey) -> Bool {
        form == known.form && choosesShell == known.choosesShell && words == known.words && level == known.level
            && params == known.params
            && outputs == known.outputs && known.inputs.allSatisfy { inputs[$0.key] == $0.value }
    }

    /// Whether this may be what `known` becomes when the inputs that it leaves out, `open`, are known too.
    func agrees(with known: ModelKey, open: [ModelPath]) -> Bool {
        guard agrees(with: known) else { return false }
        let others = inputs.keys.filter { known.inputs[$0] == nil }
        return others.allSatisfy { path in open.contains { $0.text == path || $0.isGlob && $0.covers(path) } }
            && open.allSatisfy { $0.isGlob || inputs[$0.text] != nil }
    }
}
