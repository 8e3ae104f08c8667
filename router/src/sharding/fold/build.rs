//! Building a fold from the weights that a server gives for single characters.

use super::{CollationFold, Run, Target};
use crate::RouterError;

/// Characters asked for in one query.
const QUERY_CHARS: u32 = 0x1_0000;
/// Where stand-ins for weights that no single character has begin: the private-use planes, which hold more than 16-bit units can ask for.
const STAND_IN: u32 = 0xF_0000;

/// The queries whose rows `CollationFold::build` needs. Each row is (code point in decimal, hexadecimal weights); the queries run on
/// MariaDB and MySQL and take no locks. Unicode needs 17 of them (one for utf8mb3), each of up to 65,536 rows.
///
/// `charset` is the character set's name. Empty when the collation is not one that is folded by weights.
pub fn fold_queries(collation: &str, charset: &str) -> Vec<String> {
    if super::fold_kind(collation) != Some(super::FoldKind::Weights) {
        return Vec::new();
    }
    let last = match charset {
        "utf8mb4" => 0x10_FFFF,
        "utf8mb3" | "utf8" => 0xFFFF,
        "latin1" => 0xFF,
        "ascii" => 0x7F,
        _ => return Vec::new(),
    };
    (0..=last / QUERY_CHARS).map(|plane| query(collation, charset, plane, last)).collect()
}

fn query(collation: &str, charset: &str, plane: u32, last: u32) -> String {
    let digits: Vec<String> =
        (0..16).map(|digit| format!("SELECT {digit}{}", if digit == 0 { " d" } else { "" })).collect();
    let digits = digits.join(" UNION ALL ");
    let numbers = format!(
        "SELECT {} + a.d + 16 * b.d + 256 * c.d + 4096 * e.d n \
         FROM ({digits}) a, ({digits}) b, ({digits}) c, ({digits}) e",
        plane * QUERY_CHARS
    );
    // Single-byte sets are asked byte by byte, so every value that a column can hold is covered.
    let (code, text) = match charset {
        "latin1" | "ascii" => {
            let text = format!("CONVERT(UNHEX(LPAD(HEX(n), 2, '0')) USING {charset})");
            (format!("CONV(HEX(CONVERT({text} USING utf32)), 16, 10)"), text)
        }
        _ => {
            let text = format!("CONVERT(CONVERT(UNHEX(LPAD(HEX(n), 8, '0')) USING utf32) USING {charset})");
            ("n".to_owned(), text)
        }
    };
    format!(
        "SELECT {code}, HEX(WEIGHT_STRING({text} COLLATE {collation})) FROM ({numbers}) numbers \
         WHERE n <= {last} AND n NOT BETWEEN 55296 AND 57343"
    )
}

impl CollationFold {
    /// Builds the fold from the rows of `fold_queries`: (code point in decimal, weights in hexadecimal).
    ///
    /// Errors: 1235 when a character is missing or a weight cannot be read: half a fold would be a wrong one.
    pub fn build<'r>(
        collation: &str,
        charset: &str,
        rows: impl IntoIterator<Item = (&'r str, &'r str)>,
    ) -> Result<Self, RouterError> {
        let refused = |what: &str| {
            RouterError::not_supported(format_args!(
                "the weights of collation '{collation}' cannot be used: {what}"
            ))
        };
        let shape = UnitShape::of(collation, charset);
        let mut weights = Weights::default();
        for (code, hex) in rows {
            let code = code.parse::<u32>().ok().filter(|c| char::from_u32(*c).is_some());
            let code = code.ok_or_else(|| refused("a row without a character"))?;
            weights.push(code, hex, shape).ok_or_else(|| refused("a weight that is not whole units"))?;
        }
        weights.characters.sort_unstable();
        if !weights.is_complete(charset) {
            return Err(refused("characters are missing"));
        }
        let symbols = Symbols::of(&weights);
        let mapped =
            weights.iter().map(|(code, units)| (code, units.iter().map(|unit| symbols.get(*unit)).collect()));
        Ok(Self::from_runs(collation.to_owned(), runs(mapped)))
    }
}

