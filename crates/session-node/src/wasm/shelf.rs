//! Things kept under a number until they are asked for.

use std::collections::BTreeMap;

/// A bounded shelf: a host may forget what it was handed (a request was given up), so the oldest goes when it is full.
pub(super) struct Shelf<T> {
    things: BTreeMap<u32, T>,
    next: u32,
    room: usize,
}

impl<T> Shelf<T> {
    pub(super) const fn with_room(room: usize) -> Self {
        Self { things: BTreeMap::new(), next: 1, room }
    }

    /// Keeps a thing and gives its number.
    pub(super) fn put(&mut self, thing: T) -> u32 {
        if self.things.len() >= self.room {
            self.things.pop_first();
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1).max(1);
        self.things.insert(number, thing);
        number
    }

    /// Puts a thing back under its number.
    pub(super) fn put_back(&mut self, number: u32, thing: T) {
        self.things.insert(number, thing);
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.things.get(&number)
    }

    pub(super) fn take(&mut self, number: u32) -> Option<T> {
        self.things.remove(&number)
    }
}
