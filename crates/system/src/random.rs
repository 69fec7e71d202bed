//! Random numbers.

mod seeded;

pub use seeded::Seeded;

use crate::{ErrorCode, Result};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    ///
    /// # Errors
    /// [`Io`](ErrorCode::Io) when the source fails.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

/// The operating system's random numbers, fit for cryptography.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|_| ErrorCode::Io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let mut draws = [[0; 32]; 2];
        for draw in &mut draws {
            OsRandom.fill(draw).unwrap();
        }
        assert_ne!(draws[0], draws[1]);
        assert_eq!(OsRandom.fill(&mut []), Ok(()));
    }
}
