//! When API keys and operator tokens were last shown: noted in memory, written down about once a minute.
//!
//! A use is noted when a key is looked up, which a key in use is every two seconds: a call that finds its key in the
//! cache pays nothing for it.

use authmint_domain::port::Shown;
use authmint_protocol::time::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Notes kept at most until they are written down: a service has fewer keys, and callers cannot fill memory.
const CAPACITY: usize = 8192;
const MINUTE_MS: i64 = 60_000;

/// The notes that were not written down yet.
#[derive(Default)]
pub(crate) struct LastUsed(Mutex<HashMap<Shown, Timestamp>>);

impl LastUsed {
    /// Notes that something was shown; the minute is kept, since nobody asks for the second.
    pub(crate) fn note(&self, what: Shown, at: Timestamp) {
        let minute = Timestamp::from_unix_millis(at.unix_millis() - at.unix_millis().rem_euclid(MINUTE_MS));
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < CAPACITY || notes.contains_key(&what) {
            notes.entry(what).and_modify(|kept| *kept = minute.max(*kept)).or_insert(minute);
        }
    }

    /// Takes all notes away, to be written down.
    pub(crate) fn take(&self) -> Vec<(Shown, Timestamp)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    /// Keeps notes that could not be written down.
    pub(crate) fn put_back(&self, notes: Vec<(Shown, Timestamp)>) {
        for (what, at) in notes {
            self.note(what, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use authmint_protocol::id::ApiKeyId;

    fn key(number: u16) -> Shown {
        let [high, low] = number.to_be_bytes();
        Shown::ApiKey(ApiKeyId::from_bytes([high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    }

    #[test]
    fn the_latest_minute_is_kept_and_notes_are_taken_once() {
        let (at, notes) = (Timestamp::from_unix_seconds, LastUsed::default());
        for second in [119, 61, 59] {
            notes.note(key(1), at(second));
        }
        assert_eq!(notes.take(), [(key(1), at(60))]);
        assert_eq!(notes.take(), []);
        notes.note(key(1), at(180));
        notes.put_back(vec![(key(1), at(60))]);
        assert_eq!(notes.take(), [(key(1), at(180))], "an older note replaces none");
    }

    #[test]
    fn notes_are_bounded_and_those_that_are_there_go_on() {
        let notes = LastUsed::default();
        for number in 0..u16::MAX {
            notes.note(key(number), Timestamp::EPOCH);
        }
        notes.note(key(0), Timestamp::from_unix_seconds(60));
        let taken = notes.take();
        assert_eq!(taken.len(), CAPACITY);
        assert!(taken.contains(&(key(0), Timestamp::from_unix_seconds(60))));
    }
}
