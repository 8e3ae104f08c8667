//! DRDS's hints: what a statement asks of its execution.

use crate::RouterError;
use crate::lexer::{SqlMode, Token, TokenKind, decode_identifier, decode_string, tokenize};

/// What the hints of one statement say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Where the statement goes; `None`: where its tables are.
    pub target: Option<Target>,
    /// Full scans over groups, whatever the database's setting says.
    pub allow_full_table_scan: Option<bool>,
    /// UPDATE and DELETE of whole tables, whatever the database's setting says.
    pub forbid_execute_dml_all: Option<bool>,
    /// Milliseconds that the statement may take.
    pub socket_timeout_ms: Option<u64>,
    /// Hints about how a statement is executed, which this version does in its own way: the answer is the same.
    pub ignored: Vec<String>,
}

/// Groups or physical tables that a statement goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The text as it is, to each of these groups, by number or name.
    Nodes(Vec<String>),
    /// To so many of these groups, by chance.
    RandomNodes(Vec<String>, usize),
    /// The statement on logical tables, to each physical table.
    Scan(Scan),
}

/// `scan(...)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Logical tables; none: those of the statement.
    pub tables: Vec<String>,
    /// Groups, by number or name; none: all.
    pub nodes: Vec<String>,
    /// A condition on the shard key instead of the statement's own.
    pub condition: Option<String>,
    /// Physical tables, one for each logical one.
    pub real_tables: Vec<Vec<String>>,
}

/// They say how, not what: without them the answer is the same.
const IGNORED: &[&str] = &[
    "HASH_AGG",
    "SORT_AGG",
    "INDEX",
    "FORCE",
    "USE",
    "IGNORE",
    "PAGING_INDEX",
    "QB_NAME",
    "MERGE_UNION_SIZE",
    "MPP",
    "PLAN",
    "DBJ",
    "SQL_DELAY_CUTOFF",
];

/// Reads the text of a hint, with its comment marks, and adds what it says to `hint`.
///
/// # Errors
/// 1064 for a malformed hint; 1235 for one that is not known, or that would change the answer and is not supported.
pub fn parse_hint(comment: &[u8], hint: &mut Hint) -> Result<(), RouterError> {
    let body = body(comment);
    // A hint is no statement: it has no `;` that would end it.
    let tokens = tokenize(body, SqlMode::default())?;
    let ended = tokens.last().is_some_and(|end| (end.start as usize) < body.len());
    if ended {
        return Err(malformed(body));
    }
    let mut reader = Reader { text: body, tokens: &tokens, at: 0 };
    if reader.is_op("{") || reader.is_op("(") {
        return Err(RouterError::not_supported(
            "DRDS hints in JSON; node(...) and scan(...) say the same in words",
        ));
    }
    while !reader.at_end() {
        if !reader.accept(",") {
            one(&mut reader, hint)?;
        }
    }
    Ok(())
}

/// What stands between `TDDL:` and `*/`.
fn body(comment: &[u8]) -> &[u8] {
    let name = comment.windows(4).position(|bytes| bytes.eq_ignore_ascii_case(b"TDDL"));
    let start = name.map_or(0, |at| at + 4);
    let end = comment.len().saturating_sub(2).max(start);
    let body = comment.get(start..end).unwrap_or_default();
    body.strip_prefix(b":").unwrap_or(body)
}

