//! Small results that the session makes itself: SHOW, EXPLAIN, administration.

/// Type of a column of our own results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    Text,
    Integer,
    /// BIGINT, which a value of a sequence is.
    Signed,
}

/// A result set in memory, written to the client in the protocol that the statement came in.
#[derive(Clone, Debug, Default)]
pub struct ResultSet {
    pub columns: Vec<(String, CellType)>,
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
}

impl ResultSet {
    /// Text columns of these names.
    pub fn text(names: &[&str]) -> Self {
        Self { columns: names.iter().map(|n| ((*n).to_owned(), CellType::Text)).collect(), rows: Vec::new() }
    }

    /// The named column holds integers.
    pub fn integer(mut self, name: &str) -> Self {
        for column in &mut self.columns {
            if column.0 == name {
                column.1 = CellType::Integer;
            }
        }
        self
    }

    pub fn push<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into_iter().map(|c| c.0).collect());
    }

    /// Keeps the rows whose first column matches a LIKE pattern, without case.
    pub fn keep_like(&mut self, pattern: &str) {
        self.rows.retain(|row| {
            row.first()
                .and_then(Option::as_ref)
                .is_some_and(|cell| like(pattern, &String::from_utf8_lossy(cell)))
        });
    }

    /// A SELECT that gives these rows, so that a server can evaluate a WHERE over them.
    pub fn as_select(&self, filter: &str) -> String {
        let literal = |cell: &Option<Vec<u8>>, kind: CellType| match (cell, kind) {
            (None, _) => "NULL".to_owned(),
            (Some(v), CellType::Integer | CellType::Signed) => String::from_utf8_lossy(v).into_owned(),
            // What a backslash means depends on the session's sql_mode.
            (Some(v), CellType::Text) if v.iter().any(|b| matches!(b, b'\\' | 0)) => {
                format!("_utf8mb4 x'{}'", v.iter().map(|b| format!("{b:02x}")).collect::<String>())
            }
            (Some(v), CellType::Text) => quote_string(&String::from_utf8_lossy(v)),
        };
        let mut parts: Vec<String> = Vec::with_capacity(self.rows.len() + 1);
        let header: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| format!("NULL AS {}", ostrakon_router::sharding::topology::quote(name)))
            .collect();
        parts.push(format!("SELECT {} FROM (SELECT 1) n WHERE FALSE", header.join(", ")));
        for row in &self.rows {
            let cells: Vec<String> =
                row.iter().zip(&self.columns).map(|(c, (_, kind))| literal(c, *kind)).collect();
            parts.push(format!("SELECT {}", cells.join(", ")));
        }
        format!("SELECT * FROM ({}) t WHERE {filter}", parts.join(" UNION ALL "))
    }
}

/// One cell.
pub struct Cell(pub Option<Vec<u8>>);

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell(Some(text.as_bytes().to_vec()))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell(Some(text.into_bytes()))
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        number.to_string().into()
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        number.to_string().into()
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Cell(text.map(String::into_bytes))
    }
}

/// `'text'` with quotes and backslashes escaped, for a server without NO_BACKSLASH_ESCAPES.
pub fn quote_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// SQL LIKE with `%`, `_` and `\`, without case (as SHOW compares names).
pub fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().flat_map(char::to_lowercase).collect();
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    // `star`: where the last `%` was, and how much of the text it has taken so far.
    let (mut p, mut t, mut star) = (0, 0, None::<(usize, usize)>);
    while t < text.len() {
        let escaped = pattern.get(p) == Some(&'\\') && p + 1 < pattern.len();
        let wanted = if escaped { pattern.get(p + 1) } else { pattern.get(p) };
        match wanted {
            Some('%') if !escaped => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if (!escaped && *c == '_') || *c == text[t] => {
                p += if escaped { 2 } else { 1 };
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_follows_sql() {
        for (pattern, text, expected) in [
            ("%", "", true),
            ("a%", "ABC", true),
            ("%c", "abc", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("a\\_c", "abc", false),
            ("a\\_c", "a_c", true),
            ("%b%b%", "abcb", true),
            ("%b%b%", "abc", false),
            ("abc", "abcd", false),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn rows_become_a_select_that_a_server_can_filter() {
        let mut set = ResultSet::text(&["Name", "N"]).integer("N");
        set.push(["it's".into(), 1u64.into()]);
        assert_eq!(
            set.as_select("N = 1"),
            "SELECT * FROM (SELECT NULL AS `Name`, NULL AS `N` FROM (SELECT 1) n WHERE FALSE UNION ALL SELECT 'it''s', 1) t WHERE N = 1"
        );
    }
}
