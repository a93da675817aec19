//! What is wrong with a configuration: all of it at once, each with its key and what to do about it.

use std::{error::Error, fmt};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The key.
    pub(crate) key: String,
    /// Where its value came from, if it has one.
    pub(crate) source: Option<String>,
    /// What is wrong, and what to write instead; never the value of a secret.
    pub(crate) remedy: String,
}

/// Everything that is wrong.
#[derive(Debug)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        write!(f, "the configuration has {count} {noun}:")?;
        for Fault { key, source, remedy } in &self.0 {
            match source {
                Some(source) => write!(f, "\n  {key} (from {source}): {remedy}")?,
                None => write!(f, "\n  {key}: {remedy}")?,
            }
        }
        Ok(())
    }
}

impl Error for Faults {}
