//! Views in statements: each name of one gives way to its query in parentheses, before anything is planned. What follows knows derived tables only.
//!
//! `expand` does that for a statement and, one inside the other, for the views themselves; `define` makes a view's query from what CREATE VIEW says;
//! `written` is about statements that write to one.

mod columns;
mod define;
mod depends;
mod expand;
mod order;
mod walk;
mod written;

pub use define::{Definition, check as check_view, define as define_view};
pub use depends::Literals;
pub(crate) use expand::expansion;
pub use expand::{Expansion, ViewNeed, expanded as expanded_view};

use ostrakon_catalog::Catalog;

use crate::RouterError;

/// ER_VIEW_INVALID 1356.
fn invalid(database: &str, view: &str) -> RouterError {
    RouterError::new(
        1356,
        "HY000",
        format!(
            "View '{database}.{view}' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them"
        ),
    )
}

/// True when no database has a view: most clusters have none, and then nothing is looked for.
fn has_none(catalog: &Catalog) -> bool {
    catalog.databases.values().all(|database| database.views.is_empty())
}
