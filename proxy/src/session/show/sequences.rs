//! SHOW SEQUENCES, with DRDS's columns, and what SHOW CREATE TABLE says of a table's sequence.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::{Sequence, SequenceKind, TableKind};

use super::{Failure, ResultSet, Session};

/// What DRDS prints where a column has no meaning for a kind.
const NONE: &str = "N/A";

impl Session {
    pub(super) fn sequences(&self, catalog: &Catalog) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, None)?;
        let mut set = ResultSet::text(&[
            "NAME",
            "VALUE",
            "UNIT_COUNT",
            "UNIT_INDEX",
            "INNER_STEP",
            "INCREMENT_BY",
            "START_WITH",
            "MAX_VALUE",
            "CYCLE",
            "TYPE",
        ]);
        for sequence in database.sequences.values() {
            let number = |number: u64| number.to_string();
            let none = || NONE.to_owned();
            let [value, count, index, step, by, start, maximum, cycle] = match sequence.kind {
                SequenceKind::Group { unit_count, unit_index } => [
                    number(sequence.next),
                    number(unit_count.into()),
                    number(unit_index.into()),
                    number(sequence.inner_step),
                    none(),
                    none(),
                    none(),
                    none(),
                ],
                SequenceKind::Simple => [
                    number(sequence.next),
                    none(),
                    none(),
                    none(),
                    number(sequence.increment),
                    number(sequence.start_with),
                    number(sequence.maximum),
                    if sequence.cycle { "Y" } else { "N" }.to_owned(),
                ],
                SequenceKind::Time => std::array::from_fn(|_| none()),
            };
            set.push([
                sequence.name.as_str().into(),
                value.into(),
                count.into(),
                index.into(),
                step.into(),
                by.into(),
                start.into(),
                maximum.into(),
                cycle.into(),
                kind_name(sequence.kind).into(),
            ]);
        }
        Ok(set)
    }
}

/// As DRDS writes it.
pub(in crate::session) fn kind_name(kind: SequenceKind) -> &'static str {
    match kind {
        SequenceKind::Group { .. } => "GROUP",
        SequenceKind::Simple => "SIMPLE",
        SequenceKind::Time => "TIME",
    }
}

/// Puts the sequence of a table into its CREATE TABLE: the server's own AUTO_INCREMENT says nothing in a physical table, so the
/// sequence's next value stands there instead, and behind the column its kind, unless it is what AUTO_INCREMENT alone means.
pub(super) fn put_sequence(
    text: &mut String,
    kind: &TableKind,
    column: Option<&str>,
    sequence: Option<&Sequence>,
) {
    if matches!(kind, TableKind::Single) {
        return;
    }
    let next = sequence.filter(|s| s.kind != SequenceKind::Time).map(|s| s.next);
    set_auto_increment(text, next);
    let (Some(column), Some(sequence)) = (column, sequence) else { return };
    let by = match sequence.kind {
        SequenceKind::Group { unit_count: 0 | 1, .. } => return,
        SequenceKind::Group { unit_count, unit_index } => {
            format!(" BY GROUP UNIT COUNT {unit_count} INDEX {unit_index}")
        }
        kind => format!(" BY {}", kind_name(kind)),
    };
    let definition = format!("\n  {} ", ostrakon_router::sharding::topology::quote(column));
    let Some(start) = text.find(&definition).map(|at| at + definition.len()) else { return };
    // No literal stands before it: an AUTO_INCREMENT column has no default.
    if let Some(at) = text[start..].find("AUTO_INCREMENT").map(|at| start + at + "AUTO_INCREMENT".len()) {
        text.insert_str(at, &by);
    }
}

fn set_auto_increment(text: &mut String, next: Option<u64>) {
    let Some(options) = text.rfind("\n)") else { return };
    if let Some(at) = text[options..].find(" AUTO_INCREMENT=").map(|at| options + at) {
        let end = text[at + 1..].find(' ').map_or(text.len(), |n| at + 1 + n);
        text.replace_range(at..end, "");
    }
    if let Some(next) = next.filter(|n| *n > 1)
        && let Some(at) = text[options..].find(" DEFAULT CHARSET").map(|at| options + at)
    {
        text.insert_str(at, &format!(" AUTO_INCREMENT={next}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE `t` (\n  `AUTO_INCREMENT` int(11) DEFAULT 1,\n  `id` bigint(20) NOT NULL AUTO_INCREMENT COMMENT 'AUTO_INCREMENT',\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4";

    fn shown(kind: SequenceKind) -> String {
        let mut text = TABLE.to_owned();
        let sequence = Sequence::of_kind(kind, "AUTO_SEQ_t".to_owned(), 700);
        put_sequence(&mut text, &TableKind::Broadcast, Some("id"), Some(&sequence));
        text
    }

    #[test]
    fn a_table_shows_its_sequence() {
        assert_eq!(shown(SequenceKind::default()), TABLE.replace("=4 ", "=700 "));
        let column =
            |by: &str| TABLE.replace("NOT NULL AUTO_INCREMENT", &format!("NOT NULL AUTO_INCREMENT{by}"));
        assert_eq!(shown(SequenceKind::Simple), column(" BY SIMPLE").replace("=4 ", "=700 "));
        assert_eq!(shown(SequenceKind::Time), column(" BY TIME").replace(" AUTO_INCREMENT=4 ", " "));
        let units = SequenceKind::Group { unit_count: 3, unit_index: 0 };
        assert_eq!(shown(units), column(" BY GROUP UNIT COUNT 3 INDEX 0").replace("=4 ", "=700 "));
    }
}
