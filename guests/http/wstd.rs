//! Answers requests as the crate wstd has it: an async function.
//!
//! `/echo` sends the body back as it comes, `/later` answers after 50 ms.

use wstd::http::{Body, Request, Response, Result, StatusCode};
use wstd::time::Duration;

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>> {
    match request.uri().path() {
        "/echo" => Ok(Response::new(request.into_body())),
        "/later" => {
            wstd::task::sleep(Duration::from_millis(50)).await;
            Ok(Response::new("later\n".to_owned().into()))
        }
        "/hello" => Ok(Response::new("Hello, world!\n".to_owned().into())),
        _ => Ok(Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty())?),
    }
}
