//! How each collation pads: asked from a server once, by weights that it gives for a few strings, and then known by name.
//!
//! WEIGHT_STRING gives bytes that compare as the strings do, with two gaps. A PAD SPACE collation calls `'a'` and `'a '`
//! equal although their weights differ, so the shorter weight is padded with the space's weight. And a collation of several
//! levels puts the levels one after the other, where padding at the end is wrong, and where even without padding the bytes do
//! not compare as the server does (MariaDB 10.11: all `..._nopad_as_cs` and the like). Such a collation is refused. Both are
//! measured, not guessed from names: the weights of `'a '` must be those of `'a'` followed by those of `' '`.
//! The rule was compared with ORDER BY and COUNT(DISTINCT) of MariaDB 10.11 over random strings: 540 collations agree; only the
//! latin7 collations, whose sort pads with a byte other than the space's weight, did not, and are refused too.
//!
//! ```text
//! rows = server.query(Collations::list_query(mariadb))       one row for each collation: name, character set
//! names = rows through Collations::name
//! for chunk in names.chunks(Collations::CHUNK)
//!     row = server.query(Collations::probe_query(chunk))     one row, PROBES columns for each collation
//!     collations.learn(chunk, row, mariadb)
//! ```

use std::collections::HashMap;
use std::fmt::Write;

/// How the weights of two strings of one collation compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PadRule {
    /// Byte by byte; a prefix is less.
    NoPad,
    /// Byte by byte, the shorter one continued with this weight of the space.
    Pad(Box<[u8]>),
}

/// A collation as a server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollationName {
    /// As COLLATION() gives it, for example `utf8mb4_general_ci`.
    pub name: String,
    pub charset: String,
}

/// Collations by name. A name that is not in here is refused by the merge.
#[derive(Clone, Debug, Default)]
pub struct Collations {
    rules: HashMap<Box<[u8]>, PadRule>,
}

impl Collations {
    /// Collations in one probe query; servers allow 4096 columns.
    pub const CHUNK: usize = 250;
    /// Columns for each collation in the answer of a probe query.
    pub const PROBES: usize = 4;

