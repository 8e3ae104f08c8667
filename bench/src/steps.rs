//! The steps: each is made ready once, and then taken as often as one likes.

use std::hint::black_box;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Table};
use ostrakon_merge::{Collations, Merge, MergeInput, MergeLimits, Pushed, RowFormat, Step as MergeStep};
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::column::{ColumnDefinition, ColumnType};
use ostrakon_protocol::packet::write_packet;
use ostrakon_protocol::relay::{ColumnRewrite, Relay, StatusPatch};
use ostrakon_protocol::response::{EofPacket, ErrPacket};
use ostrakon_protocol::row::write_text_cell;
use ostrakon_protocol::scanner::{ResponseKind, ResponseScanner};
use ostrakon_router::lexer::{SqlMode, Template, scan, tokenize};
use ostrakon_router::merge::{Aggregate, ColumnRef, GroupSpec, MergeSpec, SortKey};
use ostrakon_router::parse::ddl::Ddl;
use ostrakon_router::parse::parse_ddl;
use ostrakon_router::plan::{Arguments, Execution, Plan, PlanCache, Request, SessionFacts, SessionFunction};
use ostrakon_router::sharding::rule::{RuleRequest, resolve};

/// One step: what it is called, how many times one call takes it, and the call.
pub struct Step {
    pub name: &'static str,
    pub about: &'static str,
    pub times: u32,
    pub call: Box<dyn FnMut()>,
}

/// Rows of a merge, and of an answer that is scanned.
const ROWS: u32 = 1000;
const SOURCES: usize = 4;
const POINT: &str = "SELECT c FROM sbtest1 WHERE id=4711";
const KEYS: &str =
    "SELECT c FROM sbtest1 WHERE id IN (4711, 4712, 4713, 4714, 4715, 4716, 4717, 4718, 4719, 4720)";

/// All steps, in the order of a statement's life.
pub fn all() -> Vec<Step> {
    vec![
        lexer(),
        plan_cache_hit(),
        route("route_point", "prune and splice: one row by its key", POINT),
        route("route_keys", "prune and splice: ten keys of two groups", KEYS),
        relay_point(),
        packet_scan(),
        merge_step(),
        aggregate_step(),
    ]
}

struct NoFacts;

impl SessionFacts for NoFacts {
    fn literal(&self, _: SessionFunction) -> String {
        "NULL".into()
    }
}

/// Names as they are.
struct NoNames;

impl ColumnRewrite for NoNames {
    fn is_active(&self) -> bool {
        true
    }

    fn rewrite(&mut self, definition: &ColumnDefinition<'_>, out: &mut Vec<u8>) -> bool {
        ColumnDefinition { schema: b"sbtest", table: b"sbtest1", ..*definition }.encode(out);
        true
    }

