//! Either database, as whoever copies sees it: tables of plain values.

use super::table::{Kind, Table};
use crate::{
    OpenError, Options, StoreUrl,
    error::Fault,
    postgres::{self, Db},
    row::{Cell, Columns, Row, signed},
    sqlite,
};
use rusqlite::{Connection, types::ToSqlOutput};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A value, whatever its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    fn of(cell: Cell<'_>) -> Result<Self, Fault> {
        Ok(match cell {
            Cell::Null => Self::Null,
            Cell::Integer(number) => Self::Number(number),
            Cell::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Cell::Text(text) => {
                let text =
                    std::str::from_utf8(text).map_err(|_| Fault::refused("a text that is not UTF-8"))?;
                Self::Text(text.to_owned())
            }
            Cell::Other => return Err(Fault::refused("a value of an unknown type")),
        })
    }

    /// Writes it so that no two rows of a table read alike.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let (kind, bytes): (u8, &[u8]) = match self {
            Self::Null => (0, &[]),
            Self::Number(number) => (1, &number.to_be_bytes()),
            Self::Text(text) => (2, text.as_bytes()),
            Self::Bytes(bytes) => (3, bytes),
        };
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    }

    fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    fn id(&self) -> Option<Uuid> {
        self.bytes().and_then(|bytes| Uuid::from_slice(bytes).ok())
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Owned(rusqlite::types::Value::Null)),
            Self::Number(number) => Ok(ToSqlOutput::from(*number)),
            Self::Text(text) => Ok(ToSqlOutput::from(text.as_str())),
            Self::Bytes(bytes) => Ok(ToSqlOutput::from(bytes.as_slice())),
        }
    }
}

/// A connection to either.
pub(super) enum Side {
    Sqlite(Connection),
    Postgres(Db),
}

impl Side {
    pub(super) async fn open(url: &StoreUrl, options: &Options) -> Result<Self, OpenError> {
        match url {
            StoreUrl::Sqlite(path) => sqlite::connect(path, options).map(Self::Sqlite),
            StoreUrl::Postgres(url) => postgres::connect(url, options).await.map(Self::Postgres),
        }
    }

