use super::frames::{Chain, FRAME, HEADER, MOST, header, parse_length};
use super::{MAGIC, VERSION};
use crate::Error;
use std::io::{self, ErrorKind, Read};

/// Why there is nothing more to read.
#[derive(Debug)]
pub(crate) enum Broken {
    Io(io::Error),
    /// The file ends here, and should not.
    CutOff(u64),
    /// What is here was not written by a recorder.
    Damaged(u64),
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Io(error) => Self::Io(error),
            Broken::CutOff(bytes) => Self::CutOff { bytes },
            Broken::Damaged(offset) => Self::Damaged { offset },
        }
    }
}

/// Where a recording is read from.
pub(crate) struct In {
    from: Box<dyn Read + Send>,
    payload: Vec<u8>,
    /// What of the payload has been taken.
    taken: usize,
    chain: Chain,
    /// Where the next frame begins.
    offset: u64,
    last: bool,
}

impl In {
    pub(crate) fn new(from: impl Read + Send + 'static) -> Result<Self, Error> {
        let mut from: Box<dyn Read + Send> = Box::new(from);
        let mut found = [0; HEADER];
        let length = fill(&mut from, &mut found)?;
        if length < HEADER || found[..MAGIC.len()] != MAGIC {
            return Err(Error::NotARecording);
        }
        if found != header() {
            let found = u32::from_le_bytes([found[8], found[9], found[10], found[11]]);
            return Err(Error::Version { found, known: VERSION });
        }
        let (payload, offset) = (Vec::new(), HEADER as u64);
        Ok(Self { from, payload, taken: 0, chain: Chain::new(), offset, last: false })
    }

    /// Fills the buffer with what comes next.
    pub(crate) fn take(&mut self, mut buffer: &mut [u8]) -> Result<(), Broken> {
        while !buffer.is_empty() {
            if self.at_end()? {
                return Err(self.damaged());
            }
            let rest = &self.payload[self.taken..];
            let length = rest.len().min(buffer.len());
            let (now, later) = buffer.split_at_mut(length);
            now.copy_from_slice(&rest[..length]);
            self.taken += length;
            buffer = later;
        }
        Ok(())
    }

    /// The next byte, which stays.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Broken> {
        Ok(if self.at_end()? { None } else { self.payload.get(self.taken).copied() })
    }

    /// Whether all was read.
    pub(crate) fn at_end(&mut self) -> Result<bool, Broken> {
        while self.taken == self.payload.len() {
            if self.last {
                return Ok(true);
            }
            self.next_frame()?;
        }
        Ok(false)
    }

    /// What is here makes no sense.
    pub(crate) fn damaged(&self) -> Broken {
        let rest = (self.payload.len() - self.taken) as u64;
        Broken::Damaged(self.offset - rest)
    }

    fn next_frame(&mut self) -> Result<(), Broken> {
        let mut head = [0; FRAME];
        if fill(&mut self.from, &mut head).map_err(Broken::Io)? < FRAME {
            return Err(Broken::CutOff(self.offset));
        }
        let field = [head[0], head[1], head[2], head[3]];
        let (length, last) = parse_length(field);
        if length > MOST {
            return Err(Broken::Damaged(self.offset));
        }
        self.payload.resize(length, 0);
        self.taken = length;
        if fill(&mut self.from, &mut self.payload).map_err(Broken::Io)? < length {
            return Err(Broken::CutOff(self.offset));
        }
        if self.chain.next(field, &self.payload) != head[4..] {
            return Err(Broken::Damaged(self.offset));
        }
        self.taken = 0;
        self.offset += (FRAME + length) as u64;
        self.last = last;
        if last && fill(&mut self.from, &mut [0]).map_err(Broken::Io)? > 0 {
            return Err(Broken::Damaged(self.offset));
        }
        Ok(())
    }
}

/// Looks at every frame: whether the recording is whole.
pub(crate) fn scan(from: impl Read + Send + 'static) -> Result<(), Error> {
    let mut file = In::new(from)?;
    while !file.last {
        file.next_frame()?;
    }
    Ok(())
}

/// Reads until the buffer is full or nothing comes any more; says how much came.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::super::Out;
    use super::*;
    use std::io::Cursor;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(parts: &[&[u8]]) -> Vec<u8> {
        let shared = Shared::default();
        let mut out = Out::new(shared.clone()).unwrap();
        for part in parts {
            out.put(part);
            out.flush();
        }
        let bytes = out.finish().unwrap();
        let all = shared.0.lock().unwrap().clone();
        assert_eq!(all.len() as u64, bytes);
        all
    }

    #[test]
    fn what_was_put_comes_out() {
        let long: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0] ^ 7).collect();
        let mut file = In::new(Cursor::new(written(&[b"ab", &long, b"c"]))).unwrap();
        let mut found = vec![0; long.len() + 3];
        file.take(&mut found[..1]).unwrap();
        assert_eq!(file.peek().unwrap(), Some(b'b'));
        file.take(&mut found[1..]).unwrap();
        assert!(found == [b"ab", &long[..], b"c"].concat());
        assert!(file.at_end().unwrap() && file.peek().unwrap().is_none());
        assert!(matches!(file.take(&mut [0]), Err(Broken::Damaged(_))));
    }

    #[test]
    fn every_change_is_noticed() {
        let good = written(&[b"first", b"second", b"third"]);
        scan(Cursor::new(good.clone())).unwrap();
        for place in 0..good.len() {
            for change in [1, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[place] ^= change;
                assert!(scan(Cursor::new(bad)).is_err(), "{place} ^ {change}");
            }
            let cut = scan(Cursor::new(good[..place].to_vec()));
            assert!(matches!(cut, Err(Error::CutOff { .. } | Error::NotARecording)), "{place}");
        }
        let more = [&good[..], b"x"].concat();
        assert!(matches!(scan(Cursor::new(more)), Err(Error::Damaged { .. })));
    }

    #[test]
    fn frames_have_their_places() {
        let good = written(&[b"aa", b"bb"]);
        let (start, frame) = (HEADER, FRAME + 2);
        let (first, second) = (start..start + frame, start + frame..start + 2 * frame);
        let rest = &good[second.end..];
        let swapped = [&good[..start], &good[second.clone()], &good[first], rest].concat();
        assert!(matches!(scan(Cursor::new(swapped)), Err(Error::Damaged { .. })));
        let dropped = [&good[..start], &good[second], rest].concat();
        assert!(matches!(scan(Cursor::new(dropped)), Err(Error::Damaged { .. })));
    }
}
