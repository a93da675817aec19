//! Rows into values: every column is checked, and what this program cannot have written is named by its place.
//!
//! Both databases are read by the same code. A file here for each aggregate says which columns it is read from, in which order, and
//! the `SELECT`s of both name them by that.

pub(crate) mod api_key;
pub(crate) mod assertion;
pub(crate) mod audit;
pub(crate) mod challenge;
pub(crate) mod issuer;
pub(crate) mod one_time_secret;
pub(crate) mod operator_token;
pub(crate) mod project;
pub(crate) mod revocation;
pub(crate) mod session;
pub(crate) mod signing_key;
pub(crate) mod user;

use crate::error::Fault;
use authmint_domain::port::StoreError;
use authmint_protocol::{
    id::{ApiKeyId, IssuerId, OperatorTokenId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use std::{fmt::Display, num::NonZeroU32};

/// What a driver found in one place of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'r> {
    Null,
    Integer(i64),
    Text(&'r [u8]),
    Bytes(&'r [u8]),
    /// Of a type that no column of ours has.
    Other,
}

/// A row of either driver.
pub(crate) trait Row {
    fn cell(&self, index: usize) -> Result<Cell<'_>, Fault>;
}

/// Reads a row's columns one after another, in the order of the `SELECT`.
pub(crate) struct Columns<'r> {
    row: &'r dyn Row,
    table: &'static str,
    key: &'r dyn Display,
    next: usize,
}

impl<'r> Columns<'r> {
    /// `key` is how a person finds the row again.
    pub(crate) fn new(row: &'r dyn Row, table: &'static str, key: &'r dyn Display) -> Self {
        Self { row, table, key, next: 0 }
    }

    /// Goes on with the columns of another table, joined to this row.
    pub(crate) fn of(self, table: &'static str, key: &'r dyn Display) -> Self {
        Self { table, key, ..self }
    }

    /// The one value of a row that has no more.
    pub(crate) fn only<T: Value>(
        row: &'r dyn Row,
        table: &'static str,
        column: &'static str,
    ) -> Result<T, Fault> {
        Columns::new(row, table, &"any").next(column)
    }

    /// Passes over a column that is known already.
    pub(crate) fn skip(&mut self) {
        self.next += 1;
    }

    /// The next column.
    pub(crate) fn next<T: Value>(&mut self, column: &'static str) -> Result<T, Fault> {
        let value = self.row.cell(self.next)?;
        self.next += 1;
        T::read(value).map_err(|reason| self.broken(column, reason))
    }

    /// The next column, a text that `parse` knows.
    pub(crate) fn parsed<T>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Fault> {
        let text: Option<T> = self.optionally_parsed(column, parse)?;
        text.ok_or_else(|| self.broken(column, "NULL"))
    }

    /// The next column, NULL or a text that `parse` knows.
    pub(crate) fn optionally_parsed<T>(
        &mut self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let value = self.row.cell(self.next)?;
        self.next += 1;
        match value {
            Cell::Null => Ok(None),
            Cell::Text(text) => std::str::from_utf8(text)
                .ok()
                .and_then(parse)
                .map(Some)
                .ok_or_else(|| self.broken(column, "no text of this column")),
            _ => Err(self.broken(column, "no text")),
        }
    }

    /// The fault of a column that this program cannot have written.
    pub(crate) fn broken(&self, column: &'static str, reason: &str) -> Fault {
        StoreError::BrokenRow {
            table: self.table,
            column,
            row: self.key.to_string(),
            reason: reason.to_owned(),
        }
        .into()
    }
}

/// What a column holds.
pub(crate) trait Value: Sized {
    fn read(value: Cell<'_>) -> Result<Self, &'static str>;
}

impl<T: Value> Value for Option<T> {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Null => Ok(None),
            value => T::read(value).map(Some),
        }
    }
}

impl Value for Timestamp {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Integer(millis) => Ok(Self::from_unix_millis(millis)),
            _ => Err("no time"),
        }
    }
}

impl Value for i64 {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Integer(number) => Ok(number),
            _ => Err("no number"),
        }
    }
}

impl Value for u64 {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        i64::read(value).and_then(|number| Self::try_from(number).map_err(|_| "negative"))
    }
}

impl Value for u32 {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Integer(number) => Self::try_from(number).map_err(|_| "not within 0 to 4294967295"),
            _ => Err("no number"),
        }
    }
}

impl Value for bool {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Integer(number) => Ok(number != 0),
            _ => Err("no truth"),
        }
    }
}

impl Value for NonZeroU32 {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        u32::read(value).and_then(|number| Self::new(number).ok_or("0, where numbers start at 1"))
    }
}

impl Value for String {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Text(text) => {
                std::str::from_utf8(text).map(str::to_owned).map_err(|_| "text that is not UTF-8")
            }
            _ => Err("no text"),
        }
    }
}

impl Value for Vec<u8> {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Bytes(bytes) => Ok(bytes.to_vec()),
            _ => Err("no bytes"),
        }
    }
}

impl<const N: usize> Value for [u8; N] {
    fn read(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Bytes(bytes) => bytes.try_into().map_err(|_| "bytes of the wrong length"),
            _ => Err("no bytes"),
        }
    }
}

macro_rules! id_values {
    ($($id:ident),*) => {$(
        impl Value for $id {
            fn read(value: Cell<'_>) -> Result<Self, &'static str> {
                <[u8; 16]>::read(value).map(Self::from_bytes)
            }
        }
    )*};
}

id_values!(ApiKeyId, IssuerId, OperatorTokenId, ProjectId, SessionId, UserId);

/// Bytes as a person finds them again: hexadecimal digits, as `X'…'` takes them.
pub(crate) struct Hex<'b>(pub(crate) &'b [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A number as the databases hold it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
