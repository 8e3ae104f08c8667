//! The planner's own picture of a query: what binding, pruning and merging look at, with byte positions into the user's text.
//!
//! Everything that the planner does not reason about is `Flat`: the columns, calls and subqueries inside, without their structure.

use std::ops::Range;

/// An identifier and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub text: String,
    pub span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub with: Vec<Cte>,
    pub recursive: bool,
    pub body: Body,
    pub order_by: Vec<Expr>,
    pub limited: bool,
    /// A clause that MySQL does not have or the planner does not know (FETCH ...).
    pub odd: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Cte {
    pub name: String,
    pub query: Query,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Select(Box<Select>),
    Nested(Box<Query>),
    /// UNION, EXCEPT, INTERSECT.
    Set(Box<Body>, Box<Body>),
    /// VALUES ROW(...).
    Values(Flat),
}

#[derive(Clone, Debug)]
pub(crate) struct Select {
    /// Byte offset of the word SELECT (of the statement's first word for UPDATE and DELETE).
    pub start: usize,
    pub distinct: bool,
    pub items: Vec<Item>,
    pub from: Vec<Source>,
    pub filter: Option<Expr>,
    pub group_by: Vec<Expr>,
    pub rollup: bool,
    pub having: Option<Expr>,
    pub odd: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Item {
    Star,
    /// `t.*`, `db.t.*`
    TableStar(Vec<Name>),
    Expr {
        expr: Expr,
        alias: Option<String>,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Table {
        /// One or two parts.
        name: Vec<Name>,
        alias: Option<String>,
    },
    Derived {
        query: Box<Query>,
        alias: Option<String>,
        lateral: bool,
    },
    Join(Box<Join>),
    /// JSON_TABLE and what the planner does not know.
    Other {
        inside: Flat,
        alias: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
    Right,
}

#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub kind: JoinKind,
    pub natural: bool,
    pub left: Source,
    pub right: Source,
    pub on: Option<Expr>,
    pub using: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// One to three parts; the last is the column's name.
    pub parts: Vec<Name>,
}

impl Column {
    pub fn name(&self) -> &str {
        self.parts.last().map_or("", |part| &part.text)
    }

    pub fn span(&self) -> Range<usize> {
        match (self.parts.first(), self.parts.last()) {
            (Some(first), Some(last)) => first.span.start..last.span.end,
            _ => 0..0,
        }
    }
}

/// A literal or parameter marker, by its byte span.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    pub span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Eq,
    NullSafeEq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// Two or more conditions; chains are flat, so that a thousand of them are no deep tree.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Compare {
        op: Compare,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    In {
        expr: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    InQuery {
        expr: Box<Expr>,
        query: Box<Query>,
        negated: bool,
    },
    Between {
        expr: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    IsNull {
        expr: Box<Expr>,
        negated: bool,
    },
    Column(Column),
    Literal(Literal),
    /// A literal with a minus before it.
    Negative(Literal),
    Null {
        span: Range<usize>,
    },
    Tuple(Vec<Expr>),
    Call(Box<Call>),
    Other(Flat),
}

/// A function call with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Upper case; qualified names keep their full stop.
    pub name: String,
    pub span: Range<usize>,
    /// Arguments; empty for `COUNT(*)`, which has `star`.
    pub args: Vec<Expr>,
    pub star: bool,
    pub distinct: bool,
    /// OVER (...)
    pub window: bool,
    /// ORDER BY, SEPARATOR and the like inside, or arguments that are not plain.
    pub special: bool,
    /// Everything inside that `args` does not hold.
    pub rest: Flat,
}

/// What is inside an expression that is not taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flat {
    pub columns: Vec<Column>,
    /// Names of called functions, upper case, and whether with OVER.
    pub calls: Vec<(String, bool)>,
    pub queries: Vec<Query>,
}

impl Expr {
    /// Calls `visit` for this expression and those below it, not for those in subqueries.
    pub fn walk<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        match self {
            Self::And(parts) | Self::Or(parts) | Self::Tuple(parts) => {
                parts.iter().for_each(|part| part.walk(visit))
            }
            Self::Compare { left, right, .. } => {
                left.walk(visit);
                right.walk(visit);
            }
            Self::Not(inner) => inner.walk(visit),
            Self::In { expr, list, .. } => {
                expr.walk(visit);
                list.iter().for_each(|value| value.walk(visit));
            }
            Self::InQuery { expr, .. } | Self::IsNull { expr, .. } => expr.walk(visit),
            Self::Between { expr, low, high, .. } => {
                expr.walk(visit);
                low.walk(visit);
                high.walk(visit);
            }
            Self::Call(call) => call.args.iter().for_each(|arg| arg.walk(visit)),
            Self::Column(_) | Self::Literal(_) | Self::Negative(_) | Self::Null { .. } | Self::Other(_) => {}
        }
    }

    /// All columns in the expression, not those in its subqueries.
    pub fn columns(&self) -> Vec<&Column> {
        let mut found = Vec::new();
        self.walk(&mut |expr| match expr {
            Self::Column(column) => found.push(column),
            Self::Other(flat) => found.extend(&flat.columns),
            Self::Call(call) => found.extend(&call.rest.columns),
            _ => {}
        });
        found
    }

    /// Names of all functions called in the expression, and whether with OVER.
    pub fn calls(&self) -> Vec<(&str, bool)> {
        let mut found = Vec::new();
        self.walk(&mut |expr| match expr {
            Self::Other(flat) => {
                found.extend(flat.calls.iter().map(|(name, window)| (name.as_str(), *window)))
            }
            Self::Call(call) => {
                found.push((call.name.as_str(), call.window));
                found.extend(call.rest.calls.iter().map(|(name, window)| (name.as_str(), *window)));
            }
            _ => {}
        });
        found
    }

    /// Direct subqueries of the expression.
    pub fn queries(&self) -> Vec<&Query> {
        let mut found: Vec<&Query> = Vec::new();
        self.walk(&mut |expr| match expr {
            Self::InQuery { query, .. } => found.push(query),
            Self::Other(flat) => found.extend(&flat.queries),
            Self::Call(call) => found.extend(&call.rest.queries),
            _ => {}
        });
        found
    }
}
