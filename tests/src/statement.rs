//! What tests must know of a statement's text: its words, whether its rows are in order, what kind it is.

/// The words of a statement outside of strings, in lower case.
pub fn words(sql: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in outside_strings(sql) {
        let parts = piece.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        words.extend(parts.filter(|word| !word.is_empty()).map(str::to_lowercase));
    }
    words
}

/// The pieces of a statement between its strings in single and double quotes.
fn outside_strings(sql: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut quote = None;
    let mut characters = sql.chars();
    while let Some(c) = characters.next() {
        match quote {
            Some(_) if c == '\\' => _ = characters.next(),
            Some(open) if c == open => {
                quote = None;
                pieces.push(String::new());
            }
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None => pieces.last_mut().expect("there is one").push(c),
        }
    }
    pieces
}

/// Whether the outermost query has ORDER BY: one outside of all parentheses.
pub fn is_ordered(sql: &str) -> bool {
    let mut depth = 0usize;
    let mut top = String::new();
    for c in outside_strings(sql).join(" ").chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => top.push(c),
            _ => {}
        }
    }
    let words: Vec<String> = top.split_whitespace().map(str::to_lowercase).collect();
    words.windows(2).any(|pair| pair == ["order", "by"])
}

/// Whether it changes rows.
pub fn is_write(sql: &str) -> bool {
    let words = words(sql);
    match words.first().map(String::as_str) {
        Some("insert" | "replace" | "update" | "delete") => true,
        // MySQL's WITH ... UPDATE; not FOR UPDATE.
        Some("with") => {
            words.windows(2).any(|pair| (pair[1] == "update" && pair[0] != "for") || pair[1] == "delete")
        }
        _ => false,
    }
}

/// Whether it is a query.
pub fn is_query(sql: &str) -> bool {
    let word = words(sql).into_iter().next().unwrap_or_default();
    matches!(word.as_str(), "select" | "with" | "values" | "table") && !is_write(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_order_by_counts() {
        for (sql, expected) in [
            ("SELECT a FROM t ORDER BY a", true),
            ("SELECT a FROM t\norder\nby a", true),
            ("SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t", false),
            ("SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 3) x", false),
            ("SELECT 'x ORDER BY y' FROM t", false),
            ("(SELECT a FROM t) UNION (SELECT b FROM u) ORDER BY 1", true),
        ] {
            assert_eq!(is_ordered(sql), expected, "{sql}");
        }
    }

    #[test]
    fn words_of_strings_are_none() {
        assert_eq!(
            words("UPDATE `Orders` SET a='items' WHERE x.b=1"),
            ["update", "orders", "set", "a", "where", "x", "b", "1"]
        );
    }
}
