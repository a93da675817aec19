//! Projects.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::project::Project;
use authmint_protocol::{api_key::Environment, id::ProjectId};

/// A `SELECT` of projects, as [`read`] takes it; behind it: which.
macro_rules! select_projects {
    ($rest:literal) => {
        concat!("SELECT id, name, environment, policy, created_at, not_before FROM projects ", $rest)
    };
}
pub(crate) use select_projects;

pub(crate) fn read(row: &dyn Row) -> Result<Project, Fault> {
    let id: ProjectId = Columns::only(row, "projects", "id")?;
    joined(&mut Columns::new(row, "projects", &id))
}

/// Reads a project's columns where they follow those of another table.
pub(crate) fn joined(columns: &mut Columns<'_>) -> Result<Project, Fault> {
    Ok(Project {
        id: columns.next("id")?,
        name: columns.next("name")?,
        environment: columns.parsed("environment", Environment::from_name)?,
        policy: columns.parsed("policy", |text| serde_json::from_str(text).ok())?,
        created_at: columns.next("created_at")?,
        not_before: columns.next("not_before")?,
    })
}

/// The text of a value that is made of strings and numbers.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::refused("a value has no JSON form"))
}
