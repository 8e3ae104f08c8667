//! Tests of job commands: locks, tokens, what is published, and the ways of a parked job.

use super::*;
use crate::job::{JobError, PhysicalText};
use crate::samples::{create_single, database, job, shop, single_table};
use crate::schema::Table;

const OWN: Owner = Owner { node: 1, start: 7 };

fn alter(catalog: &Catalog, name: &str) -> JobAction {
    let table = Table::clone(catalog.table("shop", name).unwrap());
    JobAction::AlterTable { database: "shop".to_owned(), table, text: PhysicalText::default(), undo: None }
}

fn submit(catalog: &mut Catalog, action: JobAction) -> Result<JobId, Rejection> {
    match catalog.apply(&Command::SubmitJob { job: job(action) })? {
        Outcome::Job { id, token: 1 } => Ok(id),
        other => panic!("{other:?}"),
    }
}

fn update(catalog: &mut Catalog, job: JobId, token: u64, update: JobUpdate) -> Result<Outcome, Rejection> {
    catalog.apply(&Command::UpdateJob { job, token, update })
}

fn to(state: JobState) -> JobUpdate {
    JobUpdate { state: Some(state), ended: Some(9), ..JobUpdate::default() }
}

#[test]
fn an_object_is_locked_until_its_job_has_ended() {
    let mut catalog = shop();
    let action = alter(&catalog, "notes");
    let id = submit(&mut catalog, action.clone()).unwrap();
    let locked = submit(&mut catalog, action.clone()).unwrap_err();
    assert!(matches!(locked, Rejection::ObjectLocked { job: 1, state: JobState::Running, .. }), "{locked}");
    let groups = catalog.database("shop").unwrap().groups.clone();
    let whole = JobAction::DropDatabase { name: "shop".to_owned(), groups };
    assert!(matches!(submit(&mut catalog, whole), Err(Rejection::ObjectLocked { .. })));
    let other = alter(&catalog, "orders");
    submit(&mut catalog, other).unwrap();
    update(&mut catalog, id, 1, to(JobState::Pending)).unwrap();
    assert!(matches!(
        submit(&mut catalog, action.clone()),
        Err(Rejection::ObjectLocked { state: JobState::Pending, .. })
    ));
    catalog.apply(&Command::RemoveJobs { jobs: vec![id] }).unwrap();
    assert_eq!(submit(&mut catalog, action), Ok(3));
}

#[test]
fn a_job_is_submitted_for_the_objects_as_they_are() {
    let mut catalog = shop();
    let stale = alter(&catalog, "notes");
    let (database, name) = ("shop".to_owned(), "notes".to_owned());
    let table = single_table("notes");
    catalog.apply(&Command::ReplaceTable { database, name, table, expected_id: 2, sequence: None }).unwrap();
    assert_eq!(submit(&mut catalog, stale), Err(Rejection::TableChanged { expected_id: 2, id: 3 }));
    let create = |table: Table| JobAction::CreateTable {
        database: "shop".to_owned(),
        table,
        text: PhysicalText::default(),
        sequence: None,
        like: None,
    };
    assert_eq!(submit(&mut catalog, create(single_table("notes"))).unwrap_err().errno(), 1050);
    let taken = Table { physical_base: "notes".to_owned(), ..single_table("other") };
    assert!(matches!(submit(&mut catalog, create(taken)), Err(Rejection::PhysicalTableTaken { .. })));
    let again = JobAction::CreateDatabase { database: database_named("shop"), options: String::new() };
    assert_eq!(submit(&mut catalog, again).unwrap_err().errno(), 1007);
}

fn database_named(name: &str) -> crate::schema::Database {
    database(name, 1, 1)
}

#[test]
fn only_the_holder_of_the_token_changes_a_job() {
    let mut catalog = shop();
    let action = alter(&catalog, "notes");
    let id = submit(&mut catalog, action).unwrap();
    let next = Owner { node: 2, start: 9 };
    let claim = Command::ClaimJob { job: id, expected_token: 1, owner: next };
    assert_eq!(catalog.apply(&claim), Ok(Outcome::Job { id, token: 2 }));
    assert_eq!(catalog.apply(&claim), Err(Rejection::JobTaken { job: id }));
    assert_eq!(update(&mut catalog, id, 1, to(JobState::Done)), Err(Rejection::JobTaken { job: id }));
    assert_eq!((catalog.jobs[&id].owner, catalog.jobs[&id].state), (next, JobState::Running));
}

#[test]
fn what_is_published_is_there_with_the_step_or_not_at_all() {
    let mut catalog = shop();
    let action = alter(&catalog, "notes");
    let id = submit(&mut catalog, action).unwrap();
    let before = catalog.clone();
    let publish = vec![create_single("shop", "new"), create_single("shop", "notes")];
    let step = Some("settle".to_owned());
    let refused = JobUpdate { step: step.clone(), publish, ..JobUpdate::default() };
    assert_eq!(update(&mut catalog, id, 1, refused).unwrap_err().errno(), 1050);
    assert_eq!(catalog, before);
    let publish = vec![create_single("shop", "new")];
    let version = catalog.version;
    update(&mut catalog, id, 1, JobUpdate { step, publish, ..JobUpdate::default() }).unwrap();
    assert_eq!((catalog.version, catalog.jobs[&id].step.as_str()), (version + 1, "settle"));
    assert!(catalog.table("shop", "new").is_some());
    let publish = vec![Command::RemoveJobs { jobs: vec![] }];
    let nested = JobUpdate { publish, ..JobUpdate::default() };
    assert!(matches!(update(&mut catalog, id, 1, nested), Err(Rejection::Malformed { .. })));
}

