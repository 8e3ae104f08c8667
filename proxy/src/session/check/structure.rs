//! Topology and definitions: physical tables that are missing or too many, and what differs between them and from the catalog.

use std::collections::{BTreeMap, BTreeSet};

use ostrakon_catalog::column::{Column, ColumnType, Key};
use ostrakon_catalog::schema::{Group, Table, TableKind};
use ostrakon_router::sharding::topology::quote;
use ostrakon_router::sharding::{PhysicalTable, Topology};

use super::Target;
use super::definition::{Definition, Difference};
use super::finding::{Finding, Repair};
use super::probe::Probe;
use crate::error::{SqlError, UNKNOWN_DATABASE};
use crate::session::definition;
use crate::session::result::quote_string;

/// What later checks can rely on.
#[derive(Default)]
pub struct Structure {
    /// What most physical tables are; `None` when none could be read.
    pub reference: Option<Definition>,
    /// Physical tables that are there, by index.
    pub present: BTreeSet<usize>,
    /// Of those the ones with the reference definition.
    pub alike: BTreeSet<usize>,
}

/// Checks both and adds what it finds.
pub async fn check(probe: &Probe, target: &Target, findings: &mut Vec<Finding>) -> Structure {
    let mut structure = Structure::default();
    let mut missing = Vec::new();
    let mut missing_databases = Vec::new();
    let others = other_names(target);
    for (index, group) in target.database.groups.iter().enumerate() {
        let expected: Vec<&PhysicalTable> =
            target.topology.tables().iter().filter(|t| t.group == index).collect();
        let names = match listed(probe, group, target.topology.prefix()).await {
            Ok(names) => names,
            Err(e) if e.errno == UNKNOWN_DATABASE => {
                missing_databases.push(group);
                missing.extend(expected);
                continue;
            }
            Err(e) => {
                findings.push(Finding::error(format!("group {}: {e}", group.name), Vec::new()));
                continue;
            }
        };
        for table in &expected {
            match names.get(&*table.name).map(String::as_str) {
                None => missing.push(table),
                Some("BASE TABLE") => {
                    structure.present.insert(table.index);
                }
                Some(kind) => findings.push(Finding::error(
                    format!("{} is no table but a {kind}", target.place(table)),
                    vec![Repair::nothing_safe(
                        Some(&group.name),
                        format!(
                            "what {} {} is for is not known: rename it, then make the plan again",
                            kind, table.quoted
                        ),
                    )],
                )),
            }
        }
        for name in names.keys() {
            let known = expected.iter().any(|t| *t.name == **name) || others.contains(&(index, name.clone()));
            if !known && belongs(name, target.topology.prefix()) {
                findings.push(stray(probe, group, name).await);
            }
        }
    }
    let distinct = definitions(probe, target, &structure.present, findings).await;
    structure.reference = reference(probe, target, &distinct);
    for group in missing_databases {
        findings.push(missing_database(target, group));
    }
    for table in missing {
        findings.push(missing_table(target, table, structure.reference.as_ref()));
    }
    if let Some(reference) = &structure.reference {
        for (definition, indexes) in &distinct {
            let differences = definition.differences(reference);
            if differences.is_empty() {
                structure.alike.extend(indexes);
                continue;
            }
            for table in indexes.iter().filter_map(|index| target.topology.get(*index)) {
                findings.extend(differing(target, table, reference, &differences));
            }
        }
        findings.extend(against_catalog(probe, target, reference));
    }
    structure
}

/// Tables of a group whose names start with `prefix`, with their kind.
async fn listed(probe: &Probe, group: &Group, prefix: &str) -> Result<BTreeMap<String, String>, SqlError> {
    let pattern: String = prefix
        .chars()
        .flat_map(|c| matches!(c, '_' | '%' | '\\').then_some('\\').into_iter().chain([c]))
        .chain(['%'])
        .collect();
    let sql =
        format!("SHOW FULL TABLES FROM {} LIKE {}", quote(&group.physical_database), quote_string(&pattern));
    let answer = probe.ask(group.instance, &sql).await?;
    Ok((0..answer.rows.len()).map(|row| (answer.text(row, 0), answer.text(row, 1))).collect())
}

/// A name that only this table's physical tables can have.
fn belongs(name: &str, prefix: &str) -> bool {
    match name.strip_prefix(prefix) {
        Some("") => true,
        Some(rest) => {
            rest.strip_prefix('_').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        }
        None => false,
    }
}

/// (group, name) of the physical tables of all other tables of the database.
fn other_names(target: &Target) -> BTreeSet<(usize, String)> {
    let mut names = BTreeSet::new();
    for table in target.database.tables.values().filter(|t| t.id != target.table.id) {
        if let Ok(topology) = Topology::new(table, &target.database) {
            names.extend(topology.tables().iter().map(|t| (t.group, t.name.to_string())));
        }
    }
    names
}

