//! Types, traits and registration of the interfaces.
#![allow(missing_docs, reason = "the interfaces' own documentation is in the WIT files")]

wayleave_bindgen::bindgen! {
    path: "../../wit/0.2",
    world: "system",
    features: ["clocks-timezone"],
    resources: {
        "wasi:io/error/error": crate::p2::error::IoError,
        "wasi:io/poll/pollable": crate::p2::poll::Pollable,
        "wasi:io/streams/input-stream": crate::p2::streams::InputStream,
        "wasi:io/streams/output-stream": crate::p2::streams::OutputStream,
        "wasi:filesystem/types/descriptor": crate::p2::filesystem::Descriptor,
        "wasi:filesystem/types/directory-entry-stream": crate::p2::filesystem::Entries,
        "wasi:cli/terminal-input/terminal-input": crate::p2::cli::TerminalInput,
        "wasi:cli/terminal-output/terminal-output": crate::p2::cli::TerminalOutput,
        "wasi:sockets/network/network": crate::p2::sockets::Network,
        "wasi:sockets/tcp/tcp-socket": std::sync::Arc<crate::p2::sockets::TcpSocket>,
        "wasi:sockets/udp/udp-socket": crate::p2::sockets::UdpSocket,
        "wasi:sockets/udp/incoming-datagram-stream": crate::p2::sockets::Incoming,
        "wasi:sockets/udp/outgoing-datagram-stream": crate::p2::sockets::Outgoing,
        "wasi:sockets/ip-name-lookup/resolve-address-stream": crate::p2::sockets::Addresses,
    },
    returns: {
        "wasi:io/streams.[method]input-stream.read": crate::p2::streams::Read,
        "wasi:io/streams.[method]input-stream.blocking-read": crate::p2::streams::Read,
        "wasi:filesystem/types.[method]descriptor.read": crate::p2::filesystem::ReadAt,
        // What they are by themselves: their room is used again when the guest has them.
        "wasi:filesystem/types.[method]directory-entry-stream.read-directory-entry":
            crate::p2::filesystem::NextEntry,
        "wasi:random/random.get-random-bytes": Vec<u8>,
    },
    waits: [
        "wasi:io/poll.[method]pollable.block",
        "wasi:io/poll.poll",
        "wasi:filesystem/types.[method]descriptor.link-at",
        "wasi:filesystem/types.[method]descriptor.open-at",
        "wasi:filesystem/types.[method]descriptor.read",
        "wasi:filesystem/types.[method]descriptor.rename-at",
        "wasi:filesystem/types.[method]descriptor.set-times",
        "wasi:filesystem/types.[method]descriptor.set-times-at",
        "wasi:io/streams.[method]input-stream.blocking-read",
        "wasi:io/streams.[method]input-stream.blocking-skip",
        "wasi:io/streams.[method]output-stream.blocking-write-and-flush",
        "wasi:io/streams.[method]output-stream.blocking-flush",
        "wasi:io/streams.[method]output-stream.blocking-write-zeroes-and-flush",
        "wasi:io/streams.[method]output-stream.blocking-splice",
    ],
}
