//! Plan snapshots: statement in, physical statements and merge specification (or refusal) out, kept as data files.
//!
//! `OSTRAKON_UPDATE_PLANS=1 cargo test -p ostrakon-router --test plans` writes the files anew; look at the difference.

#[path = "catalog/shop.rs"]
mod catalog;

use std::fmt::Write as _;
use std::path::PathBuf;

use ostrakon_router::lexer::{ServerVersion, SqlMode, Template, scan};
use ostrakon_router::plan::{
    Arguments, Combine, Execution, Plan, Request, RoutedPlan, SessionFacts, SessionFunction, StatementClass,
    plan,
};
use ostrakon_router::value::Value;

struct Facts;

impl SessionFacts for Facts {
    fn literal(&self, function: SessionFunction) -> String {
        match function {
            SessionFunction::Database => "'shop'".into(),
            SessionFunction::User | SessionFunction::CurrentUser => "'app@%'".into(),
            SessionFunction::LastInsertId | SessionFunction::LastInsertIdVariable => "42".into(),
            other => format!("'{other:?}'"),
        }
    }
}

/// The snapshot of one statement. Lines before it that start with `@` change the session: `@mode PIPES_AS_CONCAT`, `@params 1 'a'`.
fn snapshot(sql: &str, mode: SqlMode, params: Option<&[Value<'_>]>) -> String {
    let catalog = catalog::catalog();
    let mut template = Template::default();
    if let Err(error) = scan(sql.as_bytes(), mode, &mut template) {
        return format!("  error {} {}\n", error.errno, error.message);
    }
    let request = Request {
        text: sql.as_bytes(),
        template: &template,
        catalog: &catalog,
        database: Some("shop"),
        mode,
    };
    let planned = match plan(&request) {
        Err(error) => return format!("  error {} {}\n", error.errno, error.message),
        Ok(Plan::Command(command)) => return format!("  command {command:?}\n"),
        Ok(Plan::Ddl(_)) => return "  ddl\n".into(),
        Ok(Plan::Load(load)) => return format!("  load {:?}\n", load.apart),
        Ok(Plan::Views(expansion)) => {
            let text = expansion.text(sql.as_bytes(), &template.holes);
            return format!("  views {}\n", String::from_utf8_lossy(&text));
        }
        Ok(Plan::Routed(planned)) => planned,
    };
    let mut out = String::new();
    describe(&planned, &mut out);
    route(&planned, sql, &template, params, &mut out);
    out
}

fn describe(planned: &RoutedPlan, out: &mut String) {
    if planned.class != StatementClass::Read {
        let _ = writeln!(out, "  class {:?}", planned.class);
    }
    if let Some((_, table)) = &planned.sequence {
        let _ = writeln!(out, "  sequence of {table}");
    }
    if !planned.cacheable {
        out.push_str("  not cached\n");
    }
    if !planned.user_variables.is_empty() {
        let _ = writeln!(out, "  variables {:?}", planned.user_variables);
    }
}

fn route(
    planned: &RoutedPlan,
    sql: &str,
    template: &Template,
    params: Option<&[Value<'_>]>,
    out: &mut String,
) {
    let mut arguments = Arguments {
        text: sql.as_bytes(),
        holes: &template.holes,
        params,
        generated: &[],
        keys: &[],
        nextvals: &[],
        spread: 1,
        preferred_group: None,
        session: &Facts,
    };
    let generated: Vec<u64> = match planned.sequence_values(&arguments) {
        Ok(count) => (0..count as u64).map(|n| 1001 + n).collect(),
        Err(error) => {
            let _ = writeln!(out, "  error {} {}", error.errno, error.message);
            return;
        }
    };
    arguments.generated = &generated;
    let mut keys = Vec::new();
    if let Some(generated) = planned.generated_keys() {
        let insert = generated.insert("generated", &arguments);
        let _ = writeln!(out, "  first {}", String::from_utf8_lossy(&insert));
        let _ = writeln!(out, "  first {}", generated.query("generated"));
        keys.extend((0..generated.rows()).map(|row| vec![Value::Int(row as i64)]));
    }
    arguments.keys = &keys;
    let mut execution = Execution::default();
    if let Err(error) = planned.route_into(&arguments, &mut execution) {
        let _ = writeln!(out, "  refused {} {}", error.errno, error.message);
        return;
    }
    if let (true, Combine::Gather(gather)) = (execution.gathers, &planned.combine) {
        let _ = writeln!(out, "  gather: {}", gather.reason);
        for source in &gather.sources {
            let _ = writeln!(
                out,
                "  {} {}",
                source.table,
                String::from_utf8_lossy(&source.query(&arguments, &[]))
            );
            for key in &source.keys {
                let _ = writeln!(out, "    key {}", key.join(","));
            }
            for link in &source.links {
                let _ = writeln!(out, "    {} among {}.{}", link.column, link.table, link.other);
            }
        }
        for made in &gather.made {
            let query = gather.made_by(made, &arguments, &|_| None);
            let _ =
                writeln!(out, "  {} {:?} made {}", made.table, made.copies, String::from_utf8_lossy(&query));
        }
        gather.statement_into(&arguments, &|_| None, &mut execution);
        let _ = writeln!(out, "  {}", String::from_utf8_lossy(&execution.buffer));
        return;
    }
    if let (true, Combine::RowsFirst(rows_first)) = (execution.gathers, &planned.combine) {
        let _ = writeln!(out, "  rows first: {}", rows_first.reason());
        for text in std::iter::once(rows_first.query(&arguments)).chain(rows_first.steps(&arguments)) {
            let _ = writeln!(out, "  {}", String::from_utf8_lossy(&text));
        }
        return;
    }
    let shards: Vec<String> =
        execution.statements.iter().map(|s| format!("{}.{}", s.group, s.shard)).collect();
    let count = execution.statements.len();
    let _ = writeln!(out, "  {} {}", if count == 1 { "pass" } else { "to" }, shards.join(" "));
    for (index, statement) in execution.statements.iter().enumerate() {
        // Of a scatter the first tells enough, of rows that are placed one by one every one differs.
        let each = matches!(planned.combine, Combine::Counts) && count <= 3;
        if index == 0 || each {
            let _ = writeln!(out, "  {}", String::from_utf8_lossy(execution.text(statement)));
            if !statement.params.is_empty() {
                let _ = writeln!(out, "  params {:?}", &execution.params[statement.params.clone()]);
            }
        }
    }
    if let Some(first) = execution.first_generated {
        let _ = writeln!(out, "  first generated {first}");
    }
    if let Some(largest) = execution.largest_explicit {
        let _ = writeln!(out, "  largest explicit {largest}");
    }
    if count > 1 {
        merge(&planned.combine, out);
        if planned.reads_time {
            out.push_str("  at one moment\n");
        }
    }
}

fn merge(combine: &Combine, out: &mut String) {
    let Combine::Rows(spec) = combine else {
        let _ = writeln!(out, "  combine {combine:?}");
        return;
    };
    let _ = writeln!(out, "  visible {:?} hidden {}", spec.visible, spec.hidden);
    for key in &spec.input_order {
        let _ = writeln!(out, "  order {key:?}");
    }
    if spec.distinct {
        out.push_str("  distinct\n");
    }
    if let Some(group) = &spec.group {
        let _ = writeln!(out, "  keys {:?}\n  outputs {:?}", group.keys, group.outputs);
        if !group.hidden_outputs.is_empty() {
            let _ = writeln!(out, "  hidden outputs {:?}", group.hidden_outputs);
        }
        if let Some(having) = &group.having {
            let _ = writeln!(out, "  having {having:?}");
        }
    }
    if let Some(order) = &spec.output_order {
        let _ = writeln!(out, "  output order {order:?}");
    }
    if let Some(limit) = &spec.limit {
        let _ = writeln!(out, "  {limit:?}");
    }
}

fn mode_of(words: &str) -> SqlMode {
    SqlMode {
        pipes_as_concat: words.contains("PIPES_AS_CONCAT"),
        ansi_quotes: words.contains("ANSI_QUOTES"),
        high_not_precedence: words.contains("HIGH_NOT_PRECEDENCE"),
        no_auto_value_on_zero: words.contains("NO_AUTO_VALUE_ON_ZERO"),
        no_backslash_escapes: words.contains("NO_BACKSLASH_ESCAPES"),
        server: match words.contains("MYSQL") {
            true => ServerVersion { mariadb: false, number: 90_704 },
            false => SqlMode::default().server,
        },
    }
}

fn parameter(word: &str) -> Value<'static> {
    match word {
        "NULL" => Value::Null,
        _ => match word.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Text(word.as_bytes().to_vec().into()),
        },
    }
}

