//! What statements on databases, tables, indexes and views need, as on a server.

use ostrakon_catalog::privilege::Privileges;

use super::Need;
use crate::parse::ddl::{AlterTable, CreateTable, Ddl, ObjectName, PutMode, TableChange};

pub fn of_ddl(ddl: &Ddl) -> Vec<Need> {
    match ddl {
        Ddl::CreateDatabase { name, .. } => vec![Need::database(Some(name), Privileges::CREATE)],
        Ddl::DropDatabase { name, .. } => vec![Need::database(Some(name), Privileges::DROP)],
        Ddl::CreateTable(create) => create_table(create),
        Ddl::DropTable { tables, .. } => each(tables, Privileges::DROP),
        Ddl::Truncate(table) => vec![on(table, Privileges::DROP)],
        Ddl::Rename(renames) => renames.iter().flat_map(|(from, to)| rename(from, to)).collect(),
        Ddl::AlterTable(alter) => alter_table(alter),
        Ddl::CreateIndex { table, .. } | Ddl::DropIndex { table, .. } => vec![on(table, Privileges::INDEX)],
        Ddl::CreateView(create) => {
            let replaces = match create.mode {
                PutMode::New => Privileges::NONE,
                PutMode::Replace | PutMode::Alter => Privileges::DROP,
            };
            vec![on(&create.name, Privileges::CREATE_VIEW | replaces)]
        }
        Ddl::DropView { views, .. } => each(views, Privileges::DROP),
    }
}

fn on(name: &ObjectName, all: Privileges) -> Need {
    Need::table(name.database.as_deref(), &name.name, all)
}

fn each(names: &[ObjectName], all: Privileges) -> Vec<Need> {
    names.iter().map(|name| on(name, all)).collect()
}

fn create_table(create: &CreateTable) -> Vec<Need> {
    let mut needs = match create.temporary {
        true => {
            let database = create.name.database.as_deref();
            vec![Need::database(database, Privileges::CREATE_TEMPORARY_TABLES)]
        }
        false => vec![on(&create.name, Privileges::CREATE)],
    };
    needs.extend(create.like.as_ref().map(|like| on(like, Privileges::SELECT)));
    // The table that it refers to is somewhere in the database.
    if create.refused.as_deref() == Some("FOREIGN KEY") {
        needs.push(Need::database(create.name.database.as_deref(), Privileges::REFERENCES));
    }
    needs
}

fn rename(from: &ObjectName, to: &ObjectName) -> [Need; 2] {
    [on(from, Privileges::ALTER | Privileges::DROP), on(to, Privileges::CREATE | Privileges::INSERT)]
}

fn alter_table(alter: &AlterTable) -> Vec<Need> {
    let mut needs = vec![on(&alter.name, Privileges::ALTER)];
    for change in &alter.changes {
        match change {
            TableChange::Rename(to) => needs.extend(rename(&alter.name, to)),
            TableChange::AddColumn { .. }
            | TableChange::DropColumn(_)
            | TableChange::ChangeColumn { .. }
            | TableChange::RenameColumn { .. }
            | TableChange::SetDefault { .. }
            | TableChange::AddKey(_)
            | TableChange::DropKey(_)
            | TableChange::DropPrimaryKey
            | TableChange::RenameKey { .. }
            | TableChange::AutoIncrement { .. }
            | TableChange::Charset { .. }
            | TableChange::Physical
            | TableChange::Refused(_) => {}
        }
    }
    needs
}
