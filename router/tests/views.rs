//! Views: what CREATE VIEW keeps of a query, and what a statement becomes that names one.

#[path = "catalog/shop.rs"]
mod catalog;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command;
use ostrakon_catalog::view::View;
use ostrakon_router::RouterError;
use ostrakon_router::lexer::{SqlMode, Template, scan};
use ostrakon_router::plan::{Definition, Literals, Plan, Request, check_view, define_view, plan};

/// Calls `with` for a statement in database `shop`.
fn request<T>(catalog: &Catalog, text: &str, mode: SqlMode, with: impl Fn(&Request<'_>) -> T) -> T {
    let mut template = Template::default();
    scan(text.as_bytes(), mode, &mut template).unwrap();
    with(&Request { text: text.as_bytes(), template: &template, catalog, database: Some("shop"), mode })
}

fn define(catalog: &Catalog, query: &str, labels: &[&str], list: &[&str]) -> Result<Definition, RouterError> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    request(catalog, query, SqlMode::default(), |request| {
        check_view(request)?;
        define_view(request, &owned(labels), &owned(list))
    })
}

fn view(name: &str, definition: Definition) -> View {
    View {
        name: name.to_owned(),
        query: definition.query,
        columns: definition.columns,
        algorithm: Default::default(),
        definer: "root@%".to_owned(),
        invoker: false,
        check: Default::default(),
        modes: definition.modes,
        literal_collation: None,
        character_set_client: "utf8mb4".to_owned(),
        collation_connection: "utf8mb4_general_ci".to_owned(),
        order: definition.order,
        updatable: definition.updatable,
    }
}

/// The fixed catalog with views: name, query, labels, column list.
fn with_views(views: &[(&str, &str, &[&str], &[&str])]) -> Catalog {
    let mut catalog = catalog::catalog();
    for (name, query, labels, list) in views {
        let view = view(name, define(&catalog, query, labels, list).unwrap());
        catalog.apply(&Command::PutView { database: "shop".to_owned(), view, replace: None }).unwrap();
    }
    catalog
}

/// The statement with its views expanded; an error's number and text.
fn expand(catalog: &Catalog, text: &str) -> String {
    request(catalog, text, SqlMode::default(), |request| match plan(request) {
        Ok(Plan::Views(expansion)) => {
            String::from_utf8(expansion.text(request.text, &request.template.holes)).unwrap()
        }
        Ok(_) => "no views".to_owned(),
        Err(e) => format!("{} {}", e.errno, e.message),
    })
}

#[test]
fn a_query_is_kept_with_databases_columns_and_names() {
    let catalog = catalog::catalog();
    let kept =
        |query: &str, labels: &[&str], list: &[&str]| define(&catalog, query, labels, list).unwrap().query;
    assert_eq!(kept("SELECT a FROM t", &["a"], &[]), "SELECT a FROM `shop`.t");
    assert_eq!(kept("SELECT a FROM t x, other.bc", &["a"], &[]), "SELECT a FROM `shop`.t x, other.bc");
    assert_eq!(kept("SELECT * FROM v", &["k", "c"], &[]), "SELECT `v`.`k`, `v`.`c` FROM `shop`.v");
    assert_eq!(
        kept("SELECT x.*, 1 FROM u x", &["k", "c", "b", "1"], &[]),
        "SELECT `x`.`k`, `x`.`c`, `x`.`b`, 1 AS `1` FROM `shop`.u x"
    );
    assert_eq!(
        kept("SELECT * FROM v JOIN u USING (k)", &["k", "c", "c", "b"], &["k", "c", "d", "b"]),
        "SELECT `k`, `v`.`c`, `u`.`c` AS `d`, `u`.`b` FROM `shop`.v JOIN `shop`.u USING (k)"
    );
    assert_eq!(
        kept("SELECT a + 1, COUNT(*) n FROM t GROUP BY 1", &["a + 1", "n"], &[]),
        "SELECT a + 1 AS `a + 1`, COUNT(*) n FROM `shop`.t GROUP BY 1"
    );
    assert_eq!(kept("(SELECT a FROM t)", &["a"], &[]), "SELECT a FROM `shop`.t");
}

