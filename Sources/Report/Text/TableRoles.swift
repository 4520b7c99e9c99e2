// What the columns of a table are for, so that a narrow terminal loses what matters least. Knows columns by number; does
// not know their contents.

/// What the columns of a table are for; columns count from 0.
public struct TableRoles: Sendable {
    /// Text columns to right-align. Columns of numbers always are.
    public var rightAligned: Set<Int> = []
    /// Columns that name a row, the most important first: different names never become the same text. Empty: the first
    /// column of text.
    public var names: [Int] = []
    /// What the table was asked for: left out and truncated last.
    public var answers: Set<Int> = []
    /// Two columns to compare in each row: if they are truncated, at what differs.
    public var compared: (Int, Int)?
    /// What was left out because it is the same in all rows.
    public var same: [(name: String, value: String)] = []

    public init(
        rightAligned: Set<Int> = [], names: [Int] = [], answers: Set<Int> = [], compared: (Int, Int)? = nil,
        same: [(name: String, value: String)] = []
    ) {
        self.rightAligned = rightAligned
        self.names = names
        self.answers = answers
        self.compared = compared
        self.same = same
    }
}
