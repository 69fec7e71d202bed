use crate::p2::bindings::wasi::sockets::network::ErrorCode as GuestCode;
use wayleave_system::ErrorCode;

/// The code that guests are told. Of names, what [`Lookup`](wayleave_system::net::Lookup) says.
pub(super) fn guest_code(code: ErrorCode) -> GuestCode {
    match code {
        // The bytes that it may send or receive are used up.
        ErrorCode::Access | ErrorCode::NotPermitted | ErrorCode::NotCapable | ErrorCode::Quota => {
            GuestCode::AccessDenied
        }
        ErrorCode::AfNotSupported
        | ErrorCode::NotSupported
        | ErrorCode::NotSupportedCall
        | ErrorCode::NoProtocolOption
        | ErrorCode::ProtocolNotSupported
        | ErrorCode::WrongProtocol => GuestCode::NotSupported,
        ErrorCode::Invalid => GuestCode::InvalidArgument,
        ErrorCode::NoMemory | ErrorCode::NoBuffers => GuestCode::OutOfMemory,
        ErrorCode::TimedOut => GuestCode::Timeout,
        ErrorCode::Already => GuestCode::ConcurrencyConflict,
        ErrorCode::Again | ErrorCode::Interrupted => GuestCode::WouldBlock,
        ErrorCode::IsConnected | ErrorCode::NotConnected | ErrorCode::DestinationRequired => {
            GuestCode::InvalidState
        }
        ErrorCode::TooManyOpen | ErrorCode::SystemTooManyOpen => GuestCode::NewSocketLimit,
        ErrorCode::AddrNotAvailable => GuestCode::AddressNotBindable,
        ErrorCode::AddrInUse => GuestCode::AddressInUse,
        ErrorCode::HostUnreachable
        | ErrorCode::NetworkUnreachable
        | ErrorCode::NetworkDown
        | ErrorCode::NetworkReset => GuestCode::RemoteUnreachable,
        ErrorCode::ConnectionRefused => GuestCode::ConnectionRefused,
        ErrorCode::ConnectionReset => GuestCode::ConnectionReset,
        ErrorCode::ConnectionAborted => GuestCode::ConnectionAborted,
        ErrorCode::MessageTooBig => GuestCode::DatagramTooLarge,
        ErrorCode::NoEntry => GuestCode::NameUnresolvable,
        ErrorCode::Busy => GuestCode::TemporaryResolverFailure,
        ErrorCode::NotRecoverable => GuestCode::PermanentResolverFailure,
        _ => GuestCode::Unknown,
    }
}
