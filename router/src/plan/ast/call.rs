//! Function calls: the shape of aggregates, and what else stands between the parentheses.

use sqlparser::ast::{DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::super::tree::{Call, Expr, Flat};
use super::convert::{bytes, expr, flat};

/// The function's name in upper case, qualified as written.
pub(super) fn name(function: &Function) -> String {
    let parts: Vec<String> = function
        .name
        .0
        .iter()
        .map(|part| part.as_ident().map_or_else(String::new, |ident| ident.value.to_ascii_uppercase()))
        .collect();
    parts.join(".")
}

pub(super) fn convert(function: &Function) -> Result<Expr, String> {
    let start = function.name.0.first().and_then(|part| part.as_ident()).and_then(|ident| bytes(ident.span));
    let mut call = Call {
        name: name(function),
        span: start.unwrap_or(0..0),
        args: Vec::new(),
        star: false,
        distinct: false,
        window: function.over.is_some(),
        special: function.over.is_some()
            || function.filter.is_some()
            || function.null_treatment.is_some()
            || !function.within_group.is_empty()
            || function.uses_odbc_syntax
            || !matches!(function.parameters, FunctionArguments::None),
        rest: Flat::default(),
    };
    match &function.args {
        FunctionArguments::None => {}
        FunctionArguments::Subquery(_) => call.special = true,
        FunctionArguments::List(list) => {
            call.distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
            call.special |= !list.clauses.is_empty();
            for arg in &list.args {
                match arg {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(inner)) => call.args.push(expr(inner)?),
                    FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => call.star = true,
                    _ => call.special = true,
                }
            }
        }
    }
    if call.special {
        // Clauses may hold anything: look at all of it at once.
        call.args.clear();
        call.rest = flat(function)?;
    }
    Ok(Expr::Call(Box::new(call)))
}
