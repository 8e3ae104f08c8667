//! The clients of the matrix, and how each is started.

use std::path::Path;
use std::process::Command;

use super::{packages, scripts};

/// One client: a row of the table.
pub struct Client {
    /// Its name, which is part of its database's and accounts' names.
    pub name: &'static str,
    /// How it is started; the argument is a folder of its own.
    pub program: fn(&Path) -> Program,
}

/// How a client runs.
pub enum Program {
    /// As a process.
    Command(Box<Command>),
    /// In this process.
    Inside,
    /// Not here, for this reason.
    Missing(String),
}

/// A command whose first word must be installed.
fn program(name: &str, build: impl FnOnce(&mut Command)) -> Program {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(name).is_file());
    if !found {
        return Program::Missing(format!("{name} is not installed"));
    }
    let mut command = Command::new(name);
    build(&mut command);
    Program::Command(Box::new(command))
}

fn python(script: &str, arguments: &[&str]) -> Program {
    // Found by its name first: the packages are an interpreter of their own.
    match program("python3", |_| {}) {
        Program::Command(_) => {
            let mut command = Command::new(packages::python());
            command.arg("-B").arg(scripts().join(script)).args(arguments);
            Program::Command(Box::new(command))
        }
        missing => missing,
    }
}

fn node(script: &str) -> Program {
    program("node", |command| {
        // Modules are looked for where the script is, and then where this says.
        command.env("NODE_PATH", packages::node().join("node_modules")).arg(scripts().join(script));
    })
}

fn php(kind: &str) -> Program {
    program("php", |command| {
        command.arg(scripts().join("php/client.php")).arg(kind);
    })
}

fn perl(kind: &str) -> Program {
    program("perl", |command| {
        command.arg("-CO").arg(scripts().join("perl/client.pl")).arg(kind);
    })
}

fn shell() -> Program {
    program("bash", |command| {
        command.arg(scripts().join("cli.sh"));
    })
}

fn java() -> Program {
    program("java", |command| {
        command
            .args(["-cp", "/usr/share/java/mariadb-java-client.jar"])
            .arg(scripts().join("java/Client.java"));
    })
}

fn sqlx() -> Program {
    match program("cargo", |_| {}) {
        Program::Command(_) => Program::Command(Box::new(Command::new(packages::sqlx()))),
        missing => missing,
    }
}

fn go() -> Program {
    match program("go", |_| {}) {
        Program::Command(_) => Program::Command(Box::new(Command::new(packages::go()))),
        missing => missing,
    }
}

/// Drivers and the command line client.
pub fn drivers() -> Vec<Client> {
    let client = |name, program| Client { name, program };
    vec![
        client("cli", |_| shell()),
        client("pymysql", |_| python("python/pymysql_client.py", &[])),
        client("mysqlclient", |_| python("python/mysqlclient_client.py", &[])),
        client("aiomysql", |_| python("python/aiomysql_client.py", &[])),
        client("connector_python", |_| python("python/connector_client.py", &["pure"])),
        client("connector_python_c", |_| python("python/connector_client.py", &["c"])),
        client("node_mysql2", |_| node("node/mysql2.js")),
        client("mariadb_jdbc", |_| java()),
        client("go", |_| go()),
        client("php_pdo", |_| php("pdo")),
        client("php_mysqli", |_| php("mysqli")),
        client("perl_dbd_mysql", |_| perl("mysql")),
        client("perl_dbd_mariadb", |_| perl("MariaDB")),
        client("rust_mysql_async", |_| Program::Inside),
        client("rust_sqlx", |_| sqlx()),
    ]
}

/// Mappers of objects to tables.
pub fn mappers() -> Vec<Client> {
    vec![
        Client {
            name: "django",
            program: |folder| {
                python("orm/django_client.py", &[folder.to_str().expect("the test folder's path is text")])
            },
        },
        Client { name: "sqlalchemy", program: |_| python("orm/sqlalchemy_client.py", &[]) },
        Client { name: "sequelize", program: |_| node("node/sequelize.js") },
        Client { name: "typeorm", program: |_| node("node/typeorm.js") },
    ]
}