#[test]
fn a_column_list_names_items_and_leaves_clauses_alone() {
    let catalog = catalog::catalog();
    let kept = |query: &str, labels: &[&str], list: &[&str]| define(&catalog, query, labels, list).unwrap();
    let plain = kept("SELECT a AS x, b y, k FROM t WHERE a > 1", &["x", "y", "k"], &["p", "q", "r"]);
    assert_eq!(plain.query, "SELECT a AS `p`, b `q`, k AS `r` FROM `shop`.t WHERE a > 1");
    assert_eq!(plain.columns, ["p", "q", "r"]);
    // ORDER BY a would mean the other column.
    let ordered = kept("SELECT a, b FROM t ORDER BY a LIMIT 1", &["a", "b"], &["b", "a"]);
    assert_eq!(
        ordered.query,
        "SELECT `__view`.`a` AS `b`, `__view`.`b` AS `a` FROM (SELECT a, b FROM `shop`.t ORDER BY a LIMIT 1) AS `__view`"
    );
    assert!(plain.updatable && !ordered.updatable);
    let union = kept("SELECT a FROM t UNION SELECT c FROM v", &["a"], &["z"]);
    assert_eq!(
        union.query,
        "SELECT `__view`.`a` AS `z` FROM (SELECT a FROM `shop`.t UNION SELECT c FROM `shop`.v) AS `__view`"
    );
}

#[test]
fn names_that_cannot_be_are_errors_or_made_anew() {
    let catalog = catalog::catalog();
    let errno = |query: &str, labels: &[&str], list: &[&str]| {
        define(&catalog, query, labels, list).unwrap_err().errno
    };
    assert_eq!(errno("SELECT a, a FROM t", &["a", "a"], &[]), 1060);
    assert_eq!(errno("SELECT a, k FROM t", &["a", "k"], &["x", "X"]), 1060);
    assert_eq!(errno("SELECT a, k FROM t", &["a", "k"], &["x"]), 1353);
    assert_eq!(errno("SELECT a `x ` FROM t", &["x "], &[]), 1166);
    assert_eq!(errno("SELECT a FROM t WHERE a = @x", &["a"], &[]), 1351);
    assert_eq!(errno("SELECT a FROM t WHERE a = ?", &["a"], &[]), 1351);
    assert_eq!(errno("SELECT a INTO OUTFILE 'x' FROM t", &["a"], &[]), 1350);
    assert_eq!(errno("SELECT a FROM t FOR UPDATE", &["a"], &[]), 1235);
    assert_eq!(errno("SELECT CURRENT_USER()", &["CURRENT_USER()"], &[]), 1235);
    assert_eq!(errno("SELECT * FROM v RIGHT JOIN u USING (k)", &["k", "c", "b", "c"], &[]), 1235);
    // The server has a column that the catalog does not.
    assert_eq!(errno("SELECT * FROM v", &["k", "c", "new"], &[]), 1235);
    let made = define(&catalog, "SELECT a+1, a+1, 'x ' FROM t", &["a+1", "a+1", "x "], &[]).unwrap();
    assert_eq!(made.columns, ["a+1", "My_exp_a+1", "Name_exp_3"]);
}

