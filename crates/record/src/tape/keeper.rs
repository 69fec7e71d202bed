use super::Call;
use crate::end::Ended;
use crate::file::Out;
use crate::wire::Wire;
use std::io;

/// Where an [`Ended`] stands in place of a call.
pub(super) const END: u8 = 0;

/// Bytes of quick calls that may be kept back: what is lost of them when the process is killed is
/// some last looks at the clock.
const QUICK: usize = 4 << 10;

/// Keeps calls and their answers.
pub(crate) struct Keeper {
    out: Out,
    calls: u64,
    ended: bool,
}

impl Keeper {
    pub(crate) fn new(out: Out) -> Self {
        Self { out, calls: 0, ended: false }
    }

    /// Keeps a call and what it was answered.
    pub(super) fn keep(&mut self, call: &Call<'_>, answer: impl FnOnce(&mut Out)) {
        if self.ended {
            return;
        }
        self.calls += 1;
        call.op.number().put(&mut self.out);
        (call.handle, call.check()).put(&mut self.out);
        answer(&mut self.out);
        if !call.op.is_quick() || self.out.waiting() >= QUICK {
            self.out.flush();
        }
    }

    /// Keeps the end; says how many calls that were, and how many bytes.
    pub(crate) fn finish(&mut self, ended: &Ended) -> io::Result<(u64, u64)> {
        self.ended = true;
        END.put(&mut self.out);
        ended.put(&mut self.out);
        Ok((self.calls, self.out.finish()?))
    }
}
