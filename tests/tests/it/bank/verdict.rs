//! The judgement: what the physical tables hold against what clients were told. A pure function, which doctored data is tried on.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{Ledger, Outcome, Transfer};

/// What each account begins with.
pub const OPENING: i64 = 1000;

/// What the instances hold in the end, read there.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Balances by account.
    pub accounts: BTreeMap<u64, i64>,
    pub transfers: Vec<Transfer>,
    /// Transfer, account and change.
    pub history: Vec<(u64, u64, i64)>,
    /// Ids of rows: 2n and 2n + 1 are twins.
    pub twins: Vec<u64>,
    /// The broadcast table's rows by group.
    pub notes: BTreeMap<String, BTreeSet<u64>>,
}

/// Everything that is wrong, in words; at most a few of each kind are of interest.
pub fn violations(ledger: &Ledger, books: &Books, accounts: u64) -> Vec<String> {
    let mut wrong = ledger.wrong.clone();
    let total = OPENING * i64::try_from(accounts).unwrap();
    for (sum, times) in ledger.sums.iter().filter(|(sum, _)| **sum != total) {
        wrong.push(format!("{times} reads gave the sum {sum} instead of {total}"));
    }
    balances(books, accounts, total, &mut wrong);
    transfers(ledger, books, &mut wrong);
    twins(ledger, books, &mut wrong);
    notes(ledger, books, &mut wrong);
    wrong
}

fn balances(books: &Books, accounts: u64, total: i64, wrong: &mut Vec<String>) {
    if books.accounts.len() as u64 != accounts {
        wrong.push(format!("there are {} accounts of {accounts}", books.accounts.len()));
    }
    let sum: i64 = books.accounts.values().sum();
    if sum != total {
        wrong.push(format!("the sum of all accounts is {sum} instead of {total}"));
    }
    let mut changes: BTreeMap<u64, i64> = BTreeMap::new();
    for (_, account, change) in &books.history {
        *changes.entry(*account).or_default() += change;
    }
    for (account, balance) in &books.accounts {
        let expected = OPENING + changes.get(account).copied().unwrap_or(0);
        if *balance != expected {
            wrong.push(format!("account {account} has {balance}, and by its history {expected}"));
        }
    }
}

fn transfers(ledger: &Ledger, books: &Books, wrong: &mut Vec<String>) {
    let mut rows: BTreeMap<u64, Transfer> = BTreeMap::new();
    for transfer in &books.transfers {
        if rows.insert(transfer.id, *transfer).is_some() {
            wrong.push(format!("transfer {} is there twice", transfer.id));
        }
        if !ledger.transfers.contains_key(&transfer.id) {
            wrong.push(format!("transfer {} was never made", transfer.id));
        }
    }
    let mut sides: BTreeMap<u64, Vec<(u64, i64)>> = BTreeMap::new();
    for (transfer, account, change) in &books.history {
        sides.entry(*transfer).or_default().push((*account, *change));
        if !ledger.transfers.contains_key(transfer) {
            wrong.push(format!("history has transfer {transfer}, which was never made"));
        }
    }
    for (id, (made, outcome)) in &ledger.transfers {
        let mut expected = vec![(made.payer, -made.amount), (made.payee, made.amount)];
        expected.sort_unstable();
        let mut found = sides.remove(id).unwrap_or_default();
        found.sort_unstable();
        let row = rows.get(id);
        let whole = row == Some(made) && found == expected;
        let nothing = row.is_none() && found.is_empty();
        match outcome {
            _ if !whole && !nothing => wrong.push(format!(
                "transfer {made:?} ({outcome:?}) is half there: row {row:?}, history {found:?}"
            )),
            Outcome::Acknowledged if nothing => {
                wrong.push(format!("transfer {id} was acknowledged and is lost"))
            }
            Outcome::Refused if whole => wrong.push(format!("transfer {id} was refused and is there")),
            _ => {}
        }
    }
}

fn twins(ledger: &Ledger, books: &Books, wrong: &mut Vec<String>) {
    let mut there: BTreeMap<u64, usize> = BTreeMap::new();
    for id in &books.twins {
        *there.entry(id / 2).or_default() += 1;
        if !ledger.twins.contains_key(&(id / 2)) {
            wrong.push(format!("row {id} of twin was never inserted"));
        }
    }
    for (twin, outcome) in &ledger.twins {
        match (outcome, there.get(twin).copied().unwrap_or(0)) {
            (Outcome::Acknowledged | Outcome::Unknown, 2) | (Outcome::Refused | Outcome::Unknown, 0) => {}
            (_, rows) => {
                wrong.push(format!("the INSERT of twin {twin} ({outcome:?}) has left {rows} of two rows"))
            }
        }
    }
}