fn one(reader: &mut Reader<'_>, hint: &mut Hint) -> Result<(), RouterError> {
    let name = reader.word()?.to_uppercase();
    if reader.is_op("=") {
        return setting(&name, reader, hint);
    }
    if matches!(name.as_str(), "FORCE" | "USE" | "IGNORE") && reader.peek_word("INDEX") {
        reader.word()?;
    }
    let arguments = if reader.is_op("(") { Some(reader.arguments()?) } else { None };
    let count = arguments.as_ref().map_or(0, Vec::len);
    let arguments = arguments.unwrap_or_default();
    match name.as_str() {
        "NODE" => target(hint, Target::Nodes(nodes(&arguments)?)),
        "RANDOM_NODE" => target(hint, random(&arguments)?),
        "SCAN" => target(hint, Target::Scan(scan(arguments)?)),
        // There are no replicas yet: a slave falls back to its master, as in DRDS where a master has none.
        "MASTER" | "SLAVE" | "FOLLOWER" if count == 0 => Ok(()),
        "SQL_DELAY_CUTOFF" => Ok(()),
        "SOCKET_TIMEOUT" => match arguments.as_slice() {
            [Argument { name: None, values }] if values.len() == 1 => {
                hint.socket_timeout_ms = Some(number(&name, values)?);
                Ok(())
            }
            _ => Err(RouterError::syntax("SOCKET_TIMEOUT takes milliseconds: SOCKET_TIMEOUT(500)")),
        },
        "CMD_EXTRA" => {
            for Argument { name, values } in arguments {
                let Some(name) = name else {
                    return Err(RouterError::syntax("CMD_EXTRA takes settings: CMD_EXTRA(NAME=value)"));
                };
                apply(&name.to_uppercase(), &values, hint)?;
            }
            Ok(())
        }
        other if IGNORED.contains(&other) || other.ends_with("_JOIN") || other.starts_with("PUSH_") => {
            hint.ignored.push(name);
            Ok(())
        }
        _ => Err(RouterError::not_supported(format_args!("the hint {name}; leave it out"))),
    }
}

/// `NAME=value` beside the hints.
fn setting(name: &str, reader: &mut Reader<'_>, hint: &mut Hint) -> Result<(), RouterError> {
    reader.accept("=");
    let values = reader.values()?;
    apply(name, &values, hint)
}

/// Switches of a session's executor in DRDS; those that are not ours change no answer.
fn apply(name: &str, values: &[String], hint: &mut Hint) -> Result<(), RouterError> {
    match name {
        "ALLOW_FULL_TABLE_SCAN" => hint.allow_full_table_scan = Some(switch(name, values)?),
        "FORBID_EXECUTE_DML_ALL" => hint.forbid_execute_dml_all = Some(switch(name, values)?),
        "SOCKET_TIMEOUT" => hint.socket_timeout_ms = Some(number(name, values)?),
        _ => hint.ignored.push(name.to_owned()),
    }
    Ok(())
}

fn switch(name: &str, values: &[String]) -> Result<bool, RouterError> {
    let value = values.first().map(|value| value.to_ascii_lowercase()).unwrap_or_default();
    match value.as_str() {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" | "off" => Ok(false),
        _ => Err(RouterError::syntax(format_args!("the hint {name} takes TRUE or FALSE"))),
    }
}

fn number(name: &str, values: &[String]) -> Result<u64, RouterError> {
    let number = values.first().and_then(|value| value.parse().ok());
    number.ok_or_else(|| RouterError::syntax(format_args!("the hint {name} takes a number")))
}

fn target(hint: &mut Hint, target: Target) -> Result<(), RouterError> {
    if hint.target.replace(target).is_some() {
        return Err(RouterError::syntax("one of the hints NODE, RANDOM_NODE and SCAN for a statement"));
    }
    Ok(())
}

fn nodes(arguments: &[Argument]) -> Result<Vec<String>, RouterError> {
    if arguments.iter().any(|argument| argument.name.is_some()) {
        return Err(RouterError::syntax("NODE takes numbers or names of groups: NODE(0), NODE('A', 'B')"));
    }
    let nodes: Vec<String> =
        arguments.iter().flat_map(|argument| &argument.values).flat_map(|v| list(v)).collect();
    match nodes.is_empty() {
        true => Err(RouterError::syntax("NODE takes numbers or names of groups: NODE(0), NODE('A', 'B')")),
        false => Ok(nodes),
    }
}

fn random(arguments: &[Argument]) -> Result<Target, RouterError> {
    let wrong = || RouterError::syntax("RANDOM_NODE takes groups and a number: RANDOM_NODE('0,1,2', 2)");
    let values: Vec<&String> = arguments.iter().flat_map(|argument| &argument.values).collect();
    let named = arguments.iter().any(|argument| argument.name.is_some());
    match values.as_slice() {
        [nodes] if !named => Ok(Target::RandomNodes(list(nodes), 1)),
        [nodes, count] if !named => {
            Ok(Target::RandomNodes(list(nodes), count.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?))
        }
        _ => Err(wrong()),
    }
}