async fn stray(probe: &Probe, group: &Group, name: &str) -> Finding {
    let quoted = format!("{}.{}", quote(&group.physical_database), quote(name));
    let text = format!("{}.{name} is there, but no physical table of this table's has that name", group.name);
    let repair = match probe.ask(group.instance, &format!("SELECT 1 FROM {quoted} LIMIT 1")).await {
        Ok(answer) if answer.rows.is_empty() => Repair::on(
            &group.name,
            format!("DROP TABLE {quoted}"),
            "no statement reaches it, and it is empty",
        ),
        Ok(_) => Repair::nothing_safe(
            Some(&group.name),
            format!(
                "{quoted} holds rows that no statement reaches: save what is needed of them, then DROP TABLE {quoted}"
            ),
        ),
        Err(e) => Repair::nothing_safe(Some(&group.name), format!("{quoted} cannot be read: {e}")),
    };
    Finding::error(text, vec![repair])
}

fn missing_database(target: &Target, group: &Group) -> Finding {
    let name = quote(&group.physical_database);
    let create = format!(
        "CREATE DATABASE {name} CHARACTER SET {} COLLATE {}",
        target.database.charset, target.database.collation
    );
    Finding::error(
        format!("group {}: physical database {name} is missing", group.name),
        vec![Repair::on(&group.name, create, "it is missing; what was in it must come from a backup")],
    )
}

fn missing_table(target: &Target, table: &PhysicalTable, reference: Option<&Definition>) -> Finding {
    let group = target.group_name(table);
    let reason = match target.table.kind {
        TableKind::Broadcast => "it is missing; make the plan again afterwards for its rows",
        _ => "it is missing; its rows, if it had any, must come from a backup",
    };
    let repair = match reference {
        Some(reference) => Repair::on(group, reference.create(&table.quoted, &table.name), reason),
        None => Repair::nothing_safe(
            Some(group),
            "it is missing, and no other physical table tells its definition: restore it from a backup",
        ),
    };
    Finding::error(format!("{} is missing", target.place(table)), vec![repair])
}

/// The different definitions, each with the physical tables that have it.
async fn definitions(
    probe: &Probe,
    target: &Target,
    present: &BTreeSet<usize>,
    findings: &mut Vec<Finding>,
) -> Vec<(Definition, Vec<usize>)> {
    let mut distinct: Vec<(Definition, Vec<usize>)> = Vec::new();
    for table in present.iter().filter_map(|index| target.topology.get(*index)) {
        let Some(group) = target.group(table) else { continue };
        let read = match probe.ask(group.instance, &format!("SHOW CREATE TABLE {}", table.quoted)).await {
            Ok(answer) => Definition::read(&answer.text(0, 1), &table.name)
                .ok_or_else(|| SqlError::other("its definition cannot be read")),
            Err(e) => Err(e),
        };
        match read {
            Err(e) => findings.push(Finding::error(format!("{}: {e}", target.place(table)), Vec::new())),
            Ok(definition) => match distinct.iter_mut().find(|(known, _)| *known == definition) {
                Some((_, indexes)) => indexes.push(table.index),
                None => distinct.push((definition, vec![table.index])),
            },
        }
    }
    distinct
}

/// The definition that the others are held against: one that the catalog knows, before the one that most have.
fn reference(probe: &Probe, target: &Target, distinct: &[(Definition, Vec<usize>)]) -> Option<Definition> {
    let rank = |(definition, indexes): &&(Definition, Vec<usize>)| {
        let known = parsed(probe, definition)
            .is_ok_and(|(c, k)| catalog_differences(&target.table, &c, &k).is_empty());
        (known, indexes.len())
    };
    // The first of equals, which `max_by_key` does not give.
    distinct.iter().rev().max_by_key(rank).map(|(definition, _)| definition.clone())
}

fn differing(
    target: &Target,
    table: &PhysicalTable,
    reference: &Definition,
    differences: &[Difference],
) -> Vec<Finding> {
    let group = target.group_name(table);
    let (mut clauses, mut refused) = (Vec::new(), Vec::new());
    for difference in differences {
        match reference.clause(difference, &table.name) {
            Ok(clause) => clauses.push(clause),
            Err(reason) => {
                refused.push(Repair::nothing_safe(Some(group), format!("{}: {reason}", target.place(table))))
            }
        }
    }
    // One statement, so that the table is changed once.
    let alter = (!clauses.is_empty()).then(|| {
        Repair::on(
            group,
            format!("ALTER TABLE {} {}", table.quoted, clauses.join(", ")),
            "its definition differs; a value that does not fit is refused in strict sql_mode",
        )
    });
    let texts = differences.iter().map(|d| format!("{}: {}", target.place(table), d.describe()));
    Finding::errors(texts, alter.into_iter().chain(refused).collect())
}

