//! What instances hold of transactions over groups: prepared branches, branch rows and decisions, asked on the instances themselves.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use crate::cluster::connect;

/// The format id of Ostrakon's xids: the letters DRDS.
pub const FORMAT_ID: u64 = 0x4452_4453;
/// `state` of a decision: the transaction is committed.
pub const COMMITTED: u8 = 1;

/// A row of `__ostrakon.branch`: one group's writes of a transaction that wrote in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchRow {
    /// Port of the instance that holds it.
    pub port: u16,
    pub gtrid: String,
    pub ordinal: u16,
    pub group: String,
    /// All groups that the transaction wrote in.
    pub groups: Vec<String>,
}

/// A row of `__ostrakon.decision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    pub port: u16,
    pub gtrid: String,
    pub state: u8,
    /// Empty when somebody else than the transaction's own node decided.
    pub groups: Vec<String>,
}

/// Prepared branches of ours on the instance, as XA RECOVER shows them.
pub async fn prepared(port: u16) -> Vec<String> {
    let mut client = connect(port, None).await;
    let rows: Vec<Row> = client.query("XA RECOVER").await.unwrap();
    let ours = |row: &Row| row.get::<u64, _>("formatID") == Some(FORMAT_ID);
    let shown = |row: &Row| -> String {
        String::from_utf8_lossy(&row.get::<Vec<u8>, _>("data").unwrap_or_default()).into_owned()
    };
    let found = rows.iter().filter(|row| ours(row)).map(shown).collect();
    let _ = client.disconnect().await;
    found
}

/// The system schema is made when it is first needed.
async fn has_system_schema(client: &mut Conn) -> bool {
    let names: Vec<String> = client.query("SHOW DATABASES LIKE '\\_\\_ostrakon'").await.unwrap();
    !names.is_empty()
}

fn names(list: Option<Vec<u8>>) -> Vec<String> {
    let text = String::from_utf8_lossy(&list.unwrap_or_default()).into_owned();
    text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// All branch rows of the instance.
pub async fn branch_rows(port: u16) -> Vec<BranchRow> {
    let mut client = connect(port, None).await;
    if !has_system_schema(&mut client).await {
        return Vec::new();
    }
    let sql = "SELECT gtrid, ordinal, name, branches FROM __ostrakon.branch";
    let rows: Vec<(String, u16, String, Option<Vec<u8>>)> = client.query(sql).await.unwrap();
    rows.into_iter()
        .map(|(gtrid, ordinal, group, list)| BranchRow { port, gtrid, ordinal, group, groups: names(list) })
        .collect()
}

/// All decisions of the instance.
pub async fn decision_rows(port: u16) -> Vec<DecisionRow> {
    let mut client = connect(port, None).await;
    if !has_system_schema(&mut client).await {
        return Vec::new();
    }
    let sql = "SELECT gtrid, state, branches FROM __ostrakon.decision";
    let rows: Vec<(String, u8, Option<Vec<u8>>)> = client.query(sql).await.unwrap();
    rows.into_iter()
        .map(|(gtrid, state, list)| DecisionRow { port, gtrid, state, groups: names(list) })
        .collect()
}

/// What is wrong with these rows: each branch row belongs to a committed transaction, whose other branches are there too.
pub fn faults(branches: &[BranchRow], decisions: &[DecisionRow]) -> Vec<String> {
    use std::collections::{BTreeMap, BTreeSet};
    let mut faults = Vec::new();
    let mut decided: BTreeMap<&str, &DecisionRow> = BTreeMap::new();
    for decision in decisions {
        if let Some(other) = decided.insert(&decision.gtrid, decision) {
            faults.push(format!("{} was decided on two instances: {other:?}, {decision:?}", decision.gtrid));
        }
    }
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for branch in branches {
        if !there.entry(&branch.gtrid).or_default().insert(&branch.group) {
            faults.push(format!("{} has two rows of {}", branch.gtrid, branch.group));
        }
        match decided.get(branch.gtrid.as_str()) {
            None => faults.push(format!("{} of {} has no decision", branch.gtrid, branch.group)),
            Some(decision) if decision.state != COMMITTED => faults
                .push(format!("{} is committed in {} and was decided otherwise", branch.gtrid, branch.group)),
            Some(_) => {}
        }
    }
    for branch in branches {
        let wanted: BTreeSet<&str> = branch.groups.iter().map(String::as_str).collect();
        if wanted != there[branch.gtrid.as_str()] {
            let found = &there[branch.gtrid.as_str()];
            faults.push(format!("{} wrote in {wanted:?} and has rows in {found:?}", branch.gtrid));
        }
    }
    for decision in decisions.iter().filter(|decision| decision.state == COMMITTED) {
        if !there.contains_key(decision.gtrid.as_str()) {
            faults.push(format!("{} was decided to be committed and has no branch row", decision.gtrid));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(gtrid: &str, ordinal: u16, group: &str) -> BranchRow {
        let groups = vec!["a".to_owned(), "b".to_owned()];
        BranchRow { port: 1, gtrid: gtrid.to_owned(), ordinal, group: group.to_owned(), groups }
    }

    fn decision(gtrid: &str, state: u8) -> DecisionRow {
        DecisionRow { port: 1, gtrid: gtrid.to_owned(), state, groups: Vec::new() }
    }

    fn fault(branches: &[BranchRow], decisions: &[DecisionRow], words: &str) {
        let found = faults(branches, decisions);
        assert!(found.iter().any(|fault| fault.contains(words)), "{words}: {found:?}");
    }

    #[test]
    fn whole_transactions_have_no_fault() {
        let branches = [branch("x", 0, "a"), branch("x", 1, "b")];
        assert_eq!(faults(&branches, &[decision("x", 1), decision("y", 2)]), Vec::<String>::new());
    }

    #[test]
    fn what_is_half_there_or_undecided_is_a_fault() {
        let both = [branch("x", 0, "a"), branch("x", 1, "b")];
        fault(&both, &[], "no decision");
        fault(&both, &[decision("x", 2)], "decided otherwise");
        fault(&both[..1], &[decision("x", 1)], "wrote in");
        fault(&[], &[decision("x", 1)], "no branch row");
        fault(&both, &[decision("x", 1), decision("x", 1)], "two instances");
        fault(&[both[0].clone(), both[0].clone(), both[1].clone()], &[decision("x", 1)], "two rows");
    }
}
