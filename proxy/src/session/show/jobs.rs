//! SHOW [FULL] DDL and SHOW DDL RESULT, with DRDS's columns.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::job::{Job, JobAction, JobState};

use crate::job::steps;
use crate::session::result::{Cell, ResultSet};

/// Unfinished jobs, in the order in which they were submitted.
pub(super) fn jobs(catalog: &Catalog, full: bool) -> ResultSet {
    let mut set = ResultSet::text(&[
        "JOB_ID",
        "OBJECT_SCHEMA",
        "OBJECT_NAME",
        "JOB_TYPE",
        "PHASE",
        "STATE",
        "PROGRESS",
        "START_TIME",
        "END_TIME",
        "ELAPSED_TIME(MS)",
        "REMARK",
        "PHY_PROCESS",
        "BACKFILL_PROGRESS",
    ])
    .integer("JOB_ID")
    .integer("ELAPSED_TIME(MS)");
    if full {
        let more = ["PARENT_JOB_ID", "SERVER", "NEW_OBJECT_NAME", "DDL_STMT"];
        set.columns.extend(ResultSet::text(&more).columns);
    }
    let now = crate::call::now_ms();
    for job in catalog.jobs.values().filter(|job| job.state.is_unfinished()) {
        set.rows.push(row(catalog, job, full, now));
    }
    set
}

fn row(catalog: &Catalog, job: &Job, full: bool, now: u64) -> Vec<Option<Vec<u8>>> {
    let (schema, object) = job.action.object();
    let groups = group_count(catalog, &job.action);
    let mut cells: Vec<Cell> = vec![
        job.id.into(),
        schema.into(),
        object.into(),
        job.action.kind().into(),
        phase(job).into(),
        job.state.name().into(),
        progress(job, groups).into(),
        time(job.submitted).into(),
        job.ended.map(time).into(),
        job.ended.unwrap_or(now).saturating_sub(job.submitted).into(),
        remark(job).into(),
        physical_progress(job, groups).into(),
        // Nothing is copied by a job of these kinds.
        "--".into(),
    ];
    if full {
        cells.extend([
            Cell(None),
            server(catalog, job).into(),
            new_name(&job.action).into(),
            job.statement.as_str().into(),
        ]);
    }
    cells.into_iter().map(|cell| cell.0).collect()
}

/// Finished jobs that are still kept, the last one first.
pub(super) fn results(catalog: &Catalog) -> ResultSet {
    let mut set = ResultSet::text(&[
        "JOB_ID",
        "SCHEMA_NAME",
        "OBJECT_NAME",
        "DDL_TYPE",
        "RESULT_TYPE",
        "RESULT_CONTENT",
    ])
    .integer("JOB_ID");
    for job in catalog.jobs.values().rev().filter(|job| !job.state.is_unfinished()) {
        let (schema, object) = job.action.object();
        let (kind, content) = match (job.state, &job.error) {
            (JobState::Done, _) => ("SUCCESS", "Success".to_owned()),
            (_, Some(_)) => ("ERROR", remark(job)),
            (_, None) => ("ERROR", "It was taken back".to_owned()),
        };
        set.push([
            job.id.into(),
            schema.into(),
            object.into(),
            job.action.kind().into(),
            kind.into(),
            content.into(),
        ]);
    }
    set
}

/// The step to do next, or the one that failed.
fn phase(job: &Job) -> String {
    match job.step.as_str() {
        "" => "INIT".to_owned(),
        step => step.to_ascii_uppercase(),
    }
}

fn remark(job: &Job) -> String {
    match &job.error {
        Some(e) => format!("ERROR {} ({}): {}", e.errno, e.sqlstate, e.message),
        None if job.cancel => "to be taken back at its next step".to_owned(),
        None => String::new(),
    }
}