fn scan(arguments: Vec<Argument>) -> Result<Scan, RouterError> {
    let mut scan = Scan::default();
    for Argument { name, values } in arguments {
        match name.map(|name| name.to_uppercase()).as_deref() {
            None => scan.tables.extend(values.iter().flat_map(|value| list(value))),
            Some("NODE") => scan.nodes.extend(values.iter().flat_map(|value| list(value))),
            Some("CONDITION") => scan.condition = Some(values.join(" AND ")),
            Some("REAL_TABLE") => scan.real_tables.extend(values.iter().map(|value| list(value))),
            Some(other) => {
                return Err(RouterError::not_supported(format_args!("{other} in the hint SCAN")));
            }
        }
    }
    if scan.condition.is_some() && !scan.real_tables.is_empty() {
        return Err(RouterError::syntax("CONDITION or REAL_TABLE in the hint SCAN, not both"));
    }
    Ok(scan)
}

/// Names between commas.
fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// `value`, or `name=value`, or `name=(value, value)`.
struct Argument {
    name: Option<String>,
    values: Vec<String>,
}

struct Reader<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).filter(|token| token.kind != TokenKind::End)
    }

    fn at_end(&self) -> bool {
        self.peek().is_none()
    }

    fn bytes(&self) -> &[u8] {
        self.peek().map(|token| token.text(self.text)).unwrap_or_default()
    }

    fn is_op(&self, op: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == TokenKind::Op) && self.bytes() == op.as_bytes()
    }

    fn peek_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == TokenKind::Word)
            && self.bytes().eq_ignore_ascii_case(word.as_bytes())
    }

    fn accept(&mut self, op: &str) -> bool {
        let is = self.is_op(op);
        self.at += usize::from(is);
        is
    }

    fn word(&mut self) -> Result<String, RouterError> {
        match self.peek().map(|token| token.kind) {
            Some(TokenKind::Word) => {
                let word = String::from_utf8_lossy(self.bytes()).into_owned();
                self.at += 1;
                Ok(word)
            }
            _ => Err(malformed(self.rest())),
        }
    }

    fn rest(&self) -> &[u8] {
        let start = self.tokens.get(self.at).map_or(self.text.len(), |token| token.start as usize);
        self.text.get(start..).unwrap_or_default()
    }

    /// From `(` to `)`.
    fn arguments(&mut self) -> Result<Vec<Argument>, RouterError> {
        self.accept("(");
        let mut arguments = Vec::new();
        while !self.accept(")") {
            if !arguments.is_empty() && !self.accept(",") {
                return Err(malformed(self.rest()));
            }
            let is_named = self.tokens.get(self.at + 1).is_some_and(|next| next.text(self.text) == b"=");
            let name = if is_named { Some(self.word()?) } else { None };
            if is_named {
                self.accept("=");
            }
            arguments.push(Argument { name, values: self.values()? });
        }
        Ok(arguments)
    }

    /// One value, or several in parentheses.
    fn values(&mut self) -> Result<Vec<String>, RouterError> {
        if !self.accept("(") {
            return Ok(vec![self.value()?]);
        }
        let mut values = vec![self.value()?];
        while !self.accept(")") {
            if !self.accept(",") {
                return Err(malformed(self.rest()));
            }
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<String, RouterError> {
        let Some(token) = self.peek() else { return Err(malformed(b"")) };
        let bytes = token.text(self.text);
        let value = match token.kind {
            TokenKind::String => {
                String::from_utf8_lossy(&decode_string(bytes, SqlMode::default())).into_owned()
            }
            TokenKind::Word | TokenKind::QuotedIdent => decode_identifier(bytes).into_owned(),
            TokenKind::Integer => String::from_utf8_lossy(bytes).into_owned(),
            _ => return Err(malformed(self.rest())),
        };
        self.at += 1;
        Ok(value)
    }
}

fn malformed(rest: &[u8]) -> RouterError {
    let near: String = String::from_utf8_lossy(rest).chars().take(80).collect();
    RouterError::syntax(format_args!("a DRDS hint near '{near}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Hint {
        let mut hint = Hint::default();
        let text = format!("/*+TDDL:{body}*/");
        parse_hint(text.as_bytes(), &mut hint).unwrap_or_else(|e| panic!("{body}: {}", e.message));
        hint
    }

    fn refused(body: &str) -> u16 {
        parse_hint(format!("/!TDDL:{body}*/").as_bytes(), &mut Hint::default()).unwrap_err().errno
    }

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn targets_are_read_in_all_their_forms() {
        for (body, nodes) in [
            ("node(0)", &["0"][..]),
            ("node(0, 2)", &["0", "2"]),
            ("NODE('0,1')", &["0", "1"]),
            (" node('A_GROUP', \"B_GROUP\") ", &["A_GROUP", "B_GROUP"]),
            ("node(A_GROUP)", &["A_GROUP"]),
        ] {
            assert_eq!(parsed(body).target, Some(Target::Nodes(strings(nodes))), "{body}");
        }
        assert_eq!(
            parsed("random_node('0,1,2', 2)").target,
            Some(Target::RandomNodes(strings(&["0", "1", "2"]), 2))
        );
        assert_eq!(parsed("scan()").target, Some(Target::Scan(Scan::default())));
        let scan = |body: &str| match parsed(body).target {
            Some(Target::Scan(scan)) => scan,
            other => panic!("{body}: {other:?}"),
        };
        assert_eq!(scan("scan(node='0,1')").nodes, ["0", "1"]);
        assert_eq!(scan("scan(node=0)").nodes, ["0"]);
        let found = scan("scan('t', condition='t.id=2', node='1')");
        assert_eq!((found.tables, found.condition.as_deref()), (strings(&["t"]), Some("t.id=2")));
        let found = scan("scan('t1,t2', real_table=('t1_0,t2_0','t1_1,t2_1'))");
        assert_eq!(found.tables, ["t1", "t2"]);
        assert_eq!(found.real_tables, [strings(&["t1_0", "t2_0"]), strings(&["t1_1", "t2_1"])]);
        assert_eq!(scan("scan('t', real_table='t_1')").real_tables, [strings(&["t_1"])]);
    }

    #[test]
    fn switches_are_read_with_and_without_cmd_extra() {
        let hint = parsed(
            "cmd_extra(ALLOW_FULL_TABLE_SCAN=true, FORBID_EXECUTE_DML_ALL=false, MERGE_CONCURRENT=TRUE)",
        );
        assert_eq!((hint.allow_full_table_scan, hint.forbid_execute_dml_all), (Some(true), Some(false)));
        assert_eq!(hint.ignored, ["MERGE_CONCURRENT"]);
        let hint = parsed("ALLOW_FULL_TABLE_SCAN=FALSE SOCKET_TIMEOUT(500)");
        assert_eq!((hint.allow_full_table_scan, hint.socket_timeout_ms), (Some(false), Some(500)));
        let hint = parsed("slave() SOCKET_TIMEOUT=9, master() SQL_DELAY_CUTOFF(5)");
        assert_eq!(hint, Hint { socket_timeout_ms: Some(9), ..Hint::default() });
        assert_eq!(parsed(""), Hint::default());
    }

    #[test]
    fn hints_that_change_no_answer_are_named_and_others_refused() {
        let hint = parsed("BKA_JOIN(a,b) push_pj() NO_JOIN(a,b) FORCE INDEX(i) MPP(node=2)");
        assert_eq!(hint.ignored, ["BKA_JOIN", "PUSH_PJ", "NO_JOIN", "FORCE", "MPP"]);
        for (body, errno) in [
            ("construct()", 1235),
            ("ADD_LMT(1)", 1235),
            ("whatever", 1235),
            ("{\"type\":\"direct\"}", 1235),
            ("({\"type\":\"direct\"})", 1235),
            ("node()", 1064),
            ("node(0) scan()", 1064),
            ("node(0", 1064),
            ("node(0 1)", 1064),
            ("node(x=1)", 1064),
            ("SOCKET_TIMEOUT", 1064),
            ("SOCKET_TIMEOUT(-1)", 1064),
            ("SOCKET_TIMEOUT(fast)", 1064),
            ("ALLOW_FULL_TABLE_SCAN=maybe", 1064),
            ("random_node('0', 0)", 1064),
            ("scan('t', condition='a=1', real_table='t_0')", 1064),
            ("a; b", 1064),
            ("'", 1064),
        ] {
            assert_eq!(refused(body), errno, "{body}");
        }
    }
}