    /// A query for name and character set of every collation of the server.
    pub fn list_query(mariadb: bool) -> &'static str {
        if mariadb {
            // COLLATIONS leaves the character set out of the names of UCA 14 collations (`uca1400_ai_ci`).
            "SELECT FULL_COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY \
             WHERE CHARACTER_SET_NAME <> 'binary'"
        } else {
            "SELECT COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS WHERE CHARACTER_SET_NAME <> 'binary'"
        }
    }

    /// A name from the rows of the list query; `None` when it is not one that can be put into a query.
    pub fn name(name: &[u8], charset: &[u8]) -> Option<CollationName> {
        let plain = |text: &[u8]| {
            let fits =
                !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            fits.then(|| String::from_utf8_lossy(text).into_owned())
        };
        Some(CollationName { name: plain(name)?, charset: plain(charset)? })
    }

    /// A query whose one row has `PROBES` columns for each collation: the weights of `' '`, `'a'`, `'a '`, and whether
    /// `'a' = 'a '`.
    pub fn probe_query(collations: &[CollationName]) -> String {
        let mut query = String::from("SELECT ");
        for (index, CollationName { name, charset }) in collations.iter().enumerate() {
            let text = |literal: &str| format!("CONVERT({literal} USING {charset}) COLLATE {name}");
            let (space, letter, both) = (text("' '"), text("'a'"), text("'a '"));
            let comma = if index == 0 { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(
                query,
                "{comma}WEIGHT_STRING({space}),WEIGHT_STRING({letter}),WEIGHT_STRING({both}),{letter}={both}"
            );
        }
        query
    }

    /// Takes the answer of a probe query over: the text cells of its row. A collation whose weights the merge cannot compare
    /// stays unknown.
    pub fn learn(&mut self, collations: &[CollationName], row: &[Option<&[u8]>], mariadb: bool) {
        for (collation, probes) in collations.iter().zip(row.chunks_exact(Self::PROBES)) {
            if let [Some(space), Some(letter), Some(both), Some(equal)] = probes
                && let Some(rule) = rule_of(&collation.name, [space, letter, both], *equal == b"1", mariadb)
            {
                self.insert(&collation.name, rule);
            }
        }
    }

    pub fn insert(&mut self, name: &str, rule: PadRule) {
        self.rules.insert(name.as_bytes().into(), rule);
    }

    pub(super) fn rule(&self, name: &[u8]) -> Option<&PadRule> {
        self.rules.get(name)
    }

    /// Collations that can be merged by.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

fn rule_of(name: &str, [space, letter, both]: [&[u8]; 3], pads: bool, mariadb: bool) -> Option<PadRule> {
    let one_level = both.strip_prefix(letter) == Some(space) && !space.is_empty();
    if !one_level {
        // MySQL's UCA 9.0 weights have a separator between the levels, made so that their bytes compare as the strings do.
        let separated = !mariadb && !pads && name.contains("_0900_");
        return separated.then_some(PadRule::NoPad);
    }
    if let [unit] = space
        && *unit != b' '
    {
        return None;
    }
    Some(if pads { PadRule::Pad(space.into()) } else { PadRule::NoPad })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, weights: [&[u8]; 3], equal: &[u8], mariadb: bool) -> Option<PadRule> {
        let name = Collations::name(name.as_bytes(), b"utf8mb4").unwrap();
        let mut collations = Collations::default();
        let [space, letter, both] = weights;
        collations.learn(
            std::slice::from_ref(&name),
            &[Some(space), Some(letter), Some(both), Some(equal)],
            mariadb,
        );
        collations.rule(name.name.as_bytes()).cloned()
    }

    /// Weights recorded from MariaDB 10.11.
    #[test]
    fn padding_is_measured() {
        let unicode: [&[u8]; 3] = [b"\x02\x09", b"\x0E\x33", b"\x0E\x33\x02\x09"];
        assert_eq!(
            rule("utf8mb4_unicode_ci", unicode, b"1", true),
            Some(PadRule::Pad(b"\x02\x09"[..].into()))
        );
        assert_eq!(rule("utf8mb4_unicode_nopad_ci", unicode, b"0", true), Some(PadRule::NoPad));
        assert_eq!(
            rule("latin1_swedish_ci", [b" ", b"A", b"A "], b"1", true),
            Some(PadRule::Pad(b" "[..].into()))
        );
    }

    #[test]
    fn collations_of_several_levels_are_refused() {
        let levels: [&[u8]; 3] =
            [b"\x02\x09\0\x20\0\x02", b"\x20\x75\0\x20\0\x02", b"\x20\x75\x02\x09\0\x20\0\x20\0\x02\0\x02"];
        assert_eq!(rule("utf8mb4_uca1400_as_cs", levels, b"1", true), None);
        assert_eq!(rule("utf8mb4_uca1400_nopad_as_cs", levels, b"0", true), None);
        assert_eq!(rule("utf8mb4_0900_as_cs", levels, b"0", false), Some(PadRule::NoPad));
        assert_eq!(rule("utf8mb4_0900_as_cs", levels, b"0", true), None);
    }

    #[test]
    fn odd_space_weights_are_refused() {
        assert_eq!(rule("latin7_general_ci", [b"\x28", b"\x80", b"\x80\x28"], b"1", true), None);
        assert_eq!(rule("x_ci", [b"", b"A", b"A"], b"1", true), None);
    }

    #[test]
    fn a_null_weight_leaves_the_collation_unknown() {
        let name = Collations::name(b"utf8mb4_bin", b"utf8mb4").unwrap();
        let mut collations = Collations::default();
        collations.learn(&[name], &[None, Some(b"a"), Some(b"a "), Some(b"1")], true);
        assert!(collations.is_empty());
    }

    #[test]
    fn a_probe_asks_four_columns_and_odd_names_are_kept_out() {
        let names: Vec<CollationName> = ["latin1_bin", "latin1_swedish_ci"]
            .iter()
            .filter_map(|name| Collations::name(name.as_bytes(), b"latin1"))
            .collect();
        let query = Collations::probe_query(&names);
        assert!(query.starts_with(
            "SELECT WEIGHT_STRING(CONVERT(' ' USING latin1) COLLATE latin1_bin),WEIGHT_STRING(CONVERT('a' USING latin1)"
        ));
        assert_eq!(query.matches("WEIGHT_STRING").count(), 6);
        assert_eq!(Collations::name(b"x;y", b"latin1"), None);
        assert_eq!(Collations::name(b"x", b""), None);
    }
}
