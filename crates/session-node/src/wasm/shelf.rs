//! Things kept under a number until they are asked for.

use std::collections::VecDeque;

/// A bounded shelf: a host may forget what it was handed (a request was given up), so the oldest goes when it is full.
pub(super) struct Shelf<T> {
    /// By rising number: most of what is asked for was put there last. A map for each kind of thing would be a good part of
    /// the module.
    things: VecDeque<(u32, T)>,
    next: u32,
    room: usize,
}

impl<T> Shelf<T> {
    pub(super) const fn with_room(room: usize) -> Self {
        Self { things: VecDeque::new(), next: 1, room }
    }

    /// Keeps a thing and gives its number.
    pub(super) fn put(&mut self, thing: T) -> u32 {
        if self.things.len() >= self.room {
            self.things.pop_front();
        }
        let number = self.next;
        self.next += 1;
        self.things.push_back((number, thing));
        number
    }

    /// Puts a thing back under its number.
    pub(super) fn put_back(&mut self, number: u32, thing: T) {
        let place = self.place(number).unwrap_or_else(|place| place);
        self.things.insert(place, (number, thing));
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.place(number).ok().map(|place| &self.things[place].1)
    }

    pub(super) fn take(&mut self, number: u32) -> Option<T> {
        self.place(number).ok().and_then(|place| self.things.remove(place)).map(|(_, thing)| thing)
    }

    /// Where a number is, or would be.
    fn place(&self, number: u32) -> Result<usize, usize> {
        self.things.binary_search_by_key(&number, |(found, _)| *found)
    }
}
