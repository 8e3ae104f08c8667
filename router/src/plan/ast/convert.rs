//! sqlparser's tree to ours. What has no place in ours becomes `Flat`, never nothing.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{
    self, BinaryOperator, GroupByExpr, Ident, JoinConstraint, JoinOperator, LimitClause, ObjectName,
    OrderByKind, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
    UnaryOperator, Value, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::super::tree::{
    Body, Column, Compare, Cte, Expr, Flat, Item, Join, JoinKind, Literal, Name, Query, Select, Source,
};
use super::call;

type Result<T> = std::result::Result<T, String>;

/// The byte range of a span; `None` for nodes that come from words of ours.
pub(super) fn bytes(span: Span) -> Option<Range<usize>> {
    let start = (span.start.column as usize).checked_sub(1)?;
    let end = (span.end.column as usize).checked_sub(1)?;
    Some(start..end)
}

pub(super) fn query(from: &ast::Query) -> Result<Query> {
    let mut with = Vec::new();
    if let Some(clause) = &from.with {
        for cte in &clause.cte_tables {
            with.push(Cte { name: cte.alias.name.value.clone(), query: query(&cte.query)? });
        }
    }
    let mut odd = from.fetch.is_some()
        || from.for_clause.is_some()
        || from.settings.is_some()
        || from.format_clause.is_some()
        || !from.pipe_operators.is_empty();
    let mut order_by = Vec::new();
    if let Some(clause) = &from.order_by {
        match &clause.kind {
            OrderByKind::Expressions(keys) => {
                for key in keys {
                    odd |= key.options.nulls_first.is_some() || key.with_fill.is_some();
                    order_by.push(expr(&key.expr)?);
                }
            }
            OrderByKind::All(_) => odd = true,
        }
    }
    if let Some(LimitClause::LimitOffset { limit_by, .. }) = &from.limit_clause {
        odd |= !limit_by.is_empty();
    }
    let recursive = from.with.as_ref().is_some_and(|clause| clause.recursive);
    Ok(Query {
        with,
        recursive,
        body: body(&from.body)?,
        order_by,
        limited: from.limit_clause.is_some(),
        odd,
    })
}

fn body(from: &SetExpr) -> Result<Body> {
    Ok(match from {
        SetExpr::Select(inner) => Body::Select(Box::new(select(inner)?)),
        SetExpr::Query(inner) => Body::Nested(Box::new(query(inner)?)),
        SetExpr::SetOperation { left, right, .. } => Body::Set(Box::new(body(left)?), Box::new(body(right)?)),
        SetExpr::Values(_) => Body::Values(flat(from)?),
        SetExpr::Insert(_)
        | SetExpr::Update(_)
        | SetExpr::Delete(_)
        | SetExpr::Merge(_)
        | SetExpr::Table(_) => {
            return Err("a statement where a query is expected".into());
        }
    })
}

fn select(from: &ast::Select) -> Result<Select> {
    let mut sources = Vec::new();
    for source in &from.from {
        sources.push(joined(source)?);
    }
    let (group_by, modifiers, all) = match &from.group_by {
        GroupByExpr::Expressions(keys, modifiers) => (exprs(keys)?, !modifiers.is_empty(), false),
        GroupByExpr::All(_) => (Vec::new(), false, true),
    };
    let odd = all
        || from.top.is_some()
        || from.exclude.is_some()
        || from.into.is_some()
        || !from.lateral_views.is_empty()
        || from.prewhere.is_some()
        || !from.connect_by.is_empty()
        || !from.cluster_by.is_empty()
        || !from.distribute_by.is_empty()
        || !from.sort_by.is_empty()
        || !from.named_window.is_empty()
        || from.qualify.is_some()
        || from.value_table_mode.is_some()
        || matches!(from.distinct, Some(ast::Distinct::On(_)));
    let mut items = Vec::new();
    for item in &from.projection {
        items.push(select_item(item)?);
    }
    Ok(Select {
        start: bytes(from.select_token.0.span).map_or(0, |span| span.start),
        distinct: matches!(from.distinct, Some(ast::Distinct::Distinct)),
        items,
        from: sources,
        filter: from.selection.as_ref().map(expr).transpose()?,
        group_by,
        rollup: modifiers,
        having: from.having.as_ref().map(expr).transpose()?,
        odd,
    })
}

