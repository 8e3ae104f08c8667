//! What a statement answered, in a form that two servers can be compared by.

use mysql_async::consts::ColumnFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Value};

/// A column as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    pub label: String,
    pub table: String,
    pub kind: String,
    pub flags: u16,
    pub character_set: u16,
    pub decimals: u8,
}

/// The answer to one statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Rows { columns: Vec<ColumnShape>, rows: Vec<Vec<Value>> },
    Done { affected_rows: u64, last_insert_id: Option<u64>, warnings: u16, info: String },
    Error { errno: u16, sqlstate: String, message: String },
}

/// Flags that say something about values; the others say which keys a column is in. BINARY is not compared: for strings the
/// character set says it, and for SUM it depends on whether the server went through a temporary table (seen with MySQL 9.7).
const COMPARED_FLAGS: ColumnFlags = ColumnFlags::UNSIGNED_FLAG
    .union(ColumnFlags::ZEROFILL_FLAG)
    .union(ColumnFlags::NOT_NULL_FLAG)
    .union(ColumnFlags::BLOB_FLAG)
    .union(ColumnFlags::ENUM_FLAG)
    .union(ColumnFlags::SET_FLAG);

/// How a statement travels.
#[derive(Clone, Debug)]
pub enum Way {
    /// COM_QUERY.
    Text,
    /// COM_STMT_PREPARE and EXECUTE.
    Prepared(Vec<Value>),
}

/// Runs one statement and takes all of its first result.
pub async fn outcome(client: &mut Conn, sql: &str, way: &Way) -> Outcome {
    let taken = match way {
        Way::Text => match client.query_iter(sql).await {
            Ok(result) => take(result).await,
            Err(error) => Err(error),
        },
        Way::Prepared(values) => {
            let parameters =
                if values.is_empty() { Params::Empty } else { Params::Positional(values.clone()) };
            match client.exec_iter(sql, parameters).await {
                Ok(result) => take(result).await,
                Err(error) => Err(error),
            }
        }
    };
    match taken {
        Ok(outcome) => outcome,
        Err(mysql_async::Error::Server(error)) => {
            Outcome::Error { errno: error.code, sqlstate: error.state, message: error.message }
        }
        Err(error) => panic!("{sql}: {error}"),
    }
}

async fn take<P: mysql_async::prelude::Protocol>(
    mut result: mysql_async::QueryResult<'_, '_, P>,
) -> Result<Outcome, mysql_async::Error> {
    let columns: Vec<_> = result.columns().map(|list| list.iter().map(shape).collect()).unwrap_or_default();
    if columns.is_empty() {
        let done = Outcome::Done {
            affected_rows: result.affected_rows(),
            last_insert_id: result.last_insert_id(),
            warnings: result.warnings(),
            info: result.info().into_owned(),
        };
        result.drop_result().await?;
        return Ok(done);
    }
    let rows: Vec<mysql_async::Row> = result.collect().await?;
    result.drop_result().await?;
    Ok(Outcome::Rows { columns, rows: rows.into_iter().map(mysql_async::Row::unwrap).collect() })
}

fn shape(column: &mysql_async::Column) -> ColumnShape {
    ColumnShape {
        label: column.name_str().into_owned(),
        table: column.table_str().into_owned(),
        kind: format!("{:?}", column.column_type()),
        flags: (column.flags() & COMPARED_FLAGS).bits(),
        character_set: column.character_set(),
        decimals: column.decimals(),
    }
}

impl Outcome {
    /// Rows in a fixed order, for a statement without ORDER BY.
    pub fn sorted(mut self) -> Self {
        if let Self::Rows { rows, .. } = &mut self {
            // Not by `Debug`, which cuts bytes off after a few.
            rows.sort_by_cached_key(|row| row.iter().map(|value| value.as_sql(false)).collect::<Vec<_>>());
        }
        self
    }

    /// Of columns the labels only.
    pub fn labels_only(mut self) -> Self {
        if let Self::Rows { columns, .. } = &mut self {
            for column in columns {
                let label = std::mem::take(&mut column.label);
                *column = ColumnShape {
                    label,
                    table: String::new(),
                    kind: String::new(),
                    flags: 0,
                    character_set: 0,
                    decimals: 0,
                };
            }
        }
        self
    }

    /// Without the text of errors, in which servers name their own objects.
    pub fn without_message(mut self) -> Self {
        if let Self::Error { message, .. } = &mut self {
            message.clear();
        }
        self
    }

    /// True for error 1235, "not supported".
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Error { errno: 1235, .. })
    }
}
