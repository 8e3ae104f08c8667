//! How a column's values travel from where they are into a temporary table, so that every one of them arrives as it was.
//!
//! Most do so as the bytes that a server prints for them, when no character set is converted on the way. Where the text is not the value
//! (FLOAT has six digits of it, an hour of TIMESTAMP comes twice a year), another expression is selected, and undone where it is stored.

use ostrakon_catalog::column::ColumnType;

/// Writes an expression over another one.
pub type Wrap = fn(&str) -> String;

/// How the values of one column travel.
#[derive(Clone, Copy, Debug)]
pub struct Carriage {
    /// What is selected, over the quoted column.
    source: Option<Wrap>,
    /// What is stored, over the value that came: a user variable or a literal of binary strings.
    load: Option<Wrap>,
    /// The value that the server stores with a warning though it is right.
    warned: Option<&'static [u8]>,
    /// What comes in place of a value that cannot travel.
    lost: Option<&'static [u8]>,
}

impl Carriage {
    pub const PLAIN: Self = Self { source: None, load: None, warned: None, lost: None };

    /// The expression to select for a column, which is written `column`.
    pub fn source(&self, column: &str) -> String {
        self.source.map_or_else(|| column.to_owned(), |wrap| wrap(column))
    }

    /// The column itself is selected.
    pub fn is_plain_at_source(&self) -> bool {
        self.source.is_none()
    }

    /// The expression to store where it is not the value that came.
    pub fn load(&self) -> Option<Wrap> {
        self.load
    }

    /// Whether the server warns of this value (error 1265) and stores it all the same.
    pub fn is_warned_of(&self, value: &[u8]) -> bool {
        self.warned == Some(value)
    }

    /// Whether this stands for a value that cannot travel exactly: the statement must be refused.
    pub fn is_lost(&self, value: &[u8]) -> bool {
        self.lost == Some(value)
    }
}

/// How values of this type travel between servers of one family: of MariaDB, or of MySQL.
pub fn carriage(data_type: &ColumnType, mariadb: bool) -> Carriage {
    let plain = Carriage::PLAIN;
    match data_type {
        // All 17 digits, and the sign of -0.
        ColumnType::Float | ColumnType::Double => {
            Carriage { source: Some(|column| format!("{column} * 1e0")), ..plain }
        }
        // As it is stored, whatever the time zones; 0 is '0000-00-00', as no other value is there.
        ColumnType::Timestamp { .. } => Carriage {
            source: Some(|column| format!("UNIX_TIMESTAMP({column})")),
            load: Some(|value| format!("IF({value} = 0, '0000-00-00', FROM_UNIXTIME({value}))")),
            ..plain
        },
        // By number: an ENUM's error value has the text of '', which may be a member too.
        ColumnType::Enum => Carriage {
            source: Some(|column| format!("CAST({column} AS UNSIGNED)")),
            load: Some(|value| format!("CAST({value} AS UNSIGNED)")),
            warned: Some(b"0"),
            ..plain
        },
        ColumnType::Set | ColumnType::Bit => Carriage {
            source: Some(|column| format!("CAST({column} AS UNSIGNED)")),
            load: Some(|value| format!("CAST({value} AS UNSIGNED)")),
            ..plain
        },
        // Text for MariaDB. A MySQL document can hold what its text does not tell: a date, a decimal of more digits than a double has.
        ColumnType::Json if !mariadb => Carriage {
            source: Some(|column| {
                format!(
                    "IF({column} = CAST(CAST({column} AS CHAR) AS JSON) \
                     AND CAST({column} AS BINARY) = CAST(CAST(CAST({column} AS CHAR) AS JSON) AS BINARY), \
                     {column}, IF({column} IS NULL, NULL, ''))"
                )
            }),
            load: Some(|value| format!("CONVERT({value} USING utf8mb4)")),
            lost: Some(b""),
            ..plain
        },
        // Sixteen bytes of the binary character set would be taken for the value, not for its text.
        ColumnType::Other(name) if matches!(name.as_str(), "uuid" | "inet6" | "inet4") => {
            Carriage { load: Some(|value| format!("CONVERT({value} USING latin1)")), ..plain }
        }
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_text_would_change_travels_by_another_expression() {
        let float = carriage(&ColumnType::Float, true);
        assert_eq!((float.source("t.`f`"), float.load().is_none()), ("t.`f` * 1e0".to_owned(), true));
        let timestamp = carriage(&ColumnType::Timestamp { fsp: 3 }, false);
        assert_eq!(timestamp.source("`t`"), "UNIX_TIMESTAMP(`t`)");
        assert_eq!(timestamp.load().unwrap()("@v"), "IF(@v = 0, '0000-00-00', FROM_UNIXTIME(@v))");
        let text = carriage(&ColumnType::Text { charset: None, collation: None }, false);
        assert!(text.is_plain_at_source() && text.load().is_none());
    }

    #[test]
    fn a_value_that_cannot_travel_is_known() {
        let json = carriage(&ColumnType::Json, false);
        assert!(json.is_lost(b"") && !json.is_lost(b"{}"));
        let json = carriage(&ColumnType::Json, true);
        assert!(json.is_plain_at_source() && !json.is_lost(b""));
        let kind = carriage(&ColumnType::Enum, true);
        assert!(kind.is_warned_of(b"0") && !kind.is_warned_of(b"00"));
    }
}
