//! Collation folds: all strings that a collation calls equal become one canonical text, which is then hashed.
//!
//! A fold may be coarser than its collation (two different strings with one fold only share a shard), but never finer: equal strings
//! with different folds would be looked for on the wrong shard. That is why only collations whose weights depend on single characters are
//! taken, and why trailing spaces always vanish, under NO PAD too: a server cuts them off a value that is too long for its column.

mod build;
mod codec;

use std::borrow::Cow;
use std::sync::Arc;

use ostrakon_catalog::Catalog;

pub use build::fold_queries;

/// How the strings of a collation are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldKind {
    /// Equal strings have equal characters (`*_bin`): no fold is asked for.
    Bytewise,
    /// By a `CollationFold` built from the server's weights.
    Weights,
}

/// How a collation's strings are folded; `None` when they cannot be, so that columns of the collation cannot be folded shard keys.
///
/// A collation is listed here when each character's weights stand for themselves (no contractions) and the servers agree on them.
/// `utf8mb4_0900_ai_ci` is: its table was made without DUCET's contractions. `utf8mb4_uca1400_ai_ci` is not: MariaDB 10.11 gives U+0418 U+0306
/// another weight than the two characters have.
pub fn fold_kind(collation: &str) -> Option<FoldKind> {
    match collation {
        "utf8mb4_bin" | "utf8mb4_nopad_bin" | "utf8mb4_0900_bin" | "utf8mb3_bin" | "utf8mb3_nopad_bin"
        | "utf8_bin" | "utf8_nopad_bin" | "latin1_bin" | "latin1_nopad_bin" | "ascii_bin"
        | "ascii_nopad_bin" => Some(FoldKind::Bytewise),
        "utf8mb4_general_ci"
        | "utf8mb4_general_nopad_ci"
        | "utf8mb4_unicode_ci"
        | "utf8mb4_unicode_nopad_ci"
        | "utf8mb4_unicode_520_ci"
        | "utf8mb4_unicode_520_nopad_ci"
        | "utf8mb4_0900_ai_ci"
        | "utf8mb3_general_ci"
        | "utf8mb3_general_nopad_ci"
        | "utf8mb3_unicode_ci"
        | "utf8mb3_unicode_nopad_ci"
        | "utf8mb3_unicode_520_ci"
        | "utf8mb3_unicode_520_nopad_ci"
        | "utf8_general_ci"
        | "utf8_unicode_ci"
        | "utf8_unicode_520_ci"
        | "latin1_swedish_ci"
        | "latin1_swedish_nopad_ci"
        | "latin1_general_ci"
        | "ascii_general_ci"
        | "ascii_general_nopad_ci" => Some(FoldKind::Weights),
        _ => None,
    }
}

/// The fold of one collation: for each character the characters that stand for its weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollationFold {
    collation: String,
    /// Ordered, without overlap; a character in no run stands for itself.
    runs: Vec<Run>,
    /// First 128 characters, for speed: the target, or `ASCII_SLOW`.
    ascii: [u32; 128],
    /// What a space becomes: cut from the end.
    space: char,
}

const ASCII_SLOW: u32 = u32::MAX;

/// Neighbouring characters with one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    start: u32,
    /// At least 1.
    length: u32,
    to: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// The character this far away.
    Offset(i32),
    /// One character for the whole run.
    Constant(char),
    /// Nothing: the collation passes over these characters.
    Nothing,
    /// Several characters.
    Expansion(Box<[char]>),
}

impl CollationFold {
    fn from_runs(collation: String, runs: Vec<Run>) -> Self {
        let mut fold = Self { collation, runs, ascii: [ASCII_SLOW; 128], space: ' ' };
        for code in 0..128_u8 {
            let mut out = String::new();
            fold.push_slow(char::from(code), &mut out);
            let mut chars = out.chars();
            if let (Some(target), None) = (chars.next(), chars.next())
                && let Some(slot) = fold.ascii.get_mut(usize::from(code))
            {
                *slot = u32::from(target);
            }
        }
        fold.space = char::from_u32(fold.ascii[usize::from(b' ')]).unwrap_or(' ');
        fold
    }

    /// The fold that the catalog holds for a collation: what `Placer::new` asks for. It is decoded at each call, so keep what it gives
    /// as long as the plan. `None` when the catalog has none, or bytes that are none.
    pub fn from_catalog(catalog: &Catalog, collation: &str) -> Option<Arc<Self>> {
        Self::decode(catalog.fold(collation)?).ok().map(Arc::new)
    }

    /// Lower-case name of the collation.
    pub fn collation(&self) -> &str {
        &self.collation
    }

    /// The canonical text of `text`.
    pub fn fold<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.bytes().all(|b| self.ascii.get(usize::from(b)) == Some(&u32::from(b))) {
            return Cow::Borrowed(text.trim_end_matches(self.space));
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match self
                .ascii
                .get(c as usize)
                .copied()
                .filter(|code| *code != ASCII_SLOW)
                .and_then(char::from_u32)
            {
                Some(target) => out.push(target),
                None => self.push_slow(c, &mut out),
            }
        }
        out.truncate(out.trim_end_matches(self.space).len());
        Cow::Owned(out)
    }

    fn push_slow(&self, c: char, out: &mut String) {
        let code = u32::from(c);
        let after = self.runs.partition_point(|run| run.start <= code);
        let run =
            after.checked_sub(1).and_then(|at| self.runs.get(at)).filter(|run| code - run.start < run.length);
        match run.map(|run| &run.to) {
            None => out.push(c),
            // Built and decoded runs stay inside Unicode; should one not, the character stands for itself.
            Some(Target::Offset(by)) => {
                out.push(code.checked_add_signed(*by).and_then(char::from_u32).unwrap_or(c));
            }
            Some(Target::Constant(target)) => out.push(*target),
            Some(Target::Nothing) => {}
            Some(Target::Expansion(targets)) => out.extend(targets.iter()),
        }
    }
}
