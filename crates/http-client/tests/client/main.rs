//! The client against servers on this machine.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod bodies;
mod connections;
mod failures;
mod messages;
mod server;
mod tls;

use http::{Request, Response};
use http_body_util::BodyExt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use wayleave_http_client::{HyperClient, Settings};
use wayleave_system::http::{
    Body, Client, Coming, Destination, ErrorCode, Options, Policy, Taken, empty,
};
use wayleave_system::net::Naming;
use wayleave_system::wait::Interest;

/// A policy of one question: the address is `None` before it is known.
struct Rule<F>(F);

impl<F> Policy for Rule<F>
where
    F: Fn(&str, u16, Option<SocketAddr>) -> bool + Send + Sync,
{
    fn host(&self, to: &Destination<'_>) -> Naming {
        if (self.0)(to.host, to.port, None) { Naming::Ask } else { Naming::Refused }
    }

    fn route(&self, to: &Destination<'_>, address: IpAddr) -> Option<SocketAddr> {
        let address = SocketAddr::new(address, to.port);
        (self.0)(to.host, to.port, Some(address)).then_some(address)
    }
}

fn anywhere() -> Arc<dyn Policy> {
    Arc::new(Rule(|_: &str, _, _| true))
}

fn client() -> HyperClient {
    HyperClient::new(anywhere(), Settings::default())
}

/// What somebody waits for who has no runtime: a guest's thread.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

type Outcome = Result<Response<Body>, ErrorCode>;

fn wait(pending: &Arc<dyn Coming>) -> Outcome {
    block_on(std::future::poll_fn(|context| pending.poll_ready(Interest::Read, context)));
    match pending.take() {
        Taken::Now(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn send(client: &HyperClient, request: Request<Body>) -> Outcome {
    wait(&client.send(request, Options::default()))
}

fn get(uri: impl AsRef<str>) -> Request<Body> {
    Request::get(uri.as_ref()).body(empty()).unwrap()
}

fn text(body: Body) -> Result<String, ErrorCode> {
    let body = block_on(body.collect())?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

/// Looks again and again, until it is so.
fn eventually(what: &str, so: impl Fn() -> bool) {
    for _ in 0..500 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within 5 seconds");
}

/// Never ends.
fn never() -> impl Future<Output = ()> {
    std::future::poll_fn(|_| Poll::Pending)
}
