//! Views in information_schema: the catalog knows them, servers do not.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::Database;
use ostrakon_catalog::view::View;

/// A row of the table `system` with these columns for each view; `database` and `table`: the only ones whose rows are needed.
pub fn rows(
    catalog: &Catalog,
    system: &str,
    columns: &[&str],
    database: Option<&str>,
    table: Option<&str>,
) -> Vec<Vec<Option<Vec<u8>>>> {
    if !matches!(system, "TABLES" | "VIEWS") {
        return Vec::new();
    }
    let row = |(home, view): (&Database, &View)| {
        let cell = |column: &&str| value(home, view, &column.to_ascii_uppercase()).map(String::into_bytes);
        columns.iter().map(cell).collect()
    };
    wanted(catalog, database, table).map(row).collect()
}

/// The views of these names.
pub fn wanted<'c>(
    catalog: &'c Catalog,
    database: Option<&'c str>,
    table: Option<&'c str>,
) -> impl Iterator<Item = (&'c Database, &'c View)> {
    let homes = catalog.databases.values().filter(move |home| database.is_none_or(|only| only == home.name));
    homes.flat_map(move |home| {
        let views = home.views.values().filter(move |view| table.is_none_or(|only| only == view.name));
        views.map(move |view| (&**home, &**view))
    })
}

/// What both tables say of a view; the other columns of TABLES are NULL, as on a server.
fn value(home: &Database, view: &View, column: &str) -> Option<String> {
    let security = if view.invoker { "INVOKER" } else { "DEFINER" };
    let updatable = if view.updatable { "YES" } else { "NO" };
    Some(match column {
        "TABLE_CATALOG" => "def".to_owned(),
        "TABLE_SCHEMA" => home.name.clone(),
        "TABLE_NAME" => view.name.clone(),
        "TABLE_TYPE" | "TABLE_COMMENT" => "VIEW".to_owned(),
        "VIEW_DEFINITION" => view.query.clone(),
        "CHECK_OPTION" => view.check.as_text().to_owned(),
        "IS_UPDATABLE" => updatable.to_owned(),
        "DEFINER" => view.definer.clone(),
        "SECURITY_TYPE" => security.to_owned(),
        "CHARACTER_SET_CLIENT" => view.character_set_client.clone(),
        "COLLATION_CONNECTION" => view.collation_connection.clone(),
        "ALGORITHM" => view.algorithm.as_text().to_owned(),
        _ => return None,
    })
}
