//! Hand-written cases on a shop's tables: each statement of tests/data/shop/cases runs on one plain server and on a cluster, and must be
//! answered alike, or be refused where its file says so.
//!
//! `OSTRAKON_SERVERS=mysql` runs them on MySQL. `CASES=joins make test ARGS='-E "test(shop)"'` runs the topics whose names hold `joins`; `CASES=joins:120` the case at that line.

mod file;
mod run;

use file::Case;
use ostrakon::dev::server::ServerKind;
use run::Shop;

/// The cases that are asked for.
fn chosen(kind: ServerKind) -> Vec<Case> {
    let all = file::cases(kind);
    let Ok(wanted) = std::env::var("CASES") else { return all };
    let (topic, line) = match wanted.split_once(':') {
        Some((topic, line)) => (topic, Some(line.parse().expect("CASES=topic:line"))),
        None => (wanted.as_str(), None),
    };
    let is_chosen = |case: &Case| {
        // What sets the session up comes first.
        case.topic.contains(topic) && line.is_none_or(|line: usize| case.line == line || case.session)
    };
    all.into_iter().filter(is_chosen).collect()
}

async fn run_all(kind: ServerKind) {
    let mut shop = Shop::start(kind).await;
    let cases = chosen(kind);
    assert!(!cases.is_empty(), "no case is chosen");
    for case in &cases {
        shop.run(case).await;
    }
    shop.report();
    assert!(shop.refusals.is_empty(), "refused, and not listed as that: {:#?}", shop.refusals);
    assert!(
        shop.differences.is_empty(),
        "{} of {} cases differ:\n{}",
        shop.differences.len(),
        cases.len(),
        shop.differences.join("\n")
    );
}

#[tokio::test]
async fn every_case_is_answered_as_one_server_answers() {
    let kind = match std::env::var("OSTRAKON_SERVERS").as_deref() {
        Ok("mysql") => ServerKind::MySql,
        _ => ServerKind::MariaDb,
    };
    run_all(kind).await;
}
