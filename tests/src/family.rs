//! Which family of servers tests run on: `OSTRAKON_SERVERS` is `mariadb` (also where it is not set), `mysql`, or both in turn, `mysql,mariadb`.

use std::path::Path;
use std::process::Command;

use ostrakon::dev::server::{DatabaseServer, ServerKind};

use crate::{place, program};

/// The families of a cluster's instances, in turn. Never empty.
pub fn asked_for() -> Vec<ServerKind> {
    let text = std::env::var("OSTRAKON_SERVERS").unwrap_or_default();
    let kind = |name: &str| match name {
        "mysql" => ServerKind::MySql,
        "mariadb" | "" => ServerKind::MariaDb,
        other => panic!("OSTRAKON_SERVERS: {other} is neither mysql nor mariadb"),
    };
    text.split(',').map(kind).collect()
}

/// The family of a plain server, and of what is compared with it.
pub fn usual() -> ServerKind {
    asked_for()[0]
}

/// What a test expects of MySQL, where the families differ.
pub fn on_mysql() -> bool {
    usual() == ServerKind::MySql
}

/// A server of that family: MariaDB's is the system's, MySQL's the one that tools/mysql-server finds (`OSTRAKON_MYSQLD` names one).
pub fn server_of(kind: ServerKind) -> DatabaseServer {
    let found = match kind {
        ServerKind::MariaDb => DatabaseServer::find(None),
        ServerKind::MySql => {
            let mut look = Command::new(place::repository().join("tools/mysql-server"));
            let path = program::must(look.arg("--look"));
            DatabaseServer::find(Some(Path::new(path.trim_end())))
        }
    };
    let found = found.unwrap_or_else(|error| panic!("{error}. {}", error.advice()));
    assert_eq!(found.kind, kind, "{} is of the other family", found.program.display());
    found
}