#[test]
fn what_the_text_depends_on_is_noted() {
    let catalog = catalog::catalog();
    let of = |query: &str| define(&catalog, query, &["a"], &[]).unwrap();
    assert_eq!(of("SELECT a FROM t WHERE b = 'x' AND b IN ('y', 'z')").literals, Literals::Free);
    assert_eq!(of("SELECT a FROM t WHERE b LIKE 'x%' AND b BETWEEN 'a' AND 'b'").literals, Literals::Free);
    assert_eq!(of("SELECT a FROM t WHERE CONCAT(b, 'x') = 'y'").literals, Literals::OfConnection);
    assert_eq!(of("SELECT CAST(k AS CHAR) AS a FROM t").literals, Literals::OfConnection);
    assert_eq!(of("SELECT a FROM t WHERE NOT a OR b").modes, [("HIGH_NOT_PRECEDENCE".to_owned(), false)]);
    assert_eq!(of("SELECT a FROM t WHERE a || b").modes, [("PIPES_AS_CONCAT".to_owned(), false)]);
    let ansi = SqlMode { ansi_quotes: true, ..SqlMode::default() };
    let quoted = request(&catalog, "SELECT \"a\" FROM \"t\"", ansi, |request| {
        define_view(request, &["a".to_owned()], &[]).unwrap().query
    });
    assert_eq!(quoted, "SELECT `a` FROM `shop`.`t`");
    assert_eq!(
        of("SELECT a FROM t WHERE b = \"it's \"\"\"").query,
        "SELECT a FROM `shop`.t WHERE b = 'it''s \"'"
    );
}

#[test]
fn views_become_derived_tables_in_every_place() {
    let catalog = with_views(&[
        ("w1", "SELECT a, b FROM t", &["a", "b"], &[]),
        ("w2", "SELECT a FROM w1 WHERE a > 1", &["a"], &[]),
    ]);
    let one = "(SELECT a, b FROM `shop`.t)";
    let two = "(SELECT a FROM (SELECT a, b FROM `shop`.t) AS `w1` WHERE a > 1)";
    for (text, expected) in [
        ("SELECT * FROM w1", format!("SELECT * FROM {one} AS `w1`")),
        ("SELECT x.a FROM shop.w1 x, w1 AS y", format!("SELECT x.a FROM {one} x, {one} AS y")),
        ("SELECT a FROM w2 WHERE a = 5", format!("SELECT a FROM {two} AS `w2` WHERE a = 5")),
        ("SELECT shop.w1.a, shop.w1.* FROM w1", format!("SELECT w1.a, w1.* FROM {one} AS `w1`")),
        (
            "SELECT a FROM t WHERE a IN (SELECT a FROM w1)",
            format!("SELECT a FROM t WHERE a IN (SELECT a FROM {one} AS `w1`)"),
        ),
        (
            "SELECT (SELECT MAX(a) FROM w1) FROM t",
            format!("SELECT (SELECT MAX(a) FROM {one} AS `w1`) AS `(SELECT MAX(a) FROM w1)` FROM t"),
        ),
        (
            "SELECT a FROM t UNION SELECT b FROM w1",
            format!("SELECT a FROM t UNION SELECT b FROM {one} AS `w1`"),
        ),
        (
            "INSERT INTO t (k, a) SELECT a, 1 FROM w1",
            format!("INSERT INTO t (k, a) SELECT a, 1 FROM {one} AS `w1`"),
        ),
        (
            "DELETE FROM t WHERE a IN (SELECT a FROM w1)",
            format!("DELETE FROM t WHERE a IN (SELECT a FROM {one} AS `w1`)"),
        ),
        (
            "UPDATE t JOIN w1 ON w1.a = t.k SET t.a = w1.a",
            format!("UPDATE t JOIN {one} AS `w1` ON w1.a = t.k SET t.a = w1.a"),
        ),
    ] {
        assert_eq!(expand(&catalog, text), expected, "{text}");
    }
    for text in [
        "WITH w1 AS (SELECT 1 AS a) SELECT a FROM w1",
        "SELECT w1.a FROM t AS w1",
        "SELECT a AS w1 FROM t",
        "SELECT a FROM other.bc AS w1",
    ] {
        assert_eq!(expand(&catalog, text), "no views", "{text}");
    }
}

