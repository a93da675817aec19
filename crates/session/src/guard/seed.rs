//! A keyed hash: chance without randomness, the same for one token and different for each process.

use std::{
    hash::{BuildHasher, DefaultHasher, Hasher},
    time::Duration,
};

/// The hasher of every map in the guard, keyed by the seed so that nobody outside can aim at one bucket.
#[derive(Clone)]
pub(super) struct Seeded(DefaultHasher);

impl Seeded {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&seed);
        Self(hasher)
    }

    /// A span from zero to `most`, by `text` and `salt` under the seed.
    ///
    /// A fresh draw per request would collapse on a busy site: the earliest draw of many would always win.
    pub(super) fn spread(&self, text: &str, salt: u32, most: Duration) -> Duration {
        let mut hasher = self.0.clone();
        hasher.write(text.as_bytes());
        hasher.write_u32(salt);
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(hasher.finish() % (most + 1))
    }
}

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        self.0.clone()
    }
}
