use super::call::{Check, check_of};
use super::keeper::END;
use super::{Call, Op};
use crate::Error;
use crate::end::Ended;
use crate::file::{Broken, In};
use crate::wire::Wire;
use std::io::IoSlice;
use wayleave_system::{ErrorCode, Result};

/// Answers calls from a recording.
pub(crate) struct Player {
    from: In,
    calls: u64,
    /// Ends the guest.
    stop: Box<dyn Fn() + Send + Sync>,
    next: Next,
}

/// What comes next on the tape.
enum Next {
    Call(u8),
    End(Ended),
    /// Nothing: the guest is stopped, as it can not be answered any more.
    Failed(Error),
    /// The error was told.
    Told,
}

impl Player {
    pub(crate) fn new(from: In, stop: impl Fn() + Send + Sync + 'static) -> Self {
        let mut player = Self { from, calls: 0, stop: Box::new(stop), next: Next::Told };
        player.look_ahead();
        player
    }

    /// The answer to a call; `None` when there is none, and then the guest is being stopped.
    pub(super) fn answer<T>(
        &mut self,
        call: &Call<'_>,
        take: impl FnOnce(&mut In) -> std::result::Result<T, Broken>,
    ) -> Option<T> {
        let op = match &self.next {
            Next::Call(op) => *op,
            Next::End(ended) if ended.by_itself() => {
                let recorded = ended.to_string();
                self.fail(strayed(self.calls + 1, recorded, call));
                return None;
            }
            Next::End(_) | Next::Failed(_) | Next::Told => return None,
        };
        self.calls += 1;
        match self.read(op, call, take) {
            Ok(answer) => {
                self.look_ahead();
                Some(answer)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    /// The answer to a call that takes bytes.
    pub(super) fn answer_sent(
        &mut self,
        call: &Call<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Option<Result<usize>> {
        let (sent, check) = self.answer(call, |from| {
            let (sent, check): (Result<usize>, Check) = Wire::take(from)?;
            let room = buffers.iter().fold(0, |sum: usize, one| sum.saturating_add(one.len()));
            if sent.is_ok_and(|sent| sent > room) {
                return Err(from.damaged());
            }
            Ok((sent, check))
        })?;
        if check_of(buffers, sent.unwrap_or(0)) != check {
            self.fail(strayed(self.calls, format!("{call} with other bytes"), call));
            return None;
        }
        Some(sent)
    }

    /// Stops the guest, for something that it wrote can not be shown.
    pub(crate) fn fail_output(&mut self, code: ErrorCode) {
        self.fail(Error::Output(code));
    }

    /// How the guest ended when it was recorded, if it has done the same now.
    pub(crate) fn finish(&mut self, ended: Ended) -> std::result::Result<Ended, Error> {
        let call = self.calls + 1;
        let now = ended.to_string();
        match std::mem::replace(&mut self.next, Next::Told) {
            Next::End(recorded) if recorded == ended || !recorded.by_itself() => Ok(recorded),
            // Only the replay's own time: the program's is not counted.
            Next::End(_) | Next::Call(_) if ended == Ended::TimedOut => Err(Error::TimedOut),
            Next::End(recorded) => {
                Err(Error::Strayed { call, recorded: recorded.to_string(), now })
            }
            Next::Call(number) => {
                let recorded = Op::from_number(number).map(|op| op.to_string());
                Err(Error::Strayed { call, recorded: recorded.unwrap_or_default(), now })
            }
            Next::Failed(error) => Err(error),
            Next::Told => Ok(ended),
        }
    }

    fn read<T>(
        &mut self,
        number: u8,
        call: &Call<'_>,
        take: impl FnOnce(&mut In) -> std::result::Result<T, Broken>,
    ) -> std::result::Result<T, Error> {
        let Some(op) = Op::from_number(number) else { return Err(self.from.damaged().into()) };
        let (handle, check): (u32, Check) = Wire::take(&mut self.from)?;
        let recorded = match () {
            () if op != call.op => op.to_string(),
            () if handle != call.handle => format!("{op} of something else"),
            () if check != call.check() => format!("{op} in another way"),
            () => return Ok(take(&mut self.from)?),
        };
        Err(strayed(self.calls, recorded, call))
    }

    /// Looks at what comes next, so that a guest that was stopped from outside is stopped at the
    /// same place: after the last thing that it did.
    fn look_ahead(&mut self) {
        match self.read_ahead() {
            Ok(next) => {
                if matches!(&next, Next::End(ended) if !ended.by_itself()) {
                    (self.stop)();
                }
                self.next = next;
            }
            Err(broken) => self.fail(broken.into()),
        }
    }

    fn read_ahead(&mut self) -> std::result::Result<Next, Broken> {
        if self.from.peek()?.is_none() {
            return Err(self.from.damaged());
        }
        let number = u8::take(&mut self.from)?;
        if number != END {
            return Ok(Next::Call(number));
        }
        let ended = Ended::take(&mut self.from)?;
        if !self.from.at_end()? {
            return Err(self.from.damaged());
        }
        Ok(Next::End(ended))
    }

    fn fail(&mut self, error: Error) {
        self.next = Next::Failed(error);
        (self.stop)();
    }
}

fn strayed(call: u64, recorded: String, now: &Call<'_>) -> Error {
    Error::Strayed { call, recorded, now: now.to_string() }
}
