use crate::net::{Family, SocketOption};
use crate::{ErrorCode, Result};
use rustix::io::Errno;
use rustix::net::sockopt;
use std::os::fd::AsFd;
use std::time::Duration;

pub(super) fn get(fd: impl AsFd, family: Family, option: SocketOption) -> Result<u64> {
    Ok(match option {
        SocketOption::KeepAlive => sockopt::socket_keepalive(fd)?.into(),
        SocketOption::KeepAliveIdle => nanoseconds(sockopt::tcp_keepidle(fd)?),
        SocketOption::KeepAliveInterval => nanoseconds(sockopt::tcp_keepintvl(fd)?),
        SocketOption::KeepAliveCount => sockopt::tcp_keepcnt(fd)?.into(),
        SocketOption::HopLimit => match family {
            Family::V4 => sockopt::ip_ttl(fd)?.into(),
            Family::V6 => sockopt::ipv6_unicast_hops(fd)?.into(),
        },
        SocketOption::ReceiveBuffer => told(sockopt::socket_recv_buffer_size(fd)?),
        SocketOption::SendBuffer => told(sockopt::socket_send_buffer_size(fd)?),
    })
}

pub(super) fn set(fd: impl AsFd, family: Family, option: SocketOption, value: u64) -> Result<()> {
    if value == 0 && option != SocketOption::KeepAlive {
        return Err(ErrorCode::Invalid);
    }
    match option {
        SocketOption::KeepAlive => sockopt::set_socket_keepalive(fd, value != 0)?,
        SocketOption::KeepAliveIdle => sockopt::set_tcp_keepidle(fd, seconds(value))?,
        SocketOption::KeepAliveInterval => sockopt::set_tcp_keepintvl(fd, seconds(value))?,
        SocketOption::KeepAliveCount => {
            let count = u32::try_from(value.min(MOST_PROBES)).unwrap_or(u32::MAX);
            sockopt::set_tcp_keepcnt(fd, count)?;
        }
        SocketOption::HopLimit => {
            let hops = u8::try_from(value).map_err(|_| ErrorCode::Invalid)?;
            match family {
                Family::V4 => sockopt::set_ip_ttl(fd, hops.into())?,
                Family::V6 => sockopt::set_ipv6_unicast_hops(fd, Some(hops))?,
            }
        }
        SocketOption::ReceiveBuffer => {
            hint(sockopt::set_socket_recv_buffer_size(fd, buffer_size(value)))?;
        }
        SocketOption::SendBuffer => {
            hint(sockopt::set_socket_send_buffer_size(fd, buffer_size(value)))?;
        }
    }
    Ok(())
}

/// Most that Linux takes, and the least among the systems.
const MOST_PROBES: u64 = 127;
const MOST_SECONDS: u64 = 32_767;

/// The system counts whole seconds, and 0 is none.
fn seconds(nanoseconds: u64) -> Duration {
    Duration::from_secs(nanoseconds.div_ceil(1_000_000_000).min(MOST_SECONDS))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn buffer_size(value: u64) -> usize {
    // The system's number has a sign.
    usize::try_from(value.min(i32::MAX as u64)).unwrap_or(i32::MAX as usize)
}

/// Linux doubles what it is told, for its own bookkeeping, and says the double.
fn told(size: usize) -> u64 {
    let size = size as u64;
    if cfg!(target_os = "linux") { size / 2 } else { size }
}

/// Some systems refuse what is too large; others take what they can, as is meant.
fn hint(result: rustix::io::Result<()>) -> Result<()> {
    match result {
        Err(Errno::NOBUFS) => Ok(()),
        result => Ok(result?),
    }
}
