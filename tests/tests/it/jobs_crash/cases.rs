//! The places at which a job can be stopped, and what must become of it there.

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its effect is there, everywhere.
    Done,
    /// Nothing of it is left.
    Back,
    /// It is parked with the reason, and RECOVER DDL brings it here.
    ParkedThen(&'static End),
}

use End::{Back, Done};

const PARKED: End = End::ParkedThen(&Done);
const PARKED_BACK: End = End::ParkedThen(&Back);

/// Some points of one step.
pub struct Case {
    pub kind: &'static str,
    pub step: &'static str,
    pub points: &'static str,
    /// Failpoints that lead there; empty where the job comes by itself.
    pub lead: &'static str,
    /// After a crash and a new start.
    pub crash: End,
    /// After an error.
    pub error: End,
}

const fn case(kind: &'static str, step: &'static str, points: &'static str, crash: End, error: End) -> Case {
    Case { kind, step, points, lead: "", crash, error }
}

/// A step of the way back.
const fn back(
    kind: &'static str,
    step: &'static str,
    points: &'static str,
    lead: &'static str,
    error: End,
) -> Case {
    Case { kind, step, points, lead, crash: Back, error }
}

/// What was submitted is carried on after a crash, forward or back as it went. An error takes a job back where that is possible: for what is removed until the
/// first object is gone, for what is made or changed until the catalog has it.
pub const CASES: &[Case] = &[
    case("CREATE_DATABASE", "preflight", "before done", Done, Back),
    case("CREATE_DATABASE", "first", "before done recorded", Done, Back),
    case("CREATE_DATABASE", "rest", "before middle done", Done, Back),
    case("CREATE_DATABASE", "publish", "before done", Done, Back),
    case("CREATE_DATABASE", "publish", "recorded", Done, PARKED),
    case("CREATE_DATABASE", "settle", "before done", Done, PARKED),
    case("CREATE_DATABASE", "settle", "recorded", Done, Done),
    back(
        "CREATE_DATABASE",
        "drop",
        "before middle done",
        "create_database/publish/before=error",
        PARKED_BACK,
    ),
    back("CREATE_DATABASE", "drop", "recorded", "create_database/publish/before=error", Back),
    case("DROP_DATABASE", "preflight", "before done recorded", Done, Back),
    case("DROP_DATABASE", "first", "before", Done, Back),
    case("DROP_DATABASE", "first", "done", Done, PARKED),
    case("DROP_DATABASE", "publish", "before done recorded", Done, PARKED),
    case("DROP_DATABASE", "settle", "before done recorded", Done, PARKED),
    case("DROP_DATABASE", "rest", "before middle done", Done, PARKED),
    case("DROP_DATABASE", "rest", "recorded", Done, Done),
    case("CREATE_TABLE", "preflight", "before done", Done, Back),
    case("CREATE_TABLE", "first", "before done recorded", Done, Back),
    case("CREATE_TABLE", "rest", "before middle done", Done, Back),
    case("CREATE_TABLE", "verify", "before done", Done, Back),
    case("CREATE_TABLE", "publish", "before done", Done, Back),
    case("CREATE_TABLE", "publish", "recorded", Done, PARKED),
    case("CREATE_TABLE", "settle", "before done", Done, PARKED),
    case("CREATE_TABLE", "settle", "recorded", Done, Done),
    back("CREATE_TABLE", "drop", "before middle done", "create_table/verify/before=error", PARKED_BACK),
    back("CREATE_TABLE", "drop", "recorded", "create_table/verify/before=error", Back),
    case("DROP_TABLE", "preflight", "before done recorded", Done, Back),
    case("DROP_TABLE", "first", "before", Done, Back),
    case("DROP_TABLE", "first", "done", Done, PARKED),
    case("DROP_TABLE", "publish", "before done recorded", Done, PARKED),
    case("DROP_TABLE", "settle", "before done recorded", Done, PARKED),
    case("DROP_TABLE", "rest", "before middle done", Done, PARKED),
    case("DROP_TABLE", "rest", "recorded", Done, Done),
    case("TRUNCATE_TABLE", "preflight", "before done recorded", Done, Back),
    case("TRUNCATE_TABLE", "first", "before", Done, Back),
    case("TRUNCATE_TABLE", "first", "done recorded", Done, PARKED),
    case("TRUNCATE_TABLE", "rest", "before middle done", Done, PARKED),
    case("TRUNCATE_TABLE", "publish", "before done recorded", Done, PARKED),
    case("TRUNCATE_TABLE", "settle", "before done", Done, PARKED),
    case("TRUNCATE_TABLE", "settle", "recorded", Done, Done),
    case("ALTER_TABLE", "preflight", "before done recorded", Done, Back),
    case("ALTER_TABLE", "first", "before done recorded", Done, Back),
    case("ALTER_TABLE", "rest", "before middle done", Done, Back),
    case("ALTER_TABLE", "verify", "before done", Done, Back),
    case("ALTER_TABLE", "publish", "before done", Done, Back),
    case("ALTER_TABLE", "publish", "recorded", Done, PARKED),
    case("ALTER_TABLE", "settle", "before done", Done, PARKED),
    case("ALTER_TABLE", "settle", "recorded", Done, Done),
    back("ALTER_TABLE", "undo", "before middle done", "alter_table/verify/before=error", PARKED_BACK),
    back("ALTER_TABLE", "undo", "recorded", "alter_table/verify/before=error", Back),
    case("RENAME_TABLE", "publish", "before done", Done, Back),
    case("RENAME_TABLE", "publish", "recorded", Done, PARKED),
    case("RENAME_TABLE", "settle", "before done", Done, PARKED),
    case("RENAME_TABLE", "settle", "recorded", Done, Done),
];