    /// Keeps others from writing until this is closed.
    pub(super) async fn lock(&self, tables: &[Table]) -> Result<(), Fault> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch("BEGIN IMMEDIATE")?),
            Self::Postgres(db) => {
                let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
                db.batch(&format!("BEGIN; LOCK TABLE {} IN SHARE MODE", names.join(", "))).await
            }
        }
    }

    /// The next rows behind a key, in the order of the keys.
    pub(super) async fn rows(
        &self,
        table: &Table,
        behind: Option<&[Value]>,
        most: usize,
    ) -> Result<Vec<Vec<Value>>, Fault> {
        let (names, key) = (table.names(), table.key_names());
        let mark = if matches!(self, Self::Sqlite(_)) { '?' } else { '$' };
        let marks: Vec<String> = (1..=table.key).map(|number| format!("{mark}{number}")).collect();
        let behind_it =
            if behind.is_some() { format!("WHERE ({key}) > ({})", marks.join(", ")) } else { String::new() };
        let select = format!("SELECT {names} FROM {} {behind_it} ORDER BY {key} LIMIT {most}", table.name);
        let read = |row: &dyn Row| {
            (0..table.columns.len())
                .map(|index| Value::of(row.cell(index)?))
                .collect::<Result<Vec<_>, Fault>>()
        };
        let behind = behind.unwrap_or_default();
        match self {
            Self::Sqlite(connection) => {
                sqlite::query_all(connection, &select, rusqlite::params_from_iter(behind), read)
            }
            Self::Postgres(db) => {
                let values: Vec<_> =
                    behind.iter().zip(table.columns).map(|(value, (_, kind))| single(value, *kind)).collect();
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
                db.all(&select, &values, read).await
            }
        }
    }

    /// The greatest key that there is.
    pub(super) async fn last_key(&self, table: &Table) -> Result<Option<Vec<Value>>, Fault> {
        let descending: Vec<String> =
            table.columns[..table.key].iter().map(|(name, _)| format!("{name} DESC")).collect();
        let select = format!(
            "SELECT {} FROM {} ORDER BY {} LIMIT 1",
            table.key_names(),
            table.name,
            descending.join(", ")
        );
        let read = |row: &dyn Row| {
            (0..table.key).map(|index| Value::of(row.cell(index)?)).collect::<Result<Vec<_>, Fault>>()
        };
        let found = match self {
            Self::Sqlite(connection) => sqlite::query_all(connection, &select, [], read)?,
            Self::Postgres(db) => db.all(&select, &[], read).await?,
        };
        Ok(found.into_iter().next())
    }

    /// Adds rows, all or none. What is there already stays as it is: the check at the end tells whether it is the same.
    pub(super) async fn insert(&self, table: &Table, rows: &[Vec<Value>]) -> Result<(), Fault> {
        let (name, names) = (table.name, table.names());
        match self {
            Self::Sqlite(connection) => {
                let marks = vec!["?"; table.columns.len()].join(", ");
                let insert = format!("INSERT INTO {name} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING");
                let tx = connection.unchecked_transaction()?;
                for row in rows {
                    tx.prepare_cached(&insert)?.execute(rusqlite::params_from_iter(row))?;
                }
                Ok(tx.commit()?)
            }
            Self::Postgres(db) => {
                let types = table.columns.iter().enumerate().map(|(index, (_, kind))| {
                    let array = match kind {
                        Kind::Id => "uuid",
                        Kind::Number => "bigint",
                        Kind::Text => "text",
                        Kind::Bytes => "bytea",
                    };
                    format!("${}::{array}[]", index + 1)
                });
                let insert = format!(
                    "INSERT INTO {name} ({names}) SELECT * FROM unnest({}) ON CONFLICT DO NOTHING",
                    types.collect::<Vec<_>>().join(", ")
                );
                let columns: Vec<Box<dyn ToSql + Sync + Send>> = table
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(index, (_, kind))| many(rows.iter().map(move |row| &row[index]), *kind))
                    .collect();
                let values: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| &**column as _).collect();
                db.execute(&insert, &values).await.map(drop)
            }
        }
    }

    /// The last number that the revocation feed gave.
    pub(super) async fn last_revocation(&self) -> Result<u64, Fault> {
        let read = |row: &dyn Row| Columns::only(row, "revocations", "number");
        let found = match self {
            Self::Sqlite(connection) => {
                let last = "SELECT seq FROM sqlite_sequence WHERE name = 'revocations'";
                sqlite::query_all(connection, last, [], read)?
            }
            Self::Postgres(db) => db.all("SELECT last FROM revocation_numbers", &[], read).await?,
        };
        Ok(found.first().copied().unwrap_or(0))
    }

    /// Goes on with the feed's numbers behind this one, and lets signing keys be read anew.
    pub(super) async fn set_last_revocation(&self, last: u64) -> Result<(), Fault> {
        let last = signed(last);
        match self {
            Self::Sqlite(connection) => {
                let moved = connection.execute(
                    "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'revocations'",
                    [last],
                )?;
                if moved == 0 {
                    connection.execute(
                        "INSERT INTO sqlite_sequence (name, seq) VALUES ('revocations', ?1)",
                        [last],
                    )?;
                }
                Ok(())
            }
            Self::Postgres(db) => {
                db.execute("UPDATE revocation_numbers SET last = greatest(last, $1)", &[&last]).await?;
                db.execute("UPDATE signing_changes SET number = number + 1", &[]).await.map(drop)
            }
        }
    }
}

fn single(value: &Value, kind: Kind) -> Box<dyn ToSql + Sync + Send + '_> {
    match kind {
        Kind::Id => Box::new(value.id()),
        Kind::Number => Box::new(value.number()),
        Kind::Text => Box::new(value.text()),
        Kind::Bytes => Box::new(value.bytes()),
    }
}

fn many<'v>(values: impl Iterator<Item = &'v Value>, kind: Kind) -> Box<dyn ToSql + Sync + Send + 'v> {
    match kind {
        Kind::Id => Box::new(values.map(Value::id).collect::<Vec<_>>()),
        Kind::Number => Box::new(values.map(Value::number).collect::<Vec<_>>()),
        Kind::Text => Box::new(values.map(Value::text).collect::<Vec<_>>()),
        Kind::Bytes => Box::new(values.map(Value::bytes).collect::<Vec<_>>()),
    }
}