/// How weight strings split into units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnitShape {
    /// Single-byte character sets.
    Byte,
    /// The `general` collations: one 16-bit number for a character.
    Word,
    /// UCA: 16-bit numbers; a lead of FB00 to FBFF and the number after it (an implicit weight) mean something only together.
    Uca,
}

impl UnitShape {
    fn of(collation: &str, charset: &str) -> Self {
        match charset {
            "latin1" | "ascii" => Self::Byte,
            _ if collation.contains("_general_") => Self::Word,
            _ => Self::Uca,
        }
    }
}

/// Lead and follower of an implicit weight, as one unit; other units are below 2^16.
const IMPLICIT: std::ops::RangeInclusive<u32> = 0xFB00_0000..=0xFBFF_FFFF;

/// Each character's units, all in one list.
#[derive(Debug, Default)]
struct Weights {
    /// (code point, where its units start, how many).
    characters: Vec<(u32, u32, u32)>,
    units: Vec<u32>,
}

impl Weights {
    /// `None` when the text is not whole units.
    fn push(&mut self, code: u32, hex: &str, shape: UnitShape) -> Option<()> {
        let width = if shape == UnitShape::Byte { 2 } else { 4 };
        if !hex.len().is_multiple_of(width) {
            return None;
        }
        let start = self.units.len();
        let mut parts = hex
            .as_bytes()
            .chunks(width)
            .map(|part| u32::from_str_radix(std::str::from_utf8(part).ok()?, 16).ok());
        while let Some(part) = parts.next() {
            let unit = part?;
            let joined = shape == UnitShape::Uca && (0xFB00..=0xFBFF).contains(&unit);
            self.units.push(if joined { unit << 16 | parts.next()?? } else { unit });
        }
        self.characters.push((code, start as u32, (self.units.len() - start) as u32));
        Some(())
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.characters.iter().map(|(code, start, count)| {
            let units = self.units.get(*start as usize..(*start + *count) as usize);
            (*code, units.unwrap_or(&[]))
        })
    }

    /// Every character that a column of the character set can hold is there once. The characters are in order.
    fn is_complete(&self, charset: &str) -> bool {
        let surrogates = 0x800;
        let expected = match charset {
            "utf8mb4" => 0x11_0000 - surrogates,
            "utf8mb3" | "utf8" => 0x1_0000 - surrogates,
            "latin1" => 0x100,
            "ascii" => 0x80,
            _ => return false,
        };
        self.characters.len() == expected && self.characters.windows(2).all(|pair| pair[0].0 != pair[1].0)
    }
}

/// The character that stands for each unit: the smallest one that has it as its only weight, else one from the private-use planes. An
/// implicit weight holds the code point that it was made from, which stands for it.
struct Symbols(Vec<Option<char>>);

impl Symbols {
    fn of(weights: &Weights) -> Self {
        let mut symbols = vec![None; 0x1_0000];
        for (code, units) in weights.iter() {
            if let [unit] = units
                && let Some(symbol @ None) = symbols.get_mut(*unit as usize)
            {
                *symbol = char::from_u32(code);
            }
        }
        let mut others = 0;
        for unit in &weights.units {
            if let Some(symbol @ None) = symbols.get_mut(*unit as usize) {
                *symbol = char::from_u32(STAND_IN + others);
                others += 1;
            }
        }
        Self(symbols)
    }