fn select_item(from: &SelectItem) -> Result<Item> {
    Ok(match from {
        SelectItem::UnnamedExpr(inner) => Item::Expr { expr: expr(inner)?, alias: None },
        SelectItem::ExprWithAlias { expr: inner, alias } => {
            Item::Expr { expr: expr(inner)?, alias: Some(alias.value.clone()) }
        }
        SelectItem::Wildcard(_) => Item::Star,
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
            Item::TableStar(object_name(name)?)
        }
        _ => return Err("this select item".into()),
    })
}

fn joined(from: &TableWithJoins) -> Result<Source> {
    let mut left = source(&from.relation)?;
    for join in &from.joins {
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Join(c)
            | JoinOperator::Inner(c)
            | JoinOperator::CrossJoin(c)
            | JoinOperator::StraightJoin(c) => (JoinKind::Inner, c),
            JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => (JoinKind::Left, c),
            JoinOperator::Right(c) | JoinOperator::RightOuter(c) => (JoinKind::Right, c),
            _ => return Err("this kind of join".into()),
        };
        let (natural, on, using) = match constraint {
            JoinConstraint::On(condition) => (false, Some(expr(condition)?), Vec::new()),
            JoinConstraint::Using(names) => {
                let mut columns = Vec::new();
                for name in names {
                    columns.extend(object_name(name)?.into_iter().map(|part| part.text));
                }
                (false, None, columns)
            }
            JoinConstraint::Natural => (true, None, Vec::new()),
            JoinConstraint::None => (false, None, Vec::new()),
        };
        let right = source(&join.relation)?;
        left = Source::Join(Box::new(Join { kind, natural, left, right, on, using }));
    }
    Ok(left)
}

fn source(from: &TableFactor) -> Result<Source> {
    Ok(match from {
        TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints,
            version: None,
            sample: None,
            json_path: None,
            ..
        } if with_hints.is_empty() => {
            let name = object_name(name)?;
            if name.len() > 2 {
                return Err("a table name of three parts".into());
            }
            Source::Table { name, alias: alias.as_ref().map(|alias| alias.name.value.clone()) }
        }
        TableFactor::Derived { lateral, subquery, alias, .. } => Source::Derived {
            query: Box::new(query(subquery)?),
            alias: alias.as_ref().map(|alias| alias.name.value.clone()),
            lateral: *lateral,
        },
        TableFactor::NestedJoin { table_with_joins, alias: None } => joined(table_with_joins)?,
        TableFactor::JsonTable { alias, .. } => {
            Source::Other { inside: flat(from)?, alias: alias.as_ref().map(|alias| alias.name.value.clone()) }
        }
        _ => return Err("this kind of table".into()),
    })
}

pub(super) fn name(from: &Ident) -> Result<Name> {
    let span = bytes(from.span).ok_or("a name without a place")?;
    Ok(Name { text: from.value.clone(), span })
}

fn object_name(from: &ObjectName) -> Result<Vec<Name>> {
    from.0.iter().map(|part| part.as_ident().ok_or("a computed name".to_string()).and_then(name)).collect()
}

pub(super) fn exprs(from: &[ast::Expr]) -> Result<Vec<Expr>> {
    from.iter().map(expr).collect()
}

fn pair(left: &ast::Expr, right: &ast::Expr) -> Result<(Box<Expr>, Box<Expr>)> {
    Ok((Box::new(expr(left)?), Box::new(expr(right)?)))
}

