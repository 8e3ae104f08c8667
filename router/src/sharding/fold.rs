//! Collation folds: every string becomes one canonical text for all strings that its collation calls equal.

/// The fold of one collation.
#[derive(Clone, Debug, PartialEq)]
pub struct CollationFold {
    /// Lower-case collation name.
    pub collation: String,
}
