//! A client that sends exactly what it is told to, right or wrong.
#![allow(dead_code, reason = "each test uses what it needs")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A response, as far as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The connection ended before the body did.
    pub(crate) incomplete: bool,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    let mut client = Client::connect(address);
    client.send(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes());
    client.reply()
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// The server may have closed the connection already: that shows in the reply.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    pub(crate) fn close_writing(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    pub(crate) fn send_from_a_thread(&mut self, bytes: Vec<u8>) {
        let mut stream = self.stream.try_clone().unwrap();
        std::thread::spawn(move || stream.write_all(&bytes));
    }

    /// Reads up to and with these bytes, and forgets them.
    pub(crate) fn read_until(&mut self, end: &[u8]) {
        loop {
            if let Some(at) = find(&self.received, end) {
                self.received.drain(..at + end.len());
                return;
            }
            assert!(self.more(), "the connection ended before {end:?}");
        }
    }

    pub(crate) fn read_to_end(&mut self) {
        while self.more() {}
    }

    /// The next response.
    pub(crate) fn reply(&mut self) -> Reply {
        let reply = self.try_reply();
        reply.unwrap_or_else(|| panic!("no response: {:?}", self.received))
    }

    /// The next response; `None` when the connection ends before its head does.
    pub(crate) fn try_reply(&mut self) -> Option<Reply> {
        let end = loop {
            if let Some(at) = find(&self.received, b"\r\n\r\n") {
                break at;
            }
            if !self.more() {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        self.received.drain(..end + 4);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        let mut reply = Reply { status, head, body: Vec::new(), incomplete: false };
        if reply.header("transfer-encoding") == Some("chunked") {
            self.chunks(&mut reply);
        } else if let Some(length) = reply.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.received.len() < length {
                if !self.more() {
                    reply.incomplete = true;
                    break;
                }
            }
            let length = length.min(self.received.len());
            reply.body.extend(self.received.drain(..length));
        }
        Some(reply)
    }

    fn chunks(&mut self, reply: &mut Reply) {
        while let Some(line) = self.line() {
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            if length == 0 {
                // Trailers, up to an empty line.
                while let Some(line) = self.line() {
                    if line == "\r\n" {
                        return;
                    }
                }
                break;
            }
            while self.received.len() < length + 2 {
                if !self.more() {
                    reply.body.append(&mut self.received);
                    reply.incomplete = true;
                    return;
                }
            }
            reply.body.extend(self.received.drain(..length));
            self.received.drain(..2);
        }
        reply.incomplete = true;
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = find(&self.received, b"\r\n") {
                let line = self.received.drain(..at + 2).collect();
                return Some(String::from_utf8(line).unwrap());
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// Whether something more came.
    fn more(&mut self) -> bool {
        let mut buffer = [0; 64 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(read) => {
                self.received.extend_from_slice(&buffer[..read]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
