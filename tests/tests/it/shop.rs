//! Hand-written cases on a shop's tables: each statement of tests/data/shop/cases runs on one plain server and on a cluster, and must be
//! answered alike, or be refused where its file says so, or stand on the list of what is known to be refused or to differ (tests/data/shop/known).
//!
//! `OSTRAKON_SERVERS=mysql` runs them on MySQL. `CASES=joins make test ARGS='-E "test(shop)"'` runs the topics whose names hold `joins`; `CASES=joins:120` the case at that line.

mod by_plan;
mod file;
mod known;
mod run;

use file::Case;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::family;
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

pub async fn run_all(kind: ServerKind) {
    let mut shop = Shop::start(kind).await;
    let cases = chosen(kind);
    assert!(!cases.is_empty(), "no case is chosen");
    for (number, case) in cases.iter().enumerate() {
        let next = cases.get(number + 1).filter(|next| next.topic == case.topic);
        shop.run(case, next.is_some_and(|next| next.session)).await;
    }
    shop.report();
    let refused = shop.refusals.iter().flat_map(|(reason, cases)| {
        cases.iter().map(move |case| (case.clone(), format!("refused: {}", known::shorten(reason))))
    });
    let differing = shop.differences.iter().map(|text| {
        let case = text.split_whitespace().next().unwrap_or_default();
        (case.to_owned(), "differs".to_owned())
    });
    let (refused, differing): (Vec<_>, Vec<_>) = (refused.collect(), differing.collect());
    println!("{} statements: {} refused, {} different", cases.len(), refused.len(), differing.len());
    let whole = std::env::var_os("CASES").is_none();
    known::check(kind, [refused, differing].concat(), whole && !shop.all_ways, &shop.differences);
}

#[tokio::test]
async fn every_case_is_answered_as_one_server_answers() {
    let kind = family::usual();
    run_all(kind).await;
}
