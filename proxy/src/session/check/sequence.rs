//! The sequence behind an AUTO_INCREMENT column, which must be ahead of every value in the table.

use ostrakon_catalog::auto_sequence_name;
use ostrakon_catalog::schema::{SequenceKind, TableKind};
use ostrakon_router::sharding::topology::quote;

use super::Target;
use super::finding::{Finding, Repair};
use super::probe::Probe;
use super::structure::Structure;

/// Compares the greatest value of all physical tables with the sequence's next one.
pub async fn check(probe: &Probe, target: &Target, structure: &Structure, findings: &mut Vec<Finding>) {
    let Some((_, column)) = target.table.auto_increment() else { return };
    if target.table.kind == TableKind::Single {
        return;
    }
    let mut greatest: Option<(u128, String)> = None;
    for table in structure.present.iter().filter_map(|index| target.topology.get(*index)) {
        let Some(group) = target.group(table) else { continue };
        let sql = format!("SELECT MAX({}) FROM {}", quote(&column.name), table.quoted);
        match probe.ask(group.instance, &sql).await {
            Ok(answer) => {
                // Negative values are none that a sequence gives.
                let Ok(value) = answer.text(0, 0).parse::<u128>() else { continue };
                if greatest.as_ref().is_none_or(|(known, _)| value > *known) {
                    greatest = Some((value, target.place(table)));
                }
            }
            Err(e) => findings.push(Finding::error(format!("{}: {e}", target.place(table)), Vec::new())),
        }
    }
    // Read after the table: a sequence only rises, and before the row is written.
    let catalog = probe.worker().node.meta.catalog();
    let name = auto_sequence_name(&target.table.name);
    let qualified = format!("{}.{}", quote(&target.database.name), quote(&name));
    let Some(sequence) = catalog.sequence(&target.database.name, &name) else {
        findings.push(Finding::error(
            format!("sequence {name} of AUTO_INCREMENT column '{}' is missing", column.name),
            vec![Repair::nothing_safe(
                None,
                "the catalog has lost the sequence: restore the catalog from a backup",
            )],
        ));
        return;
    };
    if sequence.kind == SequenceKind::Time || sequence.cycle {
        return;
    }
    if let Some((value, place)) = greatest
        && value >= u128::from(sequence.next)
    {
        let text = format!(
            "sequence {name} gives {} next, and {place} has '{}' = {value} already",
            sequence.next, column.name
        );
        let repair = match u64::try_from(value).ok().and_then(|v| v.checked_add(1)) {
            Some(next) if next <= sequence.maximum => Repair::on_node(
                format!("ALTER SEQUENCE {qualified} START WITH {next}"),
                "values that are in the table would be given again",
            ),
            _ => Repair::nothing_safe(None, "no value above the greatest one is left for the sequence"),
        };
        findings.push(Finding::error(text, vec![repair]));
    }
}