fn notes(ledger: &Ledger, books: &Books, wrong: &mut Vec<String>) {
    let all: BTreeSet<u64> = books.notes.values().flatten().copied().collect();
    for (group, there) in &books.notes {
        let missing: Vec<_> = all.difference(there).take(5).collect();
        if !missing.is_empty() {
            wrong.push(format!("the copies of note differ: {group} lacks {missing:?}"));
        }
    }
    for note in all.iter().filter(|note| !ledger.notes.contains_key(note)) {
        wrong.push(format!("note {note} was never made"));
    }
    for (note, outcome) in &ledger.notes {
        match outcome {
            Outcome::Acknowledged if !all.contains(note) => {
                wrong.push(format!("note {note} was acknowledged and is lost"))
            }
            Outcome::Refused if all.contains(note) => {
                wrong.push(format!("note {note} was refused and is there"))
            }
            _ => {}
        }
    }
}

/// A doctored copy of good books and a good ledger, each fault of which must be found.
#[test]
fn the_judgement_finds_every_kind_of_fault() {
    let transfer = |id, payer, payee| Transfer { id, payer, payee, amount: 10 };
    let mut ledger = Ledger::default();
    for (id, outcome) in
        [(1, Outcome::Acknowledged), (2, Outcome::Refused), (3, Outcome::Unknown), (4, Outcome::Unknown)]
    {
        ledger.transfers.insert(id, (transfer(id, 0, 1), outcome));
        ledger.twins.insert(id, outcome);
        ledger.notes.insert(id, outcome);
    }
    ledger.sums.insert(2000, 7);
    let books = Books {
        accounts: BTreeMap::from([(0, 980), (1, 1020)]),
        transfers: vec![transfer(1, 0, 1), transfer(3, 0, 1)],
        history: vec![(1, 0, -10), (1, 1, 10), (3, 1, 10), (3, 0, -10)],
        twins: vec![2, 3, 6, 7],
        notes: ["a", "b"].map(|group| (group.to_owned(), BTreeSet::from([1, 3]))).into(),
    };
    assert_eq!(violations(&ledger, &books, 2), Vec::<String>::new());

    type Change = fn(&mut Ledger, &mut Books);
    let doctored: [(&str, Change); 19] = [
        ("reads gave the sum 1990", |ledger, _| *ledger.sums.entry(1990).or_default() += 1),
        ("an answer that must not be", |ledger, _| {
            ledger.wrong.push("an answer that must not be".to_owned());
        }),
        ("the sum of all accounts is 2010", |_, books| *books.accounts.get_mut(&0).unwrap() += 10),
        ("there are 1 accounts of 2", |_, books| {
            books.accounts.remove(&1);
        }),
        // The sum is right, and money has moved without a trace.
        ("by its history", |_, books| {
            *books.accounts.get_mut(&0).unwrap() -= 10;
            *books.accounts.get_mut(&1).unwrap() += 10;
        }),
        ("transfer 1 was acknowledged and is lost", |_, books| {
            books.transfers.remove(0);
            books.history.drain(..2);
            books.accounts = BTreeMap::from([(0, 990), (1, 1010)]);
        }),
        ("(Acknowledged) is half there", |_, books| {
            books.transfers.remove(0);
        }),
        ("(Acknowledged) is half there", |_, books| {
            books.history.remove(0);
        }),
        ("(Acknowledged) is half there", |_, books| books.transfers[0].amount = 11),
        ("(Unknown) is half there", |_, books| {
            books.history.remove(2);
        }),
        ("(Unknown) is half there", |_, books| books.history.push((4, 0, -10))),
        ("transfer 2 was refused and is there", |_, books| {
            books.transfers.push(Transfer { id: 2, payer: 0, payee: 1, amount: 10 });
            books.history.extend([(2, 0, -10), (2, 1, 10)]);
        }),
        ("transfer 1 is there twice", |_, books| books.transfers.push(books.transfers[0])),
        ("was never made", |_, books| books.history.push((99, 0, 5))),
        ("the INSERT of twin 1 (Acknowledged) has left 1 of two rows", |_, books| {
            books.twins.remove(0);
        }),
        ("the INSERT of twin 2 (Refused) has left 1 of two rows", |_, books| books.twins.push(4)),
        ("the copies of note differ: b lacks [3]", |_, books| {
            books.notes.get_mut("b").unwrap().remove(&3);
        }),
        ("note 1 was acknowledged and is lost", |_, books| {
            books.notes.values_mut().for_each(|there| {
                there.remove(&1);
            });
        }),
        ("note 2 was refused and is there", |_, books| {
            books.notes.values_mut().for_each(|there| {
                there.insert(2);
            });
        }),
    ];
    for (words, change) in doctored {
        let (mut ledger, mut books) = (ledger.clone(), books.clone());
        change(&mut ledger, &mut books);
        let found = violations(&ledger, &books, 2);
        assert!(found.iter().any(|fault| fault.contains(words)), "{words}: {found:?}");
    }
}
