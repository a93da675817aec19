//! Where values come from: the file, the environment over it, flags over both.

use super::{
    fault::Fault,
    keys::{KEYS, Key, Kind},
};
use figment::{
    Error, Figment, Metadata, Profile, Provider, Source,
    providers::{Env, Format as _, Toml},
    value::{Dict, Map, Value},
};
use std::path::Path;

/// Variables of our prefix that belong to apps that use the service, or to the program before it reads this.
const NOT_OURS: [&str; 6] = ["base_url", "server_key", "client_key", "config", "copy_from", "copy_to"];

/// The merged values, and the faults found so far.
pub(super) struct Values {
    merged: Figment,
    pub(super) faults: Vec<Fault>,
}

/// Texts by key, from one place.
struct Texts {
    place: &'static str,
    values: Dict,
}

impl Provider for Texts {
    fn metadata(&self) -> Metadata {
        let place = self.place;
        Metadata::named(place).interpolater(move |_, keys| match place {
            "flag" => format!("--{}", keys.join(".").replace('_', "-")),
            _ => format!("AUTHMINT_{}", keys.join("_").to_uppercase()),
        })
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

impl Values {
    /// Reads all places; what cannot be read at all is a fault like the others.
    pub(super) fn gather(file: Option<&Path>, flags: Vec<(&'static str, Value)>) -> Self {
        let mut faults = Vec::new();
        let mut merged = Figment::new();
        if let Some(path) = file {
            let (place, toml) = (path.display(), Toml::file_exact(path));
            let read = std::fs::metadata(path).map_err(|error| error.to_string());
            match read.and_then(|_| toml.data().map_err(|error| error.to_string())) {
                Ok(_) => merged = merged.merge(toml),
                Err(error) => faults.push(Fault {
                    key: "--config".to_owned(),
                    source: Some(place.to_string()),
                    remedy: format!("cannot be read: {}", without_excerpt(&error)),
                }),
            }
        }
        let ours = Env::prefixed("AUTHMINT_");
        let ours = ours.iter().map(|(key, value)| (key.as_str().to_lowercase(), value));
        let environment = ours.filter(|(key, _)| !NOT_OURS.contains(&key.as_str()));
        let environment = environment.map(|(key, value)| (key, Value::from(value))).collect();
        let flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        merged = merged
            .merge(Texts { place: "environment", values: environment })
            .merge(Texts { place: "flag", values: flags });
        let mut values = Self { merged, faults };
        values.refuse_unknown();
        values
    }

    fn refuse_unknown(&mut self) {
        let all: Dict = self.merged.extract().unwrap_or_default();
        for key in all.keys().filter(|key| !KEYS.iter().any(|known| known.name == *key)) {
            let known: Vec<_> = KEYS.iter().map(|known| known.name).collect();
            self.fault(key, format!("there is no such key; there are {}", known.join(", ")));
        }
    }

    /// Adds a fault of a key.
    pub(super) fn fault(&mut self, key: &str, remedy: String) {
        let source = self.merged.find_metadata(key).map(|metadata| {
            match metadata.source.as_ref().and_then(Source::file_path) {
                Some(path) => path.display().to_string(),
                None => metadata.interpolate(&Profile::Default, &[key]),
            }
        });
        self.faults.push(Fault { key: key.to_owned(), source, remedy });
    }

    /// The value of a key that has a default, or that another fault explains.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.merged.find_value(key).ok()?;
        let Some(text) = value.as_str() else {
            self.fault(key, "must be a text in quotes".to_owned());
            return None;
        };
        read(text).map_err(|remedy| self.fault(key, remedy)).ok()
    }

    /// The value of a key that must be given.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.merged.find_value(key).is_err() {
            let known: Option<&Key> = KEYS.iter().find(|known| known.name == key);
            let example = known.map_or("", |known| known.example);
            let remedy = format!("is missing; give {key} = {example}, or AUTHMINT_{}", key.to_uppercase());
            self.fault(key, remedy);
            return None;
        }
        self.optional(key, read)
    }

    /// The value of a key that holds a number: what was given, or its default.
    pub(super) fn number(&mut self, name: &str) -> u64 {
        let known = KEYS.iter().find(|known| known.name == name);
        let Some(Key { example, kind: Kind::Number { least, most }, .. }) = known else {
            unreachable!("{name} stands in the table as a number");
        };
        let number = match self.merged.find_value(name) {
            Err(_) => example.parse().ok(),
            Ok(Value::String(_, text)) => text.trim().parse().ok(),
            Ok(value) => value.deserialize().ok(),
        };
        number.filter(|number| (least..=most).contains(&number)).unwrap_or_else(|| {
            self.fault(name, format!("must be a whole number from {least} to {most}"));
            *least
        })
    }

    /// The values of a list: in the file an array of texts, elsewhere texts between commas.
    pub(super) fn list<T>(&mut self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Ok(value) = self.merged.find_value(key) else { return Vec::new() };
        let texts: Option<Vec<String>> = match &value {
            Value::String(_, text) => Some(text.split(',').map(|one| one.trim().to_owned()).collect()),
            Value::Array(_, list) => list.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let Some(texts) = texts else {
            self.fault(key, "must be a list of texts in quotes".to_owned());
            return Vec::new();
        };
        let mut kept = Vec::new();
        for text in texts.iter().filter(|text| !text.is_empty()) {
            match read(text) {
                Ok(one) => kept.push(one),
                Err(remedy) => self.fault(key, format!("{text:?}: {remedy}")),
            }
        }
        kept
    }
}

/// The words of a TOML error without the lines that it quotes: one of them may hold a password.
fn without_excerpt(error: &str) -> String {
    error
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains('|'))
        .collect::<Vec<_>>()
        .join(", ")
}
