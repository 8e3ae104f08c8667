//! What an ALTER makes of a definition, found out on an empty table: so that another's change of a physical table is never taken for the job's own.
//!
//! It is needed only where an owner went away between its first ALTER and the record of what that has made.

use ostrakon_catalog::job::JobAction;
use ostrakon_catalog::schema::Group;
use ostrakon_router::sharding::topology::quote;

use super::definition::{self, Definition};
use super::physical::is_lost;
use super::run::Run;
use crate::backend::connection::Connection;
use crate::error::SqlError;

/// Learns what the change makes of a table, when that is not known and the table is not as it was before.
///
/// Errors: it cannot be found out.
pub async fn learn(
    run: &Run,
    connection: &mut Connection,
    group: &Group,
    found: &Definition,
) -> Result<(), SqlError> {
    let version = connection.version.clone();
    let before = run.before.borrow().get(&version).cloned();
    let known = run.after.borrow().contains_key(&version);
    let Some(before) = before.filter(|before| !known && before != found) else { return Ok(()) };
    match rehearse(run, connection, group, &before).await {
        Ok(after) => {
            run.after.borrow_mut().insert(version, after);
            Ok(())
        }
        Err(e) if is_lost(&e) => Err(e),
        Err(e) => Err(SqlError::new(
            e.errno,
            &e.sqlstate,
            format!("{}: whether the change was made here cannot be told: {}", group.name, e.message),
        )),
    }
}

async fn rehearse(
    run: &Run,
    connection: &mut Connection,
    group: &Group,
    before: &Definition,
) -> Result<Definition, SqlError> {
    let JobAction::AlterTable { text, .. } = &run.job.action else {
        return Err(SqlError::other("Internal error (please report): only an ALTER can be rehearsed"));
    };
    let name = format!("ostrakon_job_{}", run.id);
    let quoted = format!("{}.{}", quote(&group.physical_database), quote(&name));
    let drop = format!("DROP TABLE IF EXISTS {quoted}");
    connection.queue_settings(&run.reading);
    // An earlier owner's, who went away over it.
    connection.query(&drop).await?;
    connection.query(&before.create(&quoted, &name)).await?;
    connection.queue_settings(&run.settings);
    let changed = connection.query(&text.render(&quoted)).await;
    connection.queue_settings(&run.reading);
    let after = match changed {
        Ok(_) => definition::read(connection, &group.physical_database, &name).await,
        Err(e) => Err(e),
    };
    connection.query(&drop).await?;
    after
}
