//! Things kept under a number until they are asked for.

use std::collections::VecDeque;

/// A bounded shelf: a host may forget what it was handed (a request was given up), so the oldest goes when it is full.
pub(super) struct Shelf<T> {
    /// The oldest first. Few things wait at a time, and what is asked for was put there last; a map for each kind of thing
    /// would be a good part of the module.
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
        self.next = self.next.wrapping_add(1).max(1);
        self.things.push_back((number, thing));
        number
    }

    /// Puts a thing back under its number.
    pub(super) fn put_back(&mut self, number: u32, thing: T) {
        self.things.push_back((number, thing));
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.place(number).map(|place| &self.things[place].1)
    }

    pub(super) fn take(&mut self, number: u32) -> Option<T> {
        self.place(number).and_then(|place| self.things.remove(place)).map(|(_, thing)| thing)
    }

    fn place(&self, number: u32) -> Option<usize> {
        self.things.iter().rposition(|(found, _)| *found == number)
    }
}
