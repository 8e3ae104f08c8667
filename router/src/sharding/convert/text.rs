//! Text keys: character set, trailing spaces and folding, alike for what is stored and what is compared.

use std::borrow::Cow;
use std::sync::Arc;

use ostrakon_catalog::column::{Column, ColumnType};
use ostrakon_catalog::rule::Placement;

use super::Comparison;
use crate::RouterError;
use crate::sharding::fold::{CollationFold, FoldKind, fold_kind};
use crate::sharding::key::Key;
use crate::value::Value;

/// How a text column's values become the text that is hashed.
#[derive(Clone, Debug)]
pub(crate) struct TextRule {
    charset: Charset,
    /// CHAR: the server takes trailing spaces off.
    char_type: bool,
    /// Characters that the column holds, where the catalog knows.
    length: Option<u32>,
    fold: Fold,
}

#[derive(Clone, Debug)]
enum Fold {
    /// `PLACEMENT = DRDS`: as it is. The collation's name tells whether equal text is equal bytes.
    Raw {
        collation: Option<String>,
    },
    /// Equal text is equal characters, but for trailing spaces.
    Bytewise,
    Weights(Arc<CollationFold>),
}

/// Character sets whose text is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8mb4,
    Utf8mb3,
    /// MySQL's latin1 is Windows-1252.
    Latin1,
    Ascii,
}

impl Charset {
    fn of(name: &str) -> Option<Self> {
        match name {
            "utf8mb4" => Some(Self::Utf8mb4),
            "utf8mb3" | "utf8" => Some(Self::Utf8mb3),
            "latin1" => Some(Self::Latin1),
            "ascii" => Some(Self::Ascii),
            _ => None,
        }
    }

    /// The name that servers of every version know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8mb4 => "utf8mb4",
            Self::Utf8mb3 => "utf8mb3",
            Self::Latin1 => "latin1",
            Self::Ascii => "ascii",
        }
    }

    fn holds(self, c: char) -> bool {
        let code = u32::from(c);
        match self {
            Self::Utf8mb4 => true,
            Self::Utf8mb3 => code <= 0xFFFF,
            Self::Ascii => code < 0x80,
            Self::Latin1 => code < 0x80 || (0xA0..=0xFF).contains(&code) || is_windows_1252(c),
        }
    }
}

/// Bytes 80 to 9F of MySQL's latin1.
fn is_windows_1252(c: char) -> bool {
    "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ".contains(c) || matches!(u32::from(c), 0x81 | 0x8D | 0x8F | 0x90 | 0x9D)
}

/// The fold that a column asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Raw { collation: Option<String> },
    Bytewise,
    Weights { collation: String },
}

/// The character set and fold of a text shard key.
///
/// Errors: 1235 for a character set or collation that cannot be a shard key's.
pub(crate) fn check(column: &Column, placement: Placement) -> Result<(Charset, Wanted), RouterError> {
    let (ColumnType::Char { charset, collation, .. } | ColumnType::VarChar { charset, collation, .. }) =
        &column.data_type
    else {
        return Err(RouterError::not_supported(format_args!("column '{}' as a text shard key", column.name)));
    };
    let name = charset.as_deref().or_else(|| collation.as_deref().and_then(|c| c.split('_').next()));
    let Some(charset) = name.and_then(Charset::of) else {
        return Err(RouterError::not_supported(format_args!(
            "shard key '{}' in character set {}: use utf8mb4, utf8mb3, latin1 or ascii",
            column.name,
            name.unwrap_or("that only the server knows")
        )));
    };
    if placement == Placement::Drds {
        return Ok((charset, Wanted::Raw { collation: collation.clone() }));
    }
    let Some(collation) = collation.as_deref() else {
        return Err(RouterError::not_supported(format_args!(
            "shard key '{}' without a known collation: write COLLATE",
            column.name
        )));
    };
    match fold_kind(collation) {
        Some(FoldKind::Bytewise) => Ok((charset, Wanted::Bytewise)),
        Some(FoldKind::Weights) => Ok((charset, Wanted::Weights { collation: collation.to_owned() })),
        None => Err(RouterError::not_supported(format_args!(
            "shard key '{}' with collation '{collation}', whose equality cannot be folded: use utf8mb4_bin, \
             utf8mb4_general_ci, utf8mb4_unicode_ci, utf8mb4_unicode_520_ci or utf8mb4_0900_ai_ci",
            column.name
        ))),
    }
}

impl TextRule {
    /// Errors: 1235 for a character set or collation that cannot be a shard key's, or a fold that the catalog does not hold.
    pub fn new(
        column: &Column,
        placement: Placement,
        fold: &dyn Fn(&str) -> Option<Arc<CollationFold>>,
    ) -> Result<Self, RouterError> {
        let (charset, wanted) = check(column, placement)?;
        let char_type = matches!(column.data_type, ColumnType::Char { .. });
        let length = match column.data_type {
            ColumnType::Char { length, .. } | ColumnType::VarChar { length, .. } => length,
            _ => None,
        };
        let fold = match wanted {
            Wanted::Raw { collation } => Fold::Raw { collation },
            Wanted::Bytewise => Fold::Bytewise,
            Wanted::Weights { collation } => Fold::Weights(fold(&collation).ok_or_else(|| {
                RouterError::not_supported(format_args!(
                    "the fold of collation '{collation}' is not in the catalog yet"
                ))
            })?),
        };
        Ok(Self { charset, char_type, length, fold })
    }

