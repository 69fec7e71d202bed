use crate::Error;
use std::fmt;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP port of one of this machine's addresses.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    /// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/app.sock`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("`unix:` needs a path".into()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            format!("{text:?} is not an address: write 127.0.0.1:8080, [::1]:8080 or unix:PATH")
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that accepts connections.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "for its end")] Option<Unlink>),
}

/// A connection.
pub(crate) enum Stream {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Takes a socket's file away again.
pub(crate) struct Unlink(PathBuf);

impl Drop for Unlink {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

impl Listener {
    /// Listens. Needs a runtime around it.
    pub(crate) fn bind(address: &Address) -> Result<Self, Error> {
        let failed = |source| Error::Listen { address: address.to_string(), source };
        match address {
            Address::Tcp(tcp) => {
                let socket = match tcp {
                    SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
                    SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
                }
                .map_err(failed)?;
                // After a restart, connections of the server before may still be there.
                socket.set_reuseaddr(true).map_err(failed)?;
                socket.bind(*tcp).map_err(failed)?;
                socket.listen(BACKLOG).map(Self::Tcp).map_err(failed)
            }
            Address::Unix(path) => {
                remove_stale(path);
                let listener = UnixListener::bind(path).map_err(failed)?;
                Ok(Self::Unix(listener, Some(Unlink(path.clone()))))
            }
        }
    }

    /// The sockets that systemd has opened for this process.
    pub(crate) fn handed_over() -> Result<Vec<Self>, Error> {
        let failed = |source| Error::Listen { address: "a socket of systemd's".into(), source };
        let mut handed = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for index in 0..handed.len() {
            if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
                listener.set_nonblocking(true).map_err(failed)?;
                listeners.push(Self::Tcp(TcpListener::from_std(listener).map_err(failed)?));
                continue;
            }
            let listener = handed.take_unix_listener(index).map_err(failed)?;
            if let Some(listener) = listener {
                listener.set_nonblocking(true).map_err(failed)?;
                let listener = UnixListener::from_std(listener).map_err(failed)?;
                listeners.push(Self::Unix(listener, None));
            }
        }
        Ok(listeners)
    }

    pub(crate) async fn accept(&self) -> std::io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Responses are written in one go.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream, peer))
            }
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }

    /// Where it listens, with the port that the system chose.
    pub(crate) fn address(&self) -> Option<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(Address::Tcp),
            Self::Unix(listener, _) => {
                let address = listener.local_addr().ok()?;
                address.as_pathname().map(|path| Address::Unix(path.into()))
            }
        }
    }
}

/// Takes away the socket of a server that is gone: nobody listens at it any more.
fn remove_stale(path: &Path) {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_are_written() {
        for text in ["127.0.0.1:8080", "[::1]:0", "unix:/run/a.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "8080", "localhost:80", "unix:", "127.0.0.1"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
