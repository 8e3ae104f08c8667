//! A second node on the same servers, with a catalog of its own: the first one's, with more tables in it or another number of workers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ostrakon::dev::cluster::KEY_FILE;
use ostrakon::dev::files;
use ostrakon::dev::node::{Node, NodeOptions};
use ostrakon::dev::process::Life;
use ostrakon_catalog::{Catalog, Command, NameMap};
use ostrakon_meta::{backup, recover};

use crate::Outcome;
use crate::stage::{SHARDED, Stage, Target};

/// Tables of a database: with all in one, the check of a whole catalog compares each with each.
const DATABASE_TABLES: u64 = 1_000;

/// Starts a node whose catalog has so many more tables; `workers`: as many as the first one has, unless told.
pub fn start(stage: &Stage, tables: u64, workers: Option<u64>) -> Outcome<Node> {
    let mut catalog = read(stage)?;
    add_tables(&mut catalog, tables)?;
    let workers = workers.unwrap_or(stage.programs().threads as u64);
    let directory = stage.directory().join(format!("variant-{tables}-{workers}"));
    files::remove_directory(&directory)?;
    let store = files::absolute(&directory.join("data/catalog"))?;
    // Nothing of a sequence is skipped: point selects take none.
    recover::restore(&store, 1, &backup::encode(&catalog, 1, 1), 0)?;
    let key = stage.directory().join("cluster").join(KEY_FILE);
    Ok(Node::start(NodeOptions {
        number: 1,
        directory,
        program: stage.programs().ostrakon.clone(),
        port: None,
        join: Vec::new(),
        settings: format!("key_file = {:?}\nworkers = {workers}\n", key.to_string_lossy()),
        environment: Vec::new(),
        life: Life::Service,
    })?)
}

/// The first node's catalog, as its backup has it.
fn read(stage: &Stage) -> Outcome<Catalog> {
    let answer = stage.client(Target::Node, None)?.setup("BACKUP CATALOG")?;
    let at = answer.columns.iter().position(|name| name == "DATA");
    let data =
        at.and_then(|at| answer.rows.first()?.get(at)?.as_ref()).ok_or("BACKUP CATALOG has no DATA")?;
    Ok(backup::decode(&BASE64.decode(data)?)?.catalog)
}

/// Tables like `sbtest1`, in databases of their own, of which the servers know nothing: nobody asks for their rows.
fn add_tables(catalog: &mut Catalog, count: u64) -> Outcome<()> {
    let like = catalog.databases.get(SHARDED).ok_or("the catalog has no database of the benchmark")?.clone();
    let table = like.tables.get("sbtest1").ok_or("the catalog has no table sbtest1")?.clone();
    let mut apply = |command: Command| {
        catalog.apply(&command).map_err(|rejection| format!("a catalog of {count} tables: {rejection}"))
    };
    for number in 0..count {
        let name = format!("filler{}", number / DATABASE_TABLES);
        if number % DATABASE_TABLES == 0 {
            let mut database = (*like).clone();
            database.tables = NameMap::new();
            database.sequences = NameMap::new();
            for group in &mut database.groups {
                group.name = format!("{name}_{}", group.name);
                group.physical_database = format!("{name}_{}", group.physical_database);
            }
            database.name.clone_from(&name);
            apply(Command::CreateDatabase { database })?;
        }
        let mut table = (*table).clone();
        table.name = format!("t{number}");
        table.physical_base.clone_from(&table.name);
        apply(Command::CreateTable { database: name, table, sequence: None })?;
    }
    Ok(())
}