    /// The key that an INSERT of `value` stores.
    ///
    /// Errors: 1366, 1406, 1235 as for [`super::KeyColumn::assign`].
    pub fn assign<'v>(&self, value: &'v Value<'_>, column: &str) -> Result<Key<'v>, RouterError> {
        let incorrect = || {
            RouterError::new(1366, "HY000", format!("Incorrect string value for shard key column '{column}'"))
        };
        let text: Cow<'v, str> = match value {
            Value::Text(bytes) => self.checked(bytes).ok_or_else(incorrect)?.into(),
            Value::Bytes(bytes) if self.is_utf8() => self.checked(bytes).ok_or_else(incorrect)?.into(),
            Value::Int(number) => number.to_string().into(),
            Value::UInt(number) => number.to_string().into(),
            Value::Decimal(text) if is_canonical(text) => Cow::Borrowed(text.as_ref()),
            _ => {
                return Err(RouterError::not_supported(format_args!(
                    "a value for text shard key '{column}' whose stored form depends on the server: write it as a string"
                )));
            }
        };
        Ok(Key::Text(self.canonical(self.fitting(text, column)?)))
    }

    /// The text without the trailing spaces that go beyond the column's length: servers cut these in every mode. Other text that is too
    /// long is refused, though a lax server would cut it too: the row would then lie where its uncut value leads.
    fn fitting<'t>(&self, text: Cow<'t, str>, column: &str) -> Result<Cow<'t, str>, RouterError> {
        let length = self.length.map_or(usize::MAX, |length| length as usize);
        let cut = match text.char_indices().nth(length) {
            Some((cut, _)) if text.len() > length => cut,
            _ => return Ok(text),
        };
        let (kept, rest) = text.split_at(cut);
        if rest.bytes().any(|b| b != b' ') {
            let message = format!("Data too long for shard key column '{column}' at row 1");
            return Err(RouterError::new(1406, "22001", message));
        }
        Ok(match &text {
            Cow::Borrowed(whole) => Cow::Borrowed(whole.get(..cut).unwrap_or(whole)),
            Cow::Owned(_) => Cow::Owned(kept.to_owned()),
        })
    }

    /// What `column = value` says. Numbers compare with text as doubles and temporal values as dates, so many texts may match; bytes compare as
    /// bytes, which match no more than the same text does.
    pub fn compare<'v>(&self, value: &'v Value<'_>) -> Comparison<'v> {
        let text = match value {
            Value::Text(bytes) => self.checked(bytes),
            Value::Bytes(bytes) if self.is_utf8() => self.checked(bytes),
            _ => None,
        };
        match text {
            Some(text) => Comparison::Exact(Key::Text(self.canonical(text.into()))),
            None => Comparison::Unknown,
        }
    }

    /// True when rows whose keys compare equal under both columns have equal hashed text.
    pub fn agrees_with(&self, other: &Self) -> bool {
        if self.charset != other.charset {
            return false;
        }
        match (&self.fold, &other.fold) {
            (Fold::Bytewise, Fold::Bytewise) => true,
            (Fold::Weights(a), Fold::Weights(b)) => a == b,
            // Raw text agrees only where the collation compares bytes, without padding, and neither side loses its spaces.
            (Fold::Raw { collation: a }, Fold::Raw { collation: b }) => {
                let exact = |c: &str| c.ends_with("_nopad_bin") || c.ends_with("_0900_bin");
                a == b && a.as_deref().is_some_and(exact) && self.char_type == other.char_type
            }
            _ => false,
        }
    }

    fn is_utf8(&self) -> bool {
        matches!(self.charset, Charset::Utf8mb4 | Charset::Utf8mb3)
    }

    /// UTF-8 text that the column's character set can hold.
    fn checked<'b>(&self, bytes: &'b [u8]) -> Option<&'b str> {
        let text = std::str::from_utf8(bytes).ok()?;
        text.chars().all(|c| self.charset.holds(c)).then_some(text)
    }

    fn canonical<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        match &self.fold {
            Fold::Raw { .. } if !self.char_type => text,
            Fold::Raw { .. } | Fold::Bytewise => map(text, |t| Cow::Borrowed(t.trim_end_matches(' '))),
            Fold::Weights(fold) => map(text, |t| fold.fold(t)),
        }
    }
}

/// Applies `to` to owned or borrowed text, keeping what was borrowed borrowed.
fn map<'t>(text: Cow<'t, str>, to: impl for<'a> Fn(&'a str) -> Cow<'a, str>) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(text) => to(text),
        Cow::Owned(text) => Cow::Owned(to(&text).into_owned()),
    }
}

/// A decimal whose stored text is the literal itself.
fn is_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    numeric(whole)
        && fraction.is_none_or(numeric)
        && (whole == "0" || !whole.starts_with('0'))
        && !(zero && text.starts_with('-'))
}

/// The value of a DEFAULT's literal; `None` for one that needs a server to read.
pub(super) fn literal(text: &str) -> Option<Value<'static>> {
    if text.eq_ignore_ascii_case("null") {
        return Some(Value::Null);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(Value::Int(number));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(Value::UInt(number));
    }
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            let doubled = format!("{quote}{quote}");
            let lone = inner.replace(&doubled, "").contains(quote);
            let plain = inner.replace(&doubled, &quote.to_string());
            return (!inner.contains('\\') && !lone).then(|| Value::Text(plain.into_bytes().into()));
        }
    }
    None
}