#[test]
fn groups_begin_anew_with_each_step_and_facts_end_with_the_job() {
    let mut catalog = shop();
    let action = alter(&catalog, "notes");
    let id = submit(&mut catalog, action).unwrap();
    let facts = [("before".to_owned(), "x".to_owned())].into();
    let groups_done = vec!["a".to_owned()];
    update(&mut catalog, id, 1, JobUpdate { groups_done, facts, ..JobUpdate::default() }).unwrap();
    assert_eq!(catalog.jobs[&id].groups_done.len(), 1);
    update(&mut catalog, id, 1, JobUpdate { step: Some("rest".to_owned()), ..JobUpdate::default() }).unwrap();
    assert!(catalog.jobs[&id].groups_done.is_empty());
    assert_eq!(catalog.jobs[&id].facts["before"], "x");
    update(&mut catalog, id, 1, to(JobState::Done)).unwrap();
    let job = &catalog.jobs[&id];
    assert!(job.facts.is_empty() && job.ended == Some(9));
    assert!(matches!(update(&mut catalog, id, 1, to(JobState::Running)), Err(Rejection::JobState { .. })));
}

#[test]
fn a_parked_job_goes_on_where_it_was_unless_it_has_begun_to_go_back() {
    let mut catalog = shop();
    let action = alter(&catalog, "notes");
    let id = submit(&mut catalog, action).unwrap();
    let control = |control| Command::ControlJob { job: id, control };
    let parked = |step: &str| {
        let error = JobError { errno: 1205, sqlstate: "HY000".to_owned(), message: "why".to_owned() };
        let step = (!step.is_empty()).then(|| step.to_owned());
        JobUpdate { step, error: Some(error), ..to(JobState::Pending) }
    };
    update(&mut catalog, id, 1, parked("rest")).unwrap();
    // Asked to go back, found that it cannot, and recovered: forward, with the same step.
    catalog.apply(&control(JobControl::Rollback)).unwrap();
    assert_eq!((catalog.jobs[&id].state, catalog.jobs[&id].step.as_str()), (JobState::RollingBack, ""));
    assert_eq!(catalog.jobs[&id].owner, Owner::default(), "whoever leads takes it");
    update(&mut catalog, id, 2, parked("")).unwrap();
    catalog.apply(&control(JobControl::Recover)).unwrap();
    let job = &catalog.jobs[&id];
    assert_eq!((job.state, job.step.as_str(), &job.error), (JobState::Running, "rest", &None));
    // Once it has begun to go back, it goes on going back.
    let facts = [(ROLLING_BACK.to_owned(), String::new())].into();
    let begun = JobUpdate { facts, step: Some("undo".to_owned()), ..to(JobState::RollingBack) };
    update(&mut catalog, id, 3, begun).unwrap();
    update(&mut catalog, id, 3, parked("")).unwrap();
    catalog.apply(&control(JobControl::Recover)).unwrap();
    let job = &catalog.jobs[&id];
    assert_eq!((job.state, job.step.as_str()), (JobState::RollingBack, "undo"));
    assert!(matches!(catalog.apply(&control(JobControl::Cancel)), Err(Rejection::JobState { .. })));
}

#[test]
fn what_has_removed_data_is_not_sent_back() {
    let mut catalog = shop();
    let table = Table::clone(catalog.table("shop", "notes").unwrap());
    let id =
        submit(&mut catalog, JobAction::DropTables { tables: vec![("shop".to_owned(), table)] }).unwrap();
    update(&mut catalog, id, 1, to(JobState::Pending)).unwrap();
    let back = Command::ControlJob { job: id, control: JobControl::Rollback };
    assert_eq!(catalog.apply(&back), Err(Rejection::JobForwardOnly { job: id }));
}

#[test]
fn the_last_finished_jobs_are_kept_and_unfinished_ones_always() {
    let mut catalog = shop();
    let action = alter(&catalog, "orders");
    let open = submit(&mut catalog, action).unwrap();
    let mut end = |ended: u64| {
        let action = alter(&catalog, "notes");
        let id = submit(&mut catalog, action).unwrap();
        update(&mut catalog, id, 1, JobUpdate { ended: Some(ended), ..to(JobState::RolledBack) }).unwrap();
        (catalog.jobs.len(), catalog.jobs.contains_key(&open), catalog.jobs.contains_key(&(open + 1)))
    };
    // At one moment: who waits for the first one has not looked yet.
    for kept in 1..FRESH_KEPT {
        assert_eq!(end(1000), (kept + 1, true, true));
    }
    assert_eq!(end(1000 + FRESH_MS - 1), (FRESH_KEPT + 1, true, true));
    assert_eq!(end(1000), (FRESH_KEPT + 1, true, false));
    assert_eq!(end(1000 + FRESH_MS), (FINISHED_KEPT + 1, true, false));
    assert!(matches!(
        catalog.apply(&Command::RemoveJobs { jobs: vec![open] }),
        Err(Rejection::JobState { .. })
    ));
    assert_eq!(catalog.jobs[&open].owner, OWN);
}
