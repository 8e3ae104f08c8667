//! Undo of an ALTER TABLE, found by comparing the definitions before and after it.
//!
//! **Invariant:** an undo never loses rows or values that were there before the change: where only that would do, there is none.

use super::definition::Definition;

/// The clauses of an ALTER TABLE that make `after` to `before` again; `None` where values are lost or changed already.
/// Their own names of the table are still to be put in.
pub fn clauses(before: &Definition, after: &Definition) -> Option<Vec<String>> {
    let mut clauses = Vec::new();
    // Columns that were there must be there, unchanged and in their order; the others were added.
    let mut expected = before.columns.iter().peekable();
    for column in &after.columns {
        if expected.peek() == Some(&column) {
            expected.next();
        } else if before.columns.iter().any(|old| name(old) == name(column)) {
            return None;
        } else {
            clauses.push(format!("DROP COLUMN {}", name(column)?));
        }
    }
    if expected.next().is_some() {
        return None;
    }
    for key in after.keys.iter().filter(|key| !before.keys.contains(key)) {
        clauses.push(drop_key(key)?);
    }
    for key in before.keys.iter().filter(|key| !after.keys.contains(key)) {
        clauses.push(format!("ADD {key}"));
    }
    if before.options != after.options {
        let (rest_before, comment) = comment_apart(&before.options);
        if rest_before != comment_apart(&after.options).0 {
            return None;
        }
        clauses.push(format!("COMMENT={}", comment.unwrap_or("''")));
    }
    Some(clauses)
}

/// The first quoted name of a part, with its quotes.
fn name(part: &str) -> Option<&str> {
    let start = part.find('`')?;
    let mut at = start + 1;
    loop {
        at += part.get(at..)?.find('`')? + 1;
        if part.as_bytes().get(at) != Some(&b'`') {
            return part.get(start..at);
        }
        at += 1;
    }
}

fn drop_key(key: &str) -> Option<String> {
    if key.starts_with("PRIMARY KEY") {
        return Some("DROP PRIMARY KEY".to_owned());
    }
    let kind = if key.starts_with("CONSTRAINT") { "CONSTRAINT" } else { "INDEX" };
    Some(format!("DROP {kind} {}", name(key)?))
}

/// The options without the comment, which is the last of them but for partitions, and the comment as a literal.
fn comment_apart(options: &str) -> (&str, Option<&str>) {
    const COMMENT: &str = " COMMENT=";
    match options.find(COMMENT) {
        Some(at) => {
            let literal = options.get(at + COMMENT.len()..).unwrap_or_default();
            // What follows it (partitions, comments of versions) would be taken for a part of it.
            match literal.starts_with('\'') && literal.ends_with('\'') && literal.len() > 1 {
                true => (options.get(..at).unwrap_or_default(), Some(literal)),
                false => (options, None),
            }
        }
        None => (options, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(columns: &[&str], keys: &[&str], options: &str) -> Definition {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Definition { columns: owned(columns), keys: owned(keys), options: options.to_owned() }
    }

    const ID: &str = "`id` int NOT NULL";
    const V: &str = "`v` int DEFAULT NULL";
    const OPTIONS: &str = ") ENGINE=InnoDB";

    #[test]
    fn what_was_added_is_dropped_and_what_was_dropped_without_loss_is_added() {
        let before = of(&[ID, V], &["KEY `old` (`v`)", "PRIMARY KEY (`id`)"], OPTIONS);
        let after = of(
            &["`n``w` int", ID, V, "`last` int"],
            &["CONSTRAINT `<table>_chk_1` CHECK (`v` > 0)", "PRIMARY KEY (`id`)", "UNIQUE KEY `u` (`v`)"],
            ") ENGINE=InnoDB COMMENT='it''s'",
        );
        assert_eq!(
            clauses(&before, &after).unwrap(),
            [
                "DROP COLUMN `n``w`",
                "DROP COLUMN `last`",
                "DROP CONSTRAINT `<table>_chk_1`",
                "DROP INDEX `u`",
                "ADD KEY `old` (`v`)",
                "COMMENT=''"
            ]
        );
        assert_eq!(clauses(&before, &before).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn comments_come_back_as_they_were() {
        let before = of(&[ID], &[], ") ENGINE=InnoDB COMMENT='was'");
        let after = of(&[ID], &[], ") ENGINE=InnoDB COMMENT='is'");
        assert_eq!(clauses(&before, &after).unwrap(), ["COMMENT='was'"]);
    }

    #[test]
    fn values_that_are_gone_or_changed_do_not_come_back() {
        let before = of(&[ID, V], &[], OPTIONS);
        assert_eq!(clauses(&before, &of(&[ID], &[], OPTIONS)), None, "a column was dropped");
        assert_eq!(clauses(&before, &of(&[ID, "`v` tinyint DEFAULT NULL"], &[], OPTIONS)), None, "changed");
        assert_eq!(clauses(&before, &of(&[V, ID], &[], OPTIONS)), None, "moved");
        assert_eq!(clauses(&before, &of(&[ID, "`w` int DEFAULT NULL"], &[], OPTIONS)), None, "renamed?");
        assert_eq!(clauses(&before, &of(&[ID, V], &[], ") ENGINE=Aria")), None, "options");
    }
}
