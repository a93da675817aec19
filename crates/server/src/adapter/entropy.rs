//! The one source of randomness of the service.

use authmint_domain::port::Entropy;
use aws_lc_rs::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Where the service draws from.
#[derive(Debug, Clone)]
pub struct ServiceEntropy(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System(SystemRandom),
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl ServiceEntropy {
    /// The generator of the cryptographic library, seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System(SystemRandom::new()))
    }

    /// A stream that anyone who knows `seed` can predict: tests that must run twice alike, and nothing else.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Kind::Seeded { seed, drawn: Arc::default() })
    }
}

impl Entropy for ServiceEntropy {
    fn fill(&self, out: &mut [u8]) {
        match &self.0 {
            // Without randomness there is nothing safe left to do: the request ends, its transaction never began.
            Kind::System(system) => system.fill(out).expect("the system's generator answers"),
            Kind::Seeded { seed, drawn } => {
                for chunk in out.chunks_mut(digest::SHA256_OUTPUT_LEN) {
                    let block = drawn.fetch_add(1, Ordering::Relaxed);
                    let input = [seed.to_be_bytes(), block.to_be_bytes()].concat();
                    let bytes = digest::digest(&digest::SHA256, &input);
                    chunk.copy_from_slice(&bytes.as_ref()[..chunk.len()]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_the_system_none_twice() {
        let draw = |entropy: &ServiceEntropy| [entropy.draw::<40>(), entropy.draw::<40>()];
        let first = draw(&ServiceEntropy::seeded(7));
        assert_eq!(first, draw(&ServiceEntropy::seeded(7)));
        assert_ne!(first, draw(&ServiceEntropy::seeded(8)));
        assert_ne!(first[0], first[1]);
        let system = ServiceEntropy::system();
        assert_ne!(system.draw::<32>(), system.draw::<32>());
    }
}