fn parsed(probe: &Probe, definition: &Definition) -> Result<(Vec<Column>, Vec<Key>), SqlError> {
    let server = probe.worker().node.server.load();
    let mode = ostrakon_router::lexer::SqlMode { server: server.parsed, ..Default::default() };
    definition::parse(&definition.create("`t`", "t"), mode, &server.collations)
}

fn against_catalog(probe: &Probe, target: &Target, reference: &Definition) -> Vec<Finding> {
    let table = &target.table;
    let (columns, keys) = match parsed(probe, reference) {
        Ok(parsed) => parsed,
        Err(e) => return vec![Finding::error(format!("the catalog cannot be compared: {e}"), Vec::new())],
    };
    let differences = catalog_differences(table, &columns, &keys);
    let shard_keys: Vec<&String> =
        table.rule().into_iter().flat_map(|r| [&r.db, &r.tb]).flatten().flat_map(|p| &p.columns).collect();
    let touches_key = shard_keys.iter().any(|name| {
        let old = table.column(name).map(|(_, c)| &c.data_type);
        let new = columns.iter().find(|c| c.name.eq_ignore_ascii_case(name)).map(|c| &c.data_type);
        match (old, new) {
            (Some(old), Some(new)) => !same_type(old, new),
            _ => true,
        }
    });
    let comment =
        reference.options.iter().find(|o| o.starts_with("COMMENT=")).map_or("COMMENT=''", String::as_str);
    let repair = match touches_key {
        true => Repair::nothing_safe(
            None,
            "a shard key column has changed on the instances: its rows may lie elsewhere now; change the column back there",
        ),
        false => Repair::on_node(
            format!("ALTER TABLE {}.{} {comment}", quote(&target.database.name), quote(&table.name)),
            "all physical tables agree: an ALTER that changes nothing reads their definition into the catalog",
        ),
    };
    let texts =
        differences.into_iter().map(|text| format!("the physical tables and the catalog differ: {text}"));
    Finding::errors(texts, vec![repair])
}

/// What the catalog holds other than the servers, in words.
fn catalog_differences(table: &Table, columns: &[Column], keys: &[Key]) -> Vec<String> {
    let mut found = Vec::new();
    for column in columns {
        match table.column(&column.name) {
            None => found.push(format!("the catalog does not know column '{}'", column.name)),
            Some((_, known)) => found.extend(column_difference(known, column)),
        }
    }
    let gone = table.columns.iter().filter(|c| !columns.iter().any(|o| o.name.eq_ignore_ascii_case(&c.name)));
    found.extend(gone.map(|c| format!("column '{}' of the catalog is not there", c.name)));
    let order = |columns: &[Column]| columns.iter().map(|c| c.name.to_lowercase()).collect::<Vec<_>>();
    if found.is_empty() && order(columns) != order(&table.columns) {
        found.push("the columns have another order".to_owned());
    }
    for key in keys {
        match table.keys.iter().find(|k| k.name.eq_ignore_ascii_case(&key.name)) {
            None => found.push(format!("the catalog does not know key '{}'", key.name)),
            Some(known) if known.kind != key.kind || known.columns != key.columns => {
                found.push(format!("key '{}' is another one in the catalog", key.name));
            }
            Some(_) => {}
        }
    }
    let gone = table.keys.iter().filter(|k| !keys.iter().any(|o| o.name.eq_ignore_ascii_case(&k.name)));
    found.extend(gone.map(|k| format!("key '{}' of the catalog is not there", k.name)));
    found
}

fn column_difference(known: &Column, found: &Column) -> Option<String> {
    let what = if !same_type(&known.data_type, &found.data_type) {
        "type"
    } else if known.nullable != found.nullable {
        "NULL"
    } else if known.default != found.default {
        "DEFAULT"
    } else if known.auto_increment != found.auto_increment {
        "AUTO_INCREMENT"
    } else if known.generated != found.generated {
        "GENERATED"
    } else if known.invisible != found.invisible {
        "INVISIBLE"
    } else {
        return None;
    };
    Some(format!("column '{}' has another {what} in the catalog", found.name))
}

/// Lengths that the catalog was written without count as equal.
fn same_type(known: &ColumnType, found: &ColumnType) -> bool {
    let mut found = found.clone();
    match (known, &mut found) {
        (ColumnType::Char { length: None, .. }, ColumnType::Char { length, .. })
        | (ColumnType::VarChar { length: None, .. }, ColumnType::VarChar { length, .. }) => *length = None,
        _ => {}
    }
    *known == found
}

#[cfg(test)]
mod tests {
    use super::belongs;

    #[test]
    fn only_names_that_the_table_could_have_are_its_own() {
        for (name, expected) in [
            ("t_ab12", true),
            ("t_ab12_0", true),
            ("t_ab12_0003", true),
            ("t_ab12_", false),
            ("t_ab12_x", false),
            ("t_ab123", false),
            ("t_ab", false),
        ] {
            assert_eq!(belongs(name, "t_ab12"), expected, "{name}");
        }
    }
}
