//! A client of HTTP/2 that sends and receives single frames.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
/// Of DATA and HEADERS; of SETTINGS and PING it says that they were received.
pub(crate) const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

pub(crate) struct Http2 {
    stream: TcpStream,
    next: u32,
}

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn ends_stream(&self) -> bool {
        self.flags & END_STREAM != 0
    }
}

impl Http2 {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let mut client = Self { stream, next: 1 };
        client.send(SETTINGS, 0, 0, b"");
        client
    }

    /// Sends a request without a body; returns its stream.
    pub(crate) fn request(&mut self, method: &str, path: &str) -> u32 {
        // Literal fields whose names are in HPACK's table, and its entry `:scheme: http`.
        let mut block = vec![0x86];
        for (name, value) in [(1, "a"), (2, method), (4, path)] {
            block.extend([name, u8::try_from(value.len()).unwrap()]);
            block.extend(value.as_bytes());
        }
        let stream = self.next;
        self.next += 2;
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &block);
        stream
    }

    /// The next frame that is about something; `None` at the connection's end.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing but pings");
            let frame = self.any_frame()?;
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => self.send(SETTINGS, ACK, 0, b""),
                PING if frame.flags & ACK == 0 => self.send(PING, ACK, 0, &frame.payload),
                DATA | HEADERS | GOAWAY => return Some(frame),
                _ => {}
            }
        }
    }

    fn any_frame(&mut self) -> Option<Frame> {
        let head: [u8; 9] = self.read(9)?.try_into().unwrap();
        let [a, b, c, kind, flags, stream @ ..] = head;
        let payload = self.read(u32::from_be_bytes([0, a, b, c]) as usize)?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }

    fn read(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        match self.stream.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) => match error.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => None,
                _ => panic!("{error}"),
            },
        }
    }

    /// The server may have closed the connection already: that shows in what it sent.
    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        let _ = self.stream.write_all(&frame);
    }
}
