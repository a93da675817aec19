//! Rows into values: every column is checked, and what this program cannot have written is named by its place.

use crate::error::Fault;
use authmint_domain::port::StoreError;
use authmint_protocol::{
    id::{ApiKeyId, IssuerId, OperatorTokenId, ProjectId, SessionId, UserId},
    time::Timestamp,
};
use rusqlite::{Row, types::ValueRef};
use std::{fmt::Display, num::NonZeroU32};

/// Reads a row's columns one after another, in the order of the `SELECT`.
pub(crate) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    key: &'r dyn Display,
    next: usize,
}

impl<'r> Columns<'r> {
    /// `key` is how a person finds the row again.
    pub(crate) fn new(row: &'r Row<'r>, table: &'static str, key: &'r dyn Display) -> Self {
        Self { row, table, key, next: 0 }
    }

    /// Goes on with the columns of another table, joined to this row.
    pub(crate) fn of(self, table: &'static str, key: &'r dyn Display) -> Self {
        Self { table, key, ..self }
    }

    /// Passes over a column that is known already.
    pub(crate) fn skip(&mut self) {
        self.next += 1;
    }

    /// The next column.
    pub(crate) fn next<T: Value>(&mut self, column: &'static str) -> Result<T, Fault> {
        let value = self.row.get_ref(self.next)?;
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
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        match value {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text)
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
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str>;
}

impl<T: Value> Value for Option<T> {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::read(value).map(Some),
        }
    }
}

impl Value for Timestamp {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        match value {
            ValueRef::Integer(millis) => Ok(Self::from_unix_millis(millis)),
            _ => Err("no time"),
        }
    }
}

impl Value for u32 {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        match value {
            ValueRef::Integer(number) => Self::try_from(number).map_err(|_| "not within 0 to 4294967295"),
            _ => Err("no number"),
        }
    }
}

impl Value for NonZeroU32 {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        u32::read(value).and_then(|number| Self::new(number).ok_or("0, where numbers start at 1"))
    }
}

impl Value for String {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        match value {
            ValueRef::Text(text) => {
                std::str::from_utf8(text).map(str::to_owned).map_err(|_| "text that is not UTF-8")
            }
            _ => Err("no text"),
        }
    }
}

impl Value for Vec<u8> {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        match value {
            ValueRef::Blob(bytes) => Ok(bytes.to_vec()),
            _ => Err("no bytes"),
        }
    }
}

impl<const N: usize> Value for [u8; N] {
    fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
        match value {
            ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| "bytes of the wrong length"),
            _ => Err("no bytes"),
        }
    }
}

macro_rules! id_values {
    ($($id:ident),*) => {$(
        impl Value for $id {
            fn read(value: ValueRef<'_>) -> Result<Self, &'static str> {
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