    fn get(&self, unit: u32) -> char {
        if IMPLICIT.contains(&unit) {
            let code = (unit >> 16 & 0x3F) << 15 | unit & 0x7FFF;
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        self.0.get(unit as usize).copied().flatten().unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// Packs (character, stand-ins) in ascending order into runs; characters that stand for themselves are left out.
fn runs(mapped: impl Iterator<Item = (u32, Vec<char>)>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (code, chars) in mapped {
        let offset = match chars.as_slice() {
            [only] => Some(u32::from(*only) as i32 - code as i32),
            _ => None,
        };
        if offset == Some(0) {
            continue;
        }
        if let Some(run) = runs.last_mut().filter(|run| run.start + run.length == code)
            && extend(run, offset, &chars)
        {
            continue;
        }
        let to = match (offset, chars.as_slice()) {
            (Some(offset), _) => Target::Offset(offset),
            (None, []) => Target::Nothing,
            (None, several) => Target::Expansion(several.into()),
        };
        runs.push(Run { start: code, length: 1, to });
    }
    runs
}

/// Takes one more character into a run, if the same rule serves it.
fn extend(run: &mut Run, offset: Option<i32>, chars: &[char]) -> bool {
    let fits = match (&run.to, offset, chars) {
        (Target::Offset(by), Some(offset), _) if *by == offset => true,
        (Target::Offset(by), Some(_), [only]) if run.length == 1 => {
            let same = run.start.checked_add_signed(*by) == Some(u32::from(*only));
            if same {
                run.to = Target::Constant(*only);
            }
            same
        }
        (Target::Constant(target), Some(_), [only]) => target == only,
        (Target::Nothing, None, []) => true,
        (Target::Expansion(targets), None, several) => targets.as_ref() == several,
        _ => false,
    };
    if fits {
        run.length += 1;
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// latin1 with upper and lower case equal, ß as SS, and U+0001 without weight.
    fn rows() -> Vec<(String, String)> {
        (0..256_u32)
            .map(|code| {
                let weight = match code {
                    1 => String::new(),
                    0xDF => "5353".to_owned(),
                    0xE4 | 0xC4 => "41".to_owned(),
                    0xFE => "F8F9".to_owned(),
                    0xF8 | 0xF9 => "20".to_owned(),
                    97..=122 => format!("{:02X}", code - 32),
                    _ => format!("{code:02X}"),
                };
                (code.to_string(), weight)
            })
            .collect()
    }

    fn fold() -> CollationFold {
        let rows = rows();
        CollationFold::build("latin1_test", "latin1", rows.iter().map(|(c, w)| (c.as_str(), w.as_str())))
            .expect("complete")
    }

    #[test]
    fn equal_characters_have_the_smallest_as_stand_in() {
        assert_eq!(fold().fold("aBä"), "ABA");
    }

    #[test]
    fn expansions_and_ignorable_characters_are_folded() {
        assert_eq!(fold().fold("Stra\u{1}ße"), "STRASSE");
    }

    #[test]
    fn trailing_spaces_and_their_equals_vanish() {
        assert_eq!(fold().fold("a b \u{1}\u{F8}"), "A B");
        assert_eq!(fold().fold("AB  "), "AB");
        assert_eq!(fold().fold("   "), "");
    }

    #[test]
    fn a_weight_of_no_single_character_gets_a_stand_in() {
        let folded = fold().fold("\u{FE}").into_owned();
        assert_eq!(folded.chars().count(), 2);
        assert!(folded.chars().all(|c| c >= '\u{F0000}'));
    }

    #[test]
    fn a_missing_character_refuses_the_fold() {
        let mut rows = rows();
        rows.pop();
        let built =
            CollationFold::build("latin1_test", "latin1", rows.iter().map(|(c, w)| (c.as_str(), w.as_str())));
        assert!(built.is_err());
    }

    #[test]
    fn implicit_weights_are_one_unit_and_stand_for_their_character() {
        let mut weights = Weights::default();
        assert_eq!(weights.push(0x6F22, "FB40EF221C47", UnitShape::Uca), Some(()));
        assert_eq!(weights.units, [0xFB40_EF22, 0x1C47]);
        assert_eq!(weights.push(0x1, "FB40", UnitShape::Uca), None);
        assert_eq!(weights.push(0x1, "123", UnitShape::Word), None);
        assert_eq!(weights.push(0xFB01, "FB01", UnitShape::Word), Some(()));
        let symbols = Symbols::of(&weights);
        assert_eq!(symbols.get(0xFB40_EF22), '\u{6F22}');
        assert_eq!(symbols.get(0xFBC1_AC00), '\u{AC00}');
    }

    #[test]
    fn refused_collations_have_no_queries() {
        assert!(fold_queries("utf8mb4_uca1400_ai_ci", "utf8mb4").is_empty());
        assert!(fold_queries("utf8mb4_bin", "utf8mb4").is_empty());
        assert_eq!(fold_queries("utf8mb4_general_ci", "utf8mb4").len(), 17);
        assert_eq!(fold_queries("utf8mb3_general_ci", "utf8mb3").len(), 1);
    }
}