/// Runs one file: every statement is a line, its snapshot the indented lines below it.
fn check(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(name);
    let before = std::fs::read_to_string(&path).unwrap();
    let mut after = String::new();
    let (mut mode, mut params): (SqlMode, Option<Vec<Value<'static>>>) = (SqlMode::default(), None);
    let mut cases = 0;
    for line in before.lines().filter(|line| !line.starts_with("  ")) {
        after.push_str(line);
        after.push('\n');
        if line.is_empty() || line.starts_with("--") {
            continue;
        }
        if let Some(words) = line.strip_prefix("@mode") {
            mode = mode_of(words);
        } else if let Some(words) = line.strip_prefix("@params") {
            params = Some(words.split_whitespace().map(parameter).collect());
        } else {
            after.push_str(&snapshot(line, mode, params.as_deref()));
            (mode, params) = (SqlMode::default(), None);
            cases += 1;
        }
    }
    assert!(cases > 0, "{name} has no statement");
    if std::env::var_os("OSTRAKON_UPDATE_PLANS").is_some() {
        std::fs::write(&path, after).unwrap();
        return;
    }
    for (number, (expected, found)) in before.lines().zip(after.lines()).enumerate() {
        assert_eq!(expected, found, "{name}, line {}", number + 1);
    }
    assert_eq!(before.lines().count(), after.lines().count(), "{name}: lines are missing or too many");
}

#[test]
fn conditions_prune_as_the_snapshots_say() {
    check("conditions.txt");
}

#[test]
fn joins_and_subqueries_route_as_the_snapshots_say() {
    check("joins.txt");
}

#[test]
fn merges_are_as_the_snapshots_say() {
    check("merge.txt");
}

#[test]
fn gathers_are_as_the_snapshots_say() {
    check("gather.txt");
}

#[test]
fn writes_route_as_the_snapshots_say() {
    check("writes.txt");
}

#[test]
fn session_functions_and_refusals_are_as_the_snapshots_say() {
    check("session.txt");
}

/// Whether a statement may go over a connection that others use at the same time.
fn is_shareable(sql: &str) -> bool {
    let (catalog, mode) = (catalog::catalog(), SqlMode::default());
    let mut template = Template::default();
    scan(sql.as_bytes(), mode, &mut template).expect("it is scanned");
    let text = sql.as_bytes();
    let request = Request { text, template: &template, catalog: &catalog, database: Some("shop"), mode };
    let planned = plan(&request);
    let Ok(Plan::Routed(planned)) = planned else { panic!("{sql}: {:?}", planned.err()) };
    planned.shareable
}

#[test]
fn only_reads_of_tables_that_do_nothing_else_may_be_shared() {
    let may = [
        "SELECT a FROM t WHERE k = 1",
        "SELECT COUNT(*), SUM(a) FROM t WHERE k BETWEEN 1 AND 9",
        "SELECT a, ABS(n) FROM t WHERE k IN (1, 2) ORDER BY a DESC LIMIT 3",
        "SELECT COALESCE(b, 'FOR UPDATE') FROM t WHERE k = 1",
        "SELECT `sleep` FROM (SELECT a AS `sleep` FROM t WHERE k = 1) AS x",
    ];
    let may_not = [
        // Writes, and reads that lock.
        "INSERT INTO t (k, a) VALUES (1, 1)",
        "UPDATE t SET a = 1 WHERE k = 1",
        "DELETE FROM t WHERE k = 1",
        "SELECT a FROM t WHERE k = 1 FOR UPDATE",
        "SELECT a FROM t WHERE k = 1 LOCK IN SHARE MODE",
        // What is its session's.
        "SELECT a FROM t WHERE k = @v",
        "SELECT @v := a FROM t WHERE k = 1",
        "SELECT a, @@sql_mode FROM t WHERE k = 1",
        "SELECT SQL_CALC_FOUND_ROWS a FROM t WHERE k = 1 LIMIT 1",
        "SELECT a, LAST_INSERT_ID() FROM t WHERE k = 1",
        "SELECT a, CONNECTION_ID() FROM t WHERE k = 1",
        // What waits, locks, or may do anything.
        "SELECT SLEEP(0) FROM t WHERE k = 1",
        "SELECT mine(a) FROM t WHERE k = 1",
        "SELECT `abs`(a) FROM t WHERE k = 1",
        "SELECT RAND() FROM t WHERE k = 1",
        // No table: nothing to read.
        "SELECT 1",
    ];
    for sql in may {
        assert!(is_shareable(sql), "{sql}");
    }
    for sql in may_not {
        assert!(!is_shareable(sql), "{sql}");
    }
}
