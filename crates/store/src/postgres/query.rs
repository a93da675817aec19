//! Questions to the database, and rows as the readers of both databases take them.

use crate::{
    error::Fault,
    row::{Cell, Row},
};
use authmint_protocol::id::{
    ApiKeyId, IssuerId, OneTimeSecretId, OperatorTokenId, ProjectId, SessionId, UserId,
};
use deadpool_postgres::Object;
use tokio_postgres::types::{FromSql, ToSql, Type};
use uuid::Uuid;

/// Values bound to a statement.
pub(crate) type Values<'v> = &'v [&'v (dyn ToSql + Sync)];

/// A value as it came: read by its type where a row is read.
struct Raw<'r>(Cell<'r>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(of: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *of {
            Type::INT8 => Cell::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::BOOL => Cell::Integer(i64::from(raw != [0])),
            Type::TEXT | Type::VARCHAR => Cell::Text(raw),
            Type::BYTEA | Type::UUID => Cell::Bytes(raw),
            _ => Cell::Other,
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Row for tokio_postgres::Row {
    fn cell(&self, index: usize) -> Result<Cell<'_>, Fault> {
        Ok(self.try_get::<_, Raw<'_>>(index)?.0)
    }
}

/// An ID as a column holds it.
pub(super) trait Key {
    fn key(&self) -> Uuid;
}

macro_rules! keys {
    ($($id:ident),*) => {$(
        impl Key for $id {
            fn key(&self) -> Uuid {
                Uuid::from_bytes(*self.as_bytes())
            }
        }
    )*};
}

keys!(ApiKeyId, IssuerId, OneTimeSecretId, OperatorTokenId, ProjectId, SessionId, UserId);

/// A connection, for questions and for the statements of a transaction.
pub(crate) struct Db(Object);

impl Db {
    pub(super) const fn new(client: Object) -> Self {
        Self(client)
    }

    /// Runs statements without values, in one round trip.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.0.batch_execute(sql).await?)
    }

    /// Runs a statement and answers how many rows it wrote.
    pub(crate) async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, Fault> {
        let statement = self.0.prepare_cached(sql).await?;
        Ok(self.0.execute(&statement, values).await?)
    }

    /// The first row that a question finds, if it finds one.
    pub(super) async fn one<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl Fn(&dyn Row) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        Ok(self.all(sql, values, read).await?.into_iter().next())
    }

    /// All rows that a question finds.
    pub(crate) async fn all<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        mut read: impl FnMut(&dyn Row) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let rows = self.rows(sql, values).await?;
        rows.iter().map(|row| read(row)).collect()
    }

    /// All rows that a question finds, to be read later.
    pub(super) async fn rows(
        &self,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<tokio_postgres::Row>, Fault> {
        let statement = self.0.prepare_cached(sql).await?;
        Ok(self.0.query(&statement, values).await?)
    }

    /// Closes the connection instead of giving it back.
    pub(super) fn discard(self) {
        drop(Object::take(self.0));
    }
}