#[test]
fn what_cannot_be_done_with_a_view_is_refused() {
    let catalog = with_views(&[
        ("w1", "SELECT a, b FROM t", &["a", "b"], &[]),
        ("w2", "SELECT COUNT(*) AS n FROM w1", &["n"], &[]),
    ]);
    for (text, start) in [
        ("INSERT INTO w1 VALUES (1, 2)", "1235 Not supported: INSERT of view"),
        ("INSERT INTO w2 VALUES (1)", "1471 "),
        ("REPLACE INTO w2 VALUES (1)", "1471 "),
        ("UPDATE w1 SET a = 1", "1235 Not supported: UPDATE of view"),
        ("UPDATE w2 SET n = 1", "1288 "),
        ("DELETE FROM w2", "1288 "),
        ("DELETE w1 FROM t JOIN w1 ON w1.a = t.k", "1235 "),
        ("UPDATE t JOIN w1 ON w1.a = t.k SET w1.a = 1", "1235 "),
        ("SELECT a FROM w1 FOR UPDATE", "1235 "),
        ("TABLE w1", "1235 "),
    ] {
        let answer = expand(&catalog, text);
        assert!(answer.starts_with(start), "{text}: {answer}");
    }
    let mut catalog = catalog;
    catalog.apply(&Command::DropViews { views: vec![("shop".to_owned(), "w1".to_owned())] }).unwrap();
    assert!(expand(&catalog, "SELECT n FROM w2").starts_with("1356 View 'shop.w2'"));
}

#[test]
fn a_query_without_order_has_that_of_its_view() {
    let catalog = with_views(&[
        ("w1", "SELECT k, a + 1 AS b FROM t ORDER BY b DESC, t.k", &["k", "b"], &[]),
        (
            "w2",
            "SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY COUNT(*), 1 DESC",
            &["a", "COUNT(*)"],
            &["x", "n"],
        ),
    ]);
    let ends = |text: &str, end: &str| {
        let answer = expand(&catalog, text);
        assert!(answer.ends_with(end), "{text}: {answer}");
    };
    ends("SELECT k FROM w1 LIMIT 2", " AS `w1` ORDER BY `w1`.`b` DESC, `w1`.`k` LIMIT 2");
    ends("SELECT k FROM w1 z WHERE b > 1", ") z WHERE b > 1 ORDER BY `z`.`b` DESC, `z`.`k`");
    ends("SELECT x FROM w2 LIMIT 1", " AS `w2` ORDER BY `w2`.`n`, `w2`.`x` DESC LIMIT 1");
    ends("SELECT (SELECT k FROM w1 LIMIT 1) AS q", " AS `w1` ORDER BY `w1`.`b` DESC, `w1`.`k` LIMIT 1) AS q");
    ends("SELECT k FROM w1 ORDER BY k LIMIT 2", " AS `w1` ORDER BY k LIMIT 2");
    ends("SELECT b, COUNT(*) FROM w1 GROUP BY b", " AS `w1` GROUP BY b");
    ends("SELECT k FROM (SELECT k FROM w1) d", " AS `w1`) d");
    assert!(expand(&catalog, "SELECT DISTINCT k FROM w1 LIMIT 2").starts_with("1235 "));
    assert!(expand(&catalog, "SELECT w1.k FROM w1, u LIMIT 2").starts_with("1235 "));
    let unknown = define(&catalog, "SELECT a FROM t ORDER BY b", &["a"], &[]).unwrap_err();
    assert_eq!(unknown.errno, 1235);
}

#[test]
fn a_view_of_itself_is_an_error() {
    let mut catalog =
        with_views(&[("w1", "SELECT a FROM t", &["a"], &[]), ("w2", "SELECT a FROM w1", &["a"], &[])]);
    let circle = view("w1", define(&catalog, "SELECT a FROM w2", &["a"], &[]).unwrap());
    let command = Command::PutView { database: "shop".to_owned(), view: circle, replace: Some(true) };
    catalog.apply(&command).unwrap();
    assert!(expand(&catalog, "SELECT a FROM w2").starts_with("1462 "));
}
