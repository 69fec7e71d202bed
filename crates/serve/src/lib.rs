//! An HTTP server whose handlers are WebAssembly components (`wasi:http/incoming-handler`).
//!
//! [`Settings`] say where to listen and which [`AppSettings`] answer which hosts and paths; they are
//! built in code, or read from a manifest ([`Settings::from_manifest`]). [`Server::start`] compiles
//! the components and listens; [`Server::run`] serves until it is told to stop, and then finishes
//! what is under way.
//!
//! Each request has an instance of its own, unless an app says that its instances can answer
//! several, one after the other. Guests that wait are suspended: a thread serves thousands.

#![forbid(unsafe_code)]

mod accepting;
mod access_log;
mod admin;
mod app;
mod body;
mod connection;
mod error;
mod guest_log;
mod limited;
mod listen;
mod manifest;
mod metrics;
mod noticing;
mod patience;
mod reactor;
mod record;
mod reload;
mod request_id;
mod router;
mod running;
mod runtimes;
mod server;
mod settings;
mod tls;
mod turns;
mod unfinished;

pub use access_log::AccessLog;
pub use error::Error;
pub use listen::Address;
pub use manifest::manifest_schema;
pub use server::{Server, Stopper};
pub use settings::{AppLimits, AppSettings, Settings, TlsSettings};