pub(super) fn expr(from: &ast::Expr) -> Result<Expr> {
    Ok(match from {
        ast::Expr::Nested(inner) => expr(inner)?,
        ast::Expr::Identifier(ident) => column(std::slice::from_ref(ident))?,
        ast::Expr::CompoundIdentifier(parts) => column(parts)?,
        ast::Expr::Value(value) => match (&value.value, bytes(value.span)) {
            (Value::Null, Some(span)) => Expr::Null { span },
            (
                Value::Number(..)
                | Value::SingleQuotedString(_)
                | Value::HexStringLiteral(_)
                | Value::Placeholder(_),
                Some(span),
            ) => Expr::Literal(Literal { span }),
            _ => Expr::Other(Flat::default()),
        },
        ast::Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => match expr(inner)? {
            Expr::Literal(literal) => Expr::Negative(literal),
            _ => Expr::Other(flat(from)?),
        },
        ast::Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr: inner } => {
            Expr::Not(Box::new(expr(inner)?))
        }
        ast::Expr::BinaryOp { left, op, right } => binary(from, left, op, right)?,
        ast::Expr::InList { expr: inner, list, negated } => {
            Expr::In { expr: Box::new(expr(inner)?), list: exprs(list)?, negated: *negated }
        }
        ast::Expr::InSubquery { expr: inner, subquery, negated } => Expr::InQuery {
            expr: Box::new(expr(inner)?),
            query: Box::new(query(subquery)?),
            negated: *negated,
        },
        ast::Expr::Between { expr: inner, negated, low, high } => {
            let (low, high) = pair(low, high)?;
            Expr::Between { expr: Box::new(expr(inner)?), low, high, negated: *negated }
        }
        ast::Expr::IsNull(inner) => Expr::IsNull { expr: Box::new(expr(inner)?), negated: false },
        ast::Expr::IsNotNull(inner) => Expr::IsNull { expr: Box::new(expr(inner)?), negated: true },
        ast::Expr::Tuple(parts) => Expr::Tuple(exprs(parts)?),
        ast::Expr::Function(function) => call::convert(function)?,
        _ => Expr::Other(flat(from)?),
    })
}

fn binary(whole: &ast::Expr, left: &ast::Expr, op: &BinaryOperator, right: &ast::Expr) -> Result<Expr> {
    let op = match op {
        BinaryOperator::And => return Ok(Expr::And(chain(whole, &BinaryOperator::And)?)),
        BinaryOperator::Or => return Ok(Expr::Or(chain(whole, &BinaryOperator::Or)?)),
        BinaryOperator::Eq => Compare::Eq,
        BinaryOperator::Spaceship => Compare::NullSafeEq,
        BinaryOperator::NotEq => Compare::NotEq,
        BinaryOperator::Lt => Compare::Less,
        BinaryOperator::LtEq => Compare::LessEq,
        BinaryOperator::Gt => Compare::Greater,
        BinaryOperator::GtEq => Compare::GreaterEq,
        _ => return Ok(Expr::Other(flat(whole)?)),
    };
    let (left, right) = pair(left, right)?;
    Ok(Expr::Compare { op, left, right })
}

/// The operands of `a AND b AND c`, which the parser nests to the left.
fn chain(whole: &ast::Expr, of: &BinaryOperator) -> Result<Vec<Expr>> {
    let mut operands = Vec::new();
    let mut rest = whole;
    while let ast::Expr::BinaryOp { left, op, right } = rest
        && op == of
    {
        operands.push(expr(right)?);
        rest = left;
    }
    operands.push(expr(rest)?);
    operands.reverse();
    Ok(operands)
}

fn column(parts: &[Ident]) -> Result<Expr> {
    if let [only] = parts
        && only.quote_style.is_none()
        && only.value.starts_with('@')
    {
        return Ok(Expr::Other(Flat::default()));
    }
    Ok(Expr::Column(Column { parts: parts.iter().map(name).collect::<Result<_>>()? }))
}

/// The columns, calls and subqueries inside a node.
pub(super) fn flat<N: Visit>(node: &N) -> Result<Flat> {
    let mut collector = Collector { found: Flat::default(), depth: 0, error: None };
    let _ = node.visit(&mut collector);
    match collector.error {
        Some(error) => Err(error),
        None => Ok(collector.found),
    }
}

struct Collector {
    found: Flat,
    depth: usize,
    error: Option<String>,
}

impl Collector {
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}

impl Visitor for Collector {
    type Break = ();

    fn pre_visit_query(&mut self, inner: &ast::Query) -> ControlFlow<()> {
        if self.depth == 0
            && let Some(converted) = self.keep(query(inner))
        {
            self.found.queries.push(converted);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, inner: &ast::Expr) -> ControlFlow<()> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match inner {
            ast::Expr::Identifier(ident) => {
                let found = column(std::slice::from_ref(ident));
                if let Some(Expr::Column(column)) = self.keep(found) {
                    self.found.columns.push(column);
                }
            }
            ast::Expr::CompoundIdentifier(parts) => {
                let found = column(parts);
                if let Some(Expr::Column(column)) = self.keep(found) {
                    self.found.columns.push(column);
                }
            }
            ast::Expr::Function(function) => {
                self.found.calls.push((call::name(function), function.over.is_some()));
            }
            ast::Expr::Lambda(_) | ast::Expr::OuterJoin(_) | ast::Expr::Prior(_) => {
                self.error = Some("this expression".into());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
