use crate::{ErrorCode, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of all sorted entries that a guest has at a time, however many folders it reads: some
/// 800,000 names.
const MOST: usize = 64 << 20;

/// The bytes that a guest's entries take.
#[derive(Default)]
pub(super) struct Room(AtomicUsize);

/// A part of them, given back when it goes.
pub(super) struct Held {
    room: Arc<Room>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(room: &Arc<Room>) -> Self {
        Self { room: Arc::clone(room), bytes: 0 }
    }

    /// # Errors
    /// `NoMemory` when the guest has all it may have.
    pub(super) fn more(&mut self, bytes: usize) -> Result<()> {
        let all = self.room.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        if all > MOST { Err(ErrorCode::NoMemory) } else { Ok(()) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_of_a_guest_share_the_room() {
        let room = Arc::default();
        let (mut one, mut two) = (Held::new(&room), Held::new(&room));
        one.more(MOST - 10).unwrap();
        two.more(10).unwrap();
        assert_eq!(two.more(1), Err(ErrorCode::NoMemory));
        drop(two);
        let mut two = Held::new(&room);
        two.more(10).unwrap();
        drop(one);
        two.more(MOST - 10).unwrap();
        assert_eq!(two.more(1), Err(ErrorCode::NoMemory));
    }
}
