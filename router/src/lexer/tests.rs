//! Tests of the lexer as a whole: templates, statement ends, and that both passes agree on any bytes.

use proptest::prelude::*;

use super::*;

const MYSQL: ServerVersion = ServerVersion { mariadb: false, number: 80_036 };

fn template(text: &str) -> Template {
    let mut out = Template::default();
    scan(text.as_bytes(), SqlMode::default(), &mut out).unwrap();
    out
}

/// The template with markers made readable: `#` integer, `.` decimal, `e` float, `$` string, `x` hex, `b` bit, `?`, `~` comment.
fn shown(text: &str) -> String {
    const MARKS: &[u8; 9] = b" #.e$xb?~";
    template(text)
        .bytes
        .iter()
        .map(|&b| char::from(MARKS.get(usize::from(b)).copied().unwrap_or(b)))
        .collect()
}

fn kinds(text: &str, mode: SqlMode) -> Vec<(TokenKind, String)> {
    let tokens = tokenize(text.as_bytes(), mode).unwrap();
    tokens.iter().map(|t| (t.kind, String::from_utf8_lossy(t.text(text.as_bytes())).into_owned())).collect()
}

fn words(text: &str) -> Vec<String> {
    kinds(text, SqlMode::default())
        .into_iter()
        .map(|(_, word)| word)
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn literals_become_markers_and_all_else_stays() {
    for (text, expected) in [
        ("SELECT c FROM sbtest1 WHERE id=503", "SELECT c FROM sbtest1 WHERE id=#"),
        ("insert into t values (1,'a''b',-1.5,1e5,x'41',0b1,?)", "insert into t values (#,$,-.,e,x,b,?)"),
        (
            "select `a'1` , t.1a, a1, _utf8mb4'x', N'y' from t",
            "select `a'1` , t.1a, a1, _utf8mb4$, N$ from t",
        ),
        ("select /* c */ 1 -- x\n+2 # y", "select ~ # ~\n+# ~"),
        ("select a/**/b, 5--1", "select a~b, #--#"),
        ("select @a:=1, @@session.x, @'q 1', @`w 2`", "select @a:=#, @@session.x, @'q 1', @`w 2`"),
        ("select /*+ MAX_EXECUTION_TIME(1000) */ 1", "select /*+ MAX_EXECUTION_TIME(1000) */ #"),
        ("select /*!40001 SQL_NO_CACHE */ 1", "select /*!40001 SQL_NO_CACHE */ #"),
        ("select /*!99999 x */ 1", "select ~ #"),
        ("a->'$.b' ->> \"$.c\" <=> 1<<2", "a->$ ->> $ <=> #<<#"),
        (".5+t.5+`t`.5", ".+t.5+`t`."),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn ordinals_stay_in_the_template() {
    for (text, expected) in [
        (
            "select a from t where b=1 order by 2, 3 limit 4",
            "select a from t where b=# order by 2, 3 limit #",
        ),
        (
            "select 1 from t group by 1 having 2 order by 1 desc",
            "select # from t group by 1 having # order by 1 desc",
        ),
        ("select a from t order by field(a, 1, 2), 3", "select a from t order by field(a, #, #), 3"),
        ("select a from t order by (1), (( 2 )), f((3))", "select a from t order by (1), (( 2 )), f((#))"),
        ("select (select 1 from u order by 2) + 3", "select (select # from u order by 2) + #"),
        ("(select a order by 1) union (select 2) limit 3", "(select a order by 1) union (select #) limit #"),
        ("select a from t order /**/ by 1 for update", "select a from t order ~ by 1 for update"),
        ("select t.order, t.by, 1", "select t.order, t.by, #"),
        ("select a from t order by window, 2", "select a from t order by window, 2"),
        (
            "insert into t select a from u group by 1 on duplicate key update a=2",
            "insert into t select a from u group by 1 on duplicate key update a=#",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn different_ordinals_are_different_templates() {
    assert_ne!(template("select a,b from t order by 1").hash, template("select a,b from t order by 2").hash);
    assert_eq!(template("select a from t where b=1").hash, template("select a from t where b=2").hash);
}

#[test]
fn literal_kinds_are_different_templates() {
    let texts = ["a=1", "a=1.0", "a=1e0", "a='1'", "a=0x1", "a=0b1", "a=?", "a=#", "a"];
    for (i, one) in texts.iter().enumerate() {
        for other in &texts[i + 1..] {
            assert_ne!(template(one).bytes, template(other).bytes, "{one} {other}");
        }
    }
}

#[test]
fn statements_end_at_their_semicolon() {
    for (text, length, next) in [
        ("select 1", 8, None),
        ("select 1;", 8, None),
        ("select 1 ; -- done\n/* x */ ", 9, None),
        ("select ';' ; select 2", 11, Some(13)),
        ("a; /*!40000 b */", 1, Some(3)),
        ("a; /* c */ b", 1, Some(3)),
        ("a;;", 1, Some(2)),
        (";", 0, None),
    ] {
        let template = template(text);
        assert_eq!((template.length, template.next), (length, next), "{text}");
    }
}

#[test]
fn routine_bodies_keep_their_semicolons() {
    for text in [
        "create procedure p() begin select 1; select 2; end",
        "CREATE DEFINER=`root`@`%` TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a=1; END",
        "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON u FOR EACH ROW begin set @a=1; end */",
        "create or replace definer = 'a'@'b' function f() returns int begin return 1; end",
        "alter event e do begin select 1; end",
        "begin not atomic select 1; end",
    ] {
        assert_eq!(template(text).length, text.len(), "{text}");
    }
    assert_eq!(template("create table `procedure` (a int); select 1").length, 32);
    assert_eq!(template("begin; select 1").length, 5);
    let mut out = Template::default();
    let refused = scan(b"/*!40000 select 1; select 2 */", SqlMode::default(), &mut out);
    assert_eq!(refused.unwrap_err().errno, 1235);
}

#[test]
fn hints_of_drds_are_flagged_and_refused() {
    let text = "/*+TDDL:node(0)*/select 1";
    assert!(template(text).has_tddl_hint);
    assert_eq!(tokenize(text.as_bytes(), SqlMode::default()).unwrap_err().errno, 1235);
    assert!(!template("/*+ node(0)*/select 1").has_tddl_hint);
    let mut reused = template(text);
    scan(b"select 1", SqlMode::default(), &mut reused).unwrap();
    assert!(!reused.has_tddl_hint);
}

#[test]
fn unreadable_text_is_a_syntax_error() {
    let mut out = Template::default();
    for text in [
        "'abc",
        "'abc\\'",
        "\"a",
        "`a",
        "/* a",
        "/*!40000 a",
        "x'1'",
        "b'2'",
        "a\u{1}b",
        "a\0",
        "@'x",
        "@@`x",
    ] {
        let error = scan(text.as_bytes(), SqlMode::default(), &mut out).unwrap_err();
        assert_eq!(error.errno, 1064, "{text:?}");
    }
}

#[test]
fn quotes_follow_the_sql_mode() {
    let ansi = SqlMode { ansi_quotes: true, ..SqlMode::default() };
    assert_eq!(kinds(r#""a\""#, ansi)[0], (TokenKind::QuotedIdent, r#""a\""#.into()));
    assert_eq!(kinds(r#""a\"b""#, SqlMode::default())[0].0, TokenKind::String);
    let plain = SqlMode { no_backslash_escapes: true, ..SqlMode::default() };
    assert_eq!(kinds(r"'a\' b", plain)[0], (TokenKind::String, r"'a\'".into()));
}

#[test]
fn tokens_are_words_operators_and_literals() {
    assert_eq!(
        words("select a->>'$.x'!=b||c&&d<=>e"),
        ["select", "a", "->>", "'$.x'", "!=", "b", "||", "c", "&&", "d", "<=>", "e"]
    );
    assert_eq!(words("t.1e5.`x`.*"), ["t", ".", "1e5", ".", "`x`", ".", "*"]);
    assert_eq!(words("a /*!40000 b */ /*!99999 c */ /*+ d */ e -- f"), ["a", "b", "e"]);
    assert_eq!(words("@a := @@global.b, 'u'@'h'"), ["@a", ":=", "@@global.b", ",", "'u'", "@'h'"]);
    assert_eq!(words(r"\N"), [r"\N"]);
    let mysql = SqlMode { server: MYSQL, ..SqlMode::default() };
    let tokens = kinds("/*M! a */ b /*!80036 c*/", mysql);
    assert_eq!(tokens.iter().map(|(_, w)| w.as_str()).collect::<Vec<_>>(), ["b", "c", ""]);
}

#[test]
fn plain_text_keeps_offsets() {
    let text = "select /*!40000 a */ /* b\n */ , '/* c */' /*+ d */ -- e\n f; g";
    let plain = plain_text(text.as_bytes(), SqlMode::default()).unwrap();
    let expected = "select          a             , '/* c */'              \n f";
    assert_eq!(plain.len(), 58);
    assert_eq!(String::from_utf8(plain).unwrap().replace('\n', " "), expected.replace('\n', " "));
}

#[test]
fn first_words_are_classified() {
    for (text, expected) in [
        ("select 1", Keyword::Select),
        ("  /* c */ -- d\n SELECT 1", Keyword::Select),
        ("(select 1)", Keyword::Parenthesis),
        ("/*!40101 SET NAMES utf8 */", Keyword::Set),
        ("/*M!100100 insert */ into", Keyword::Insert),
        ("/*+TDDL:node(0)*/ delete from t", Keyword::Delete),
        ("/*+ x */ update t", Keyword::Update),
        ("desc t", Keyword::Explain),
        ("frobnicate", Keyword::Other),
        ("'a'", Keyword::Other),
        (" /* a */ ", Keyword::Empty),
        ("", Keyword::Empty),
    ] {
        assert_eq!(leading_keyword(&template(text)), expected, "{text}");
    }
}

/// Text that looks like SQL often enough to reach the branches.
fn sql_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "select ",
        "order by ",
        "1",
        "12.5",
        "1e5",
        ".",
        "'",
        "\"",
        "`",
        "\\",
        "/*",
        "*/",
        "/*!",
        "/*!40000 ",
        "/*!99999 ",
        "/*M!",
        "/*+",
        "--",
        " ",
        "\n",
        "#",
        "@",
        "@@",
        "x'4a'",
        "0x1",
        "b'1'",
        "?",
        ";",
        "(",
        ")",
        ",",
        "group by ",
        "a",
        "é",
        "t.",
        ":=",
        "->>",
        "<=>",
        "create procedure ",
        "'a''b'",
        "'a\\'b'",
        "`a``b`",
        "-- c\n",
        "/* c */",
        "limit ",
        "\t",
        "\u{1}",
        "N'x'",
        "/!TDDL:",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..24).prop_map(|v| v.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn modes() -> impl Strategy<Value = SqlMode> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(ansi_quotes, no_backslash_escapes, mariadb)| {
        SqlMode {
            ansi_quotes,
            no_backslash_escapes,
            server: ServerVersion { mariadb, number: if mariadb { 101_119 } else { 80_036 } },
            ..SqlMode::default()
        }
    })
}

/// True for the 1 of `/*!1`: with more digits it would be a version.
fn after_mark(text: &[u8], hole: &Hole) -> bool {
    (hole.start as usize).checked_sub(1).is_some_and(|before| text[before] == b'!')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn template_and_holes_rebuild_the_text(text in sql_like(), mode in modes()) {
        let mut out = Template::default();
        if scan(&text, mode, &mut out).is_ok() {
            let mut rebuilt = Vec::new();
            let mut at = 0;
            for hole in &out.holes {
                rebuilt.extend_from_slice(&out.bytes[at..hole.template_at as usize]);
                prop_assert_eq!(out.bytes[hole.template_at as usize], hole.kind.marker());
                prop_assert!(hole.start < hole.end);
                rebuilt.extend_from_slice(&text[hole.start as usize..hole.end as usize]);
                at = hole.template_at as usize + 1;
            }
            rebuilt.extend_from_slice(&out.bytes[at..]);
            prop_assert_eq!(rebuilt.as_slice(), &text[..out.length]);
            prop_assert!(out.length == text.len() || text[out.length] == b';');
            prop_assert!(out.next.is_none_or(|next| next > out.length && next < text.len()));
            let _ = leading_keyword(&out);
        }
    }

    #[test]
    fn tokens_and_holes_agree_and_cover_the_text(text in sql_like(), mode in modes()) {
        let mut out = Template::default();
        let scanned = scan(&text, mode, &mut out);
        let tokens = tokenize(&text, mode);
        if scanned.is_err() || out.has_tddl_hint {
            prop_assert!(tokens.is_err());
            return Ok(());
        }
        let tokens = tokens.unwrap();
        let holes: Vec<(u32, u32)> = tokens
            .iter()
            .filter_map(|t| t.hole.map(|hole| (t, out.holes[hole as usize])))
            .map(|(t, hole)| { assert_eq!((t.start, t.end), (hole.start, hole.end)); (t.start, t.end) })
            .collect();
        prop_assert_eq!(holes.len(), out.holes.iter().filter(|h| h.kind != HoleKind::Comment).count());
        // What is in no token is white space once comments are blanked.
        let plain = plain_text(&text, mode).unwrap();
        prop_assert_eq!(plain.len(), out.length);
        let mut at = 0;
        for token in &tokens {
            prop_assert!(plain[at..token.start as usize].iter().all(|b| b.is_ascii_whitespace() || *b == 0x0b));
            prop_assert_eq!(&plain[token.range()], token.text(&text));
            prop_assert!(token.start < token.end || token.kind == TokenKind::End);
            at = token.end as usize;
        }
        prop_assert_eq!(at, out.length);
        prop_assert_eq!(tokens.last().unwrap().kind, TokenKind::End);
    }

    #[test]
    fn offsets_go_to_the_template_and_back(text in sql_like()) {
        let mut out = Template::default();
        if scan(&text, SqlMode::default(), &mut out).is_ok() {
            for offset in 0..=out.length {
                let inside = out.holes.iter().find(|h| (h.start as usize) < offset && offset < h.end as usize);
                let there = out.offset_in_template(offset);
                match inside {
                    Some(hole) => prop_assert_eq!(there, hole.template_at as usize),
                    None => prop_assert_eq!(out.offset_in_text(there), offset),
                }
            }
        }
    }

    #[test]
    fn other_numbers_give_the_same_template(one in sql_like(), number in 0u32..100_000) {
        // The same text with other numbers has the same template; holes are where the numbers are.
        let mut out = Template::default();
        if scan(&one, SqlMode::default(), &mut out).is_err() { return Ok(()); }
        let mut other = one.clone();
        for hole in out.holes.iter().rev().filter(|h| h.kind == HoleKind::Integer && !after_mark(&one, h)) {
            other.splice(hole.start as usize..hole.end as usize, number.to_string().into_bytes());
        }
        let mut again = Template::default();
        scan(&other, SqlMode::default(), &mut again).unwrap();
        prop_assert_eq!(&again.bytes, &out.bytes);
        prop_assert_eq!(again.hash, out.hash);
    }
}
