use super::Random;
use crate::Result;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use std::sync::{Mutex, PoisonError};

/// Random numbers that follow from a seed: the key stream of ChaCha20, whose key is the seed in
/// little-endian bytes and then zeros, from its first byte on.
///
/// Asking for some bytes and then for others gives the same as asking for all at once.
pub struct Seeded(Mutex<State>);

struct State {
    stream: ChaCha20Rng,
    block: [u8; BLOCK],
    used: usize,
}

/// Whole words of the stream, so that none of it is left out.
const BLOCK: usize = 256;

impl Seeded {
    /// The numbers that follow from `seed`. Who knows it knows them all.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let stream = ChaCha20Rng::from_seed(key);
        Self(Mutex::new(State { stream, block: [0; BLOCK], used: BLOCK }))
    }
}

impl Random for Seeded {
    fn fill(&self, mut buffer: &mut [u8]) -> Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { stream, block, used } = &mut *state;
        while !buffer.is_empty() {
            if *used == BLOCK {
                stream.fill_bytes(block);
                *used = 0;
            }
            let count = buffer.len().min(BLOCK - *used);
            let (now, later) = buffer.split_at_mut(count);
            now.copy_from_slice(&block[*used..*used + count]);
            *used += count;
            buffer = later;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draw(random: &Seeded, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        random.fill(&mut bytes).unwrap();
        bytes
    }

    /// The key stream of the cipher under a key of zeros, as RFC 8439, A.1, test vector 1 has it.
    #[test]
    fn it_is_the_stream_of_the_standard() {
        let expected = [
            0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86,
            0xbd, 0x28,
        ];
        assert_eq!(draw(&Seeded::new(0), 16), expected);
        assert_ne!(draw(&Seeded::new(1), 16), expected);
        assert_ne!(draw(&Seeded::new(1 << 63), 16), expected);
    }

    proptest! {
        #[test]
        fn how_much_is_asked_for_at_once_makes_no_difference(
            seed: u64, parts in prop::collection::vec(0usize..300, 0..8)
        ) {
            let (whole, pieces) = (Seeded::new(seed), Seeded::new(seed));
            let together: Vec<u8> = parts.iter().flat_map(|count| draw(&pieces, *count)).collect();
            prop_assert_eq!(draw(&whole, together.len()), together);
        }
    }
}