    fn rewrite_error(&mut self, _: &ErrPacket<'_>, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// sysbench's table over two groups.
fn catalog() -> Catalog {
    const TABLE: &[u8] = b"CREATE TABLE sbtest1 (id INT NOT NULL PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL, pad CHAR(60) NOT NULL, KEY k_1 (k)) DBPARTITION BY HASH(id)";
    let mode = SqlMode::default();
    let tokens = tokenize(TABLE, mode).expect("a statement");
    let Ok(Some(Ddl::CreateTable(created))) = parse_ddl(TABLE, &tokens, mode) else {
        panic!("the table's text is no CREATE TABLE")
    };
    let groups: Vec<Group> = (0..2)
        .map(|index| Group {
            name: format!("SBTEST_{index:04}_GROUP"),
            physical_database: format!("sbtest_{index:04}"),
            instance: index + 1,
        })
        .collect();
    let request = RuleRequest {
        table: &created.name.name,
        clause: &created.sharding,
        columns: &created.columns,
        keys: &created.keys,
        placement: created.placement,
        groups: 2,
        instances: 2,
        default_sharding: DefaultSharding::Single,
        unique_scope_global: false,
    };
    let (kind, _) = resolve(&request).expect("the table's rule");
    let table = Table {
        id: 1,
        generated_key: None,
        name: created.name.name.clone(),
        kind,
        columns: created.columns,
        keys: created.keys,
        name_suffix: None,
        physical_base: created.name.name,
        allow_full_table_scan: None,
    };
    let mut database = Database {
        name: "sbtest".into(),
        groups,
        default_sharding: DefaultSharding::Single,
        guard: Default::default(),
        charset: "utf8mb4".into(),
        collation: "utf8mb4_bin".into(),
        tables: Default::default(),
        sequences: Default::default(),
        views: Default::default(),
    };
    database.tables.insert("sbtest1".to_owned(), Arc::new(table));
    let mut catalog = Catalog { version: 1, ..Catalog::default() };
    catalog.databases.insert("sbtest".into(), Arc::new(database));
    catalog
}

fn template_of(sql: &str) -> Template {
    let mut template = Template::default();
    scan(sql.as_bytes(), SqlMode::default(), &mut template).expect("a statement");
    template
}

fn lexer() -> Step {
    let mut template = Template::default();
    Step {
        name: "lexer",
        about: "template and literals of a point select",
        times: 1,
        call: Box::new(move || {
            scan(black_box(POINT.as_bytes()), SqlMode::default(), &mut template).expect("a statement");
        }),
    }
}

fn plan_cache_hit() -> Step {
    let (catalog, template, mut cache) = (catalog(), template_of(POINT), PlanCache::new(1024));
    Step {
        name: "plan_cache_hit",
        about: "the plan of a statement that came before",
        times: 1,
        call: Box::new(move || {
            let request = Request {
                text: POINT.as_bytes(),
                template: &template,
                catalog: &catalog,
                database: Some("sbtest"),
                mode: SqlMode::default(),
            };
            black_box(cache.get_or_plan(&request).expect("a plan"));
        }),
    }
}

fn route(name: &'static str, about: &'static str, sql: &'static str) -> Step {
    let (catalog, template) = (catalog(), template_of(sql));
    let request = Request {
        text: sql.as_bytes(),
        template: &template,
        catalog: &catalog,
        database: Some("sbtest"),
        mode: SqlMode::default(),
    };
    let plan = PlanCache::new(4).get_or_plan(&request).expect("a plan");
    let mut execution = Execution::default();
    let call = move || {
        let Plan::Routed(plan) = &*plan else { panic!("a query is routed") };
        let arguments = Arguments {
            text: black_box(sql.as_bytes()),
            holes: &template.holes,
            params: None,
            generated: &[],
            keys: &[],
            nextvals: &[],
            spread: 0,
            preferred_group: None,
            session: &NoFacts,
        };
        execution.clear();
        plan.route_into(&arguments, &mut execution).expect("the keys are numbers");
    };
    Step { name, about, times: 1, call: Box::new(call) }
}

fn column(name: &'static str, column_type: ColumnType) -> ColumnDefinition<'static> {
    ColumnDefinition { name: name.as_bytes(), org_name: name.as_bytes(), column_type, ..Default::default() }
}

/// An answer with rows of these columns; with `rows` the range of each packet's bytes that is a row's payload.
fn answer(columns: &[ColumnDefinition<'_>], rows: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut bytes, mut sequence, mut payload) = (Vec::new(), 1, Vec::new());
    write_packet(&mut bytes, &mut sequence, &[u8::try_from(columns.len()).expect("few columns")]);
    for column in columns {
        payload.clear();
        column.encode(&mut payload);
        write_packet(&mut bytes, &mut sequence, &payload);
    }
    payload.clear();
    EofPacket::default().encode(&mut payload);
    write_packet(&mut bytes, &mut sequence, &payload);
    for row in rows {
        write_packet(&mut bytes, &mut sequence, &row);
    }
    write_packet(&mut bytes, &mut sequence, &payload);
    bytes
}

fn text_row(cells: &[&[u8]]) -> Vec<u8> {
    let mut row = Vec::new();
    cells.iter().for_each(|cell| write_text_cell(&mut row, Some(cell)));
    row
}

fn relay_point() -> Step {
    let bytes = answer(&[column("c", ColumnType::STRING)], std::iter::once(text_row(&[&[b'c'; 120]])));
    let mut out = Vec::new();
    let patch = StatusPatch { clear: 0, set: 0 };
    Step {
        name: "relay_point",
        about: "a point select's answer to the client, its column named anew",
        times: 1,
        call: Box::new(move || {
            out.clear();
            let mut relay = Relay::new(ResponseKind::Query, Capabilities::EMPTY, false, false, 1);
            let pushed = relay.push(black_box(&bytes), &mut NoNames, patch, &mut out);
            assert!(pushed == Ok(bytes.len()) && relay.finished());
        }),
    }
}

fn packet_scan() -> Step {
    let row = text_row(&[b"4711", b"2355", &[b'c'; 119], &[b'p'; 59]]);
    let columns = ["id", "k", "c", "pad"].map(|name| column(name, ColumnType::STRING));
    let bytes = answer(&columns, (0..ROWS).map(|_| row.clone()));
    let mut before = ResponseScanner::new(ResponseKind::Query, Capabilities::EMPTY);
    let mut start = 0;
    // Count, columns, EOF.
    for _ in 0..columns.len() + 2 {
        let rest = bytes.get(start..).unwrap_or_default();
        let ostrakon_protocol::scanner::Scan::Packet { length, .. } = before.next(rest) else {
            panic!("the answer is whole")
        };
        start += length;
    }
    Step {
        name: "packet_scan",
        about: "a row of some 190 bytes that goes through, its header looked at",
        times: ROWS,
        call: Box::new(move || {
            let mut scanner = before.clone();
            let run = scanner.rows(black_box(bytes.get(start..).unwrap_or_default()));
            assert_eq!(run.packets, ROWS as usize);
        }),
    }
}

/// Merges rows that the sources have in turns, and gives how many came out.
fn merge(spec: &MergeSpec, columns: &[ColumnDefinition<'_>], rows: &[Vec<u8>], out: &mut Vec<u8>) -> u32 {
    let mut merge = Merge::new(MergeInput {
        spec,
        columns,
        format: RowFormat::Text,
        sources: SOURCES,
        limits: MergeLimits { memory: 1 << 20 },
        numbers: &|_| None,
        collations: Arc::new(Collations::default()),
    })
    .expect("a merge");
    let (mut next, mut came) = ([0usize; SOURCES], 0);
    loop {
        out.clear();
        match merge.next(out).expect("the rows are in order") {
            MergeStep::Row => came += 1,
            MergeStep::Done => return came,
            MergeStep::NeedRow(source) => {
                let taken = next.get_mut(source).expect("a source");
                match rows.get(*taken * SOURCES + source) {
                    Some(row) => {
                        let pushed = merge.push_row(source, black_box(row)).expect("a row");
                        assert_eq!(pushed, Pushed::Taken);
                    }
                    None => merge.finish_source(source).expect("its end"),
                }
                *taken += 1;
            }
            MergeStep::NeedAny => panic!("the rows have an order"),
        }
    }
}

fn key(column: usize) -> SortKey {
    SortKey { value: ColumnRef::Visible(column), weight: None, descending: false }
}

/// Rows of three columns, in the order of the first.
fn by_first_column(group: Option<GroupSpec>) -> MergeSpec {
    MergeSpec {
        visible: Some(3),
        hidden: 0,
        input_order: vec![key(0)],
        distinct: false,
        group,
        output_order: None,
        limit: None,
    }
}

fn merge_step() -> Step {
    let columns =
        [column("id", ColumnType::LONG), column("k", ColumnType::LONG), column("pad", ColumnType::STRING)];
    let row = |id: u32| text_row(&[(100_000 + id).to_string().as_bytes(), b"4711", &[b'p'; 60]]);
    let rows: Vec<Vec<u8>> = (0..ROWS).map(row).collect();
    let spec = by_first_column(None);
    let mut out = Vec::new();
    Step {
        name: "merge_step",
        about: "a row of some 80 bytes of four sources, by an INT",
        times: ROWS,
        call: Box::new(move || assert_eq!(merge(&spec, &columns, &rows, &mut out), ROWS)),
    }
}

fn aggregate_step() -> Step {
    let columns = [
        column("k", ColumnType::LONG),
        column("count", ColumnType::LONGLONG),
        column("sum", ColumnType::NEWDECIMAL),
    ];
    // Each of the sources has a row of each group.
    let row = |at: u32| text_row(&[(1000 + at / SOURCES as u32).to_string().as_bytes(), b"17", b"123456"]);
    let rows: Vec<Vec<u8>> = (0..ROWS).map(row).collect();
    let group = GroupSpec {
        keys: vec![key(0)],
        outputs: vec![Aggregate::First, Aggregate::Count, Aggregate::Sum],
        hidden_outputs: Vec::new(),
        having: None,
    };
    let spec = by_first_column(Some(group));
    let mut out = Vec::new();
    Step {
        name: "aggregate_step",
        about: "a partial row of a group that four sources have, with COUNT and SUM",
        times: ROWS,
        call: Box::new(move || {
            assert_eq!(merge(&spec, &columns, &rows, &mut out), ROWS / SOURCES as u32);
        }),
    }
}
