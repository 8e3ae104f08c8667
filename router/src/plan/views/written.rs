//! Writes to views: refused, with the servers' own errors where a server would refuse as well.

use ostrakon_catalog::view::View;

use super::expand::view_of;
use super::walk::Found;
use crate::RouterError;
use crate::plan::Request;
use crate::plan::modify::Write;
use crate::plan::tokens::Tokens;
use crate::plan::tree::{Name, Query};

/// Errors: for an INSERT or REPLACE into a view.
pub(super) fn check_insert(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    table: &[Name],
) -> Result<(), RouterError> {
    let (database, name) = match table {
        [database, name] => (Some(database.text.as_str()), name),
        [name] => (request.database, name),
        _ => return Ok(()),
    };
    let view = database.and_then(|database| request.catalog.view(database, &name.text));
    match view {
        // MariaDB and MySQL call a REPLACE an INSERT here.
        Some(view) if !view.updatable => Err(RouterError::new(
            1471,
            "HY000",
            format!("The target table {} of the INSERT is not insertable-into", view.name),
        )),
        Some(view) => Err(unsupported(view, &String::from_utf8_lossy(tokens.bytes(0)).to_uppercase())),
        None => Ok(()),
    }
}

/// Errors: for an UPDATE or DELETE that may write to a view. One that only reads it passes.
pub(super) fn check(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    write: &Write,
    query: &Query,
) -> Result<(), RouterError> {
    let found = Found::of(query);
    let outermost: Vec<_> = found.mentions.iter().filter(|mention| mention.outermost).collect();
    for mention in &outermost {
        let Some((_, view)) = view_of(request, mention) else { continue };
        let known_as = mention.known_as();
        let is_written = match (write.is_delete, outermost.len()) {
            (_, 1) => true,
            (true, _) => write.targets.iter().any(|target| {
                // `t`, `db.t`, `t.*`.
                target
                    .clone()
                    .any(|at| tokens.name(at).is_some_and(|name| name.eq_ignore_ascii_case(known_as)))
            }),
            (false, _) => write.assignments.iter().any(|(column, _)| {
                let names: Vec<String> = column.clone().filter_map(|at| tokens.name(at)).collect();
                match names.as_slice() {
                    [.., table, _] => table.eq_ignore_ascii_case(known_as),
                    [name] => view.columns.iter().any(|known| known.eq_ignore_ascii_case(name)),
                    [] => true,
                }
            }),
        };
        if is_written {
            let verb = if write.is_delete { "DELETE" } else { "UPDATE" };
            return Err(match view.updatable {
                true => unsupported(view, verb),
                false => RouterError::new(
                    1288,
                    "HY000",
                    format!("The target table {known_as} of the {verb} is not updatable"),
                ),
            });
        }
    }
    Ok(())
}

fn unsupported(view: &View, verb: &str) -> RouterError {
    RouterError::not_supported(format_args!("{verb} of view '{}'; name its table", view.name))
}