/// Steps that are done, of those of the job's direction; of the step at hand, the groups that have finished it.
fn progress(job: &Job, groups: usize) -> String {
    let back = steps::steps_back(&job.action);
    let list = match back.iter().any(|step| step.name() == job.step) {
        true => back,
        false => steps::steps(&job.action),
    };
    let done = list.iter().position(|step| step.name() == job.step).unwrap_or(0);
    let of_step = (job.groups_done.len().min(groups) * 100).checked_div(groups).unwrap_or(0);
    let percent = (done * 100 + of_step).checked_div(list.len()).unwrap_or(0);
    format!("{percent}%")
}

fn physical_progress(job: &Job, groups: usize) -> String {
    match job.groups_done.is_empty() {
        true => String::new(),
        false => format!("{}/{groups} groups", job.groups_done.len()),
    }
}

/// Groups of the database that a job works on.
fn group_count(catalog: &Catalog, action: &JobAction) -> usize {
    match action {
        JobAction::CreateDatabase { database, .. } => database.groups.len(),
        JobAction::DropDatabase { groups, .. } => groups.len(),
        other => catalog.database(&other.object().0).map_or(0, |database| database.groups.len()),
    }
}

/// The node that works on it; empty when none does.
fn server(catalog: &Catalog, job: &Job) -> String {
    if !job.state.is_active() {
        return String::new();
    }
    match catalog.nodes.get(&job.owner.node) {
        Some(_) => format!("node {}", job.owner.node),
        None => String::new(),
    }
}

fn new_name(action: &JobAction) -> String {
    match action {
        JobAction::Rename { renames } => {
            renames.iter().map(|(_, (_, new))| new.as_str()).collect::<Vec<_>>().join(",")
        }
        _ => String::new(),
    }
}

/// `YYYY-MM-DD HH:MM:SS.mmm`, UTC.
pub(super) fn time(millis: u64) -> String {
    let (seconds, days) = (millis / 1000, millis / 86_400_000);
    // Days since 0000-03-01, so that a leap day is a year's last; 400 years have the same days each time.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:03}", millis % 1000)
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::job::Owner;
    use ostrakon_catalog::schema::{Table, TableKind};

    use super::*;

    fn truncation(step: &str, groups_done: &[&str]) -> Job {
        let name = "t".to_owned();
        let table = Table {
            id: 1,
            name: name.clone(),
            kind: TableKind::Single,
            columns: Vec::new(),
            keys: Vec::new(),
            name_suffix: None,
            physical_base: name,
            allow_full_table_scan: None,
            generated_key: None,
        };
        Job {
            id: 1,
            action: JobAction::Truncate { database: "d".to_owned(), table },
            statement: String::new(),
            settings: Vec::new(),
            state: JobState::Running,
            step: step.to_owned(),
            groups_done: groups_done.iter().map(|group| (*group).to_owned()).collect(),
            facts: Default::default(),
            owner: Owner::default(),
            token: 1,
            error: None,
            cancel: false,
            submitted: 0,
            ended: None,
        }
    }

    #[test]
    fn progress_counts_steps_and_the_groups_of_one() {
        // preflight, first, rest, publish, settle
        for (step, groups_done, expected) in [
            ("", &[][..], "0%"),
            ("first", &[], "20%"),
            ("rest", &[], "40%"),
            ("rest", &["a", "b"], "50%"),
            ("rest", &["a", "b", "c", "d"], "60%"),
            ("settle", &[], "80%"),
        ] {
            assert_eq!(progress(&truncation(step, groups_done), 4), expected, "{step} {groups_done:?}");
        }
    }

    #[test]
    fn times_are_told_as_dates() {
        for (millis, expected) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_782_400_123, "2000-02-29 00:00:00.123"),
            (951_868_799_999, "2000-02-29 23:59:59.999"),
            (1_735_689_599_999, "2024-12-31 23:59:59.999"),
            (1_795_262_554_000, "2026-11-21 12:02:34.000"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000"),
        ] {
            assert_eq!(time(millis), expected);
        }
    }
}
