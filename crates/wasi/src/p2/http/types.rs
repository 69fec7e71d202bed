//! `wasi:http/types`: what its functions do with the guest's handles.

use super::Http;
use super::bindings::wasi::http::types::{self, ErrorCode, HeaderError, Method, Scheme};
use super::fields::{self, Fields, Name, Refusal, Value};
use super::handler::FutureResponse;
use super::incoming_body::{FutureTrailers, IncomingBody, check_ended};
use super::incoming_request::IncomingRequest;
use super::incoming_response::IncomingResponse;
use super::outgoing_body::OutgoingBody;
use super::outgoing_request::OutgoingRequest;
use super::outgoing_response::OutgoingResponse;
use super::outparam::ResponseOutparam;
use super::request_options::{RequestOptions, duration, nanoseconds};
use crate::p2::Host;
use crate::p2::error::IoError;
use crate::p2::poll::Pollable;
use crate::p2::streams::{InputStream, OutputStream};
use std::sync::Arc;
use wayleave_component::{Borrow, Own};
use wayleave_engine::Stop;
use wayleave_system::http::{BodyReader, Taken};
use wayleave_system::stream::{Input, Output};

/// What a function gives that can fail: its result, the error that the guest is told, or the
/// guest's end.
type Outcome<T, E = ()> = Result<Result<T, E>, Stop>;

impl Http {
    /// Changes fields, and counts what they need then.
    fn change(
        &mut self,
        this: Borrow<Fields>,
        change: impl FnOnce(&mut Fields) -> Result<(), Refusal>,
    ) -> Outcome<(), HeaderError> {
        let fields = self.fields.get_mut(this)?;
        let before = fields.size();
        let result = change(fields);
        let after = fields.size();
        self.refund(before);
        self.charge(after)?;
        told(result)
    }
}

fn told<T>(result: Result<T, Refusal>) -> Outcome<T, HeaderError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Refusal::Told(error)) => Ok(Err(error)),
        Err(Refusal::TooLarge) => Err(fields::too_large()),
    }
}

impl types::Host for Host {
    fn http_error_code(&mut self, error: Borrow<IoError>) -> Result<Option<ErrorCode>, Stop> {
        let cause = self.causes.get(error);
        let code = cause.and_then(|cause| cause.downcast_ref::<wayleave_system::http::ErrorCode>());
        Ok(code.cloned().map(ErrorCode::from))
    }

    fn fields_new(&mut self) -> Result<Own<Fields>, Stop> {
        self.http.add_fields(Fields::new())
    }

    fn fields_from_list(
        &mut self,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Outcome<Own<Fields>, HeaderError> {
        match told(Fields::from_list(entries))? {
            Ok(fields) => self.http.add_fields(fields).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    fn fields_get(&mut self, this: Borrow<Fields>, name: &str) -> Result<Vec<Value>, Stop> {
        Ok(self.http.fields.get(this)?.get(name))
    }

    fn fields_has(&mut self, this: Borrow<Fields>, name: &str) -> Result<bool, Stop> {
        Ok(self.http.fields.get(this)?.has(name))
    }

    fn fields_set(
        &mut self,
        this: Borrow<Fields>,
        name: &str,
        values: Vec<Vec<u8>>,
    ) -> Outcome<(), HeaderError> {
        self.http.change(this, |fields| fields.set(name, values))
    }

    fn fields_delete(&mut self, this: Borrow<Fields>, name: &str) -> Outcome<(), HeaderError> {
        self.http.change(this, |fields| fields.delete(name))
    }

    fn fields_append(
        &mut self,
        this: Borrow<Fields>,
        name: &str,
        value: &[u8],
    ) -> Outcome<(), HeaderError> {
        self.http.change(this, |fields| fields.append(name, value))
    }

    fn fields_entries(&mut self, this: Borrow<Fields>) -> Result<Vec<(Name, Value)>, Stop> {
        Ok(self.http.fields.get(this)?.entries())
    }

    fn fields_clone(&mut self, this: Borrow<Fields>) -> Result<Own<Fields>, Stop> {
        let copy = self.http.fields.get(this)?.copy();
        self.http.add_fields(copy)
    }

    fn fields_drop(&mut self, this: Own<Fields>) -> Result<(), Stop> {
        let fields = self.http.fields.remove(&this)?;
        self.http.refund(fields.size());
        Ok(())
    }

    fn incoming_request_method(&mut self, this: Borrow<IncomingRequest>) -> Result<Method, Stop> {
        Ok(self.http.incoming_requests.get(this)?.method())
    }

    fn incoming_request_path_with_query(
        &mut self,
        this: Borrow<IncomingRequest>,
    ) -> Result<Option<String>, Stop> {
        Ok(self.http.incoming_requests.get(this)?.path_with_query())
    }

    fn incoming_request_scheme(
        &mut self,
        this: Borrow<IncomingRequest>,
    ) -> Result<Option<Scheme>, Stop> {
        Ok(Some(self.http.incoming_requests.get(this)?.scheme()))
    }

    fn incoming_request_authority(
        &mut self,
        this: Borrow<IncomingRequest>,
    ) -> Result<Option<String>, Stop> {
        Ok(self.http.incoming_requests.get(this)?.authority())
    }

    fn incoming_request_headers(
        &mut self,
        this: Borrow<IncomingRequest>,
    ) -> Result<Own<Fields>, Stop> {
        let headers = self.http.incoming_requests.get_mut(this)?.headers();
        self.http.add_fields(headers)
    }

    fn incoming_request_consume(
        &mut self,
        this: Borrow<IncomingRequest>,
    ) -> Outcome<Own<IncomingBody>> {
        match self.http.incoming_requests.get_mut(this)?.consume() {
            Some(body) => self.http.incoming_bodies.add_or_trap(BodyReader::new(body)).map(Ok),
            None => Ok(Err(())),
        }
    }

    fn incoming_request_drop(&mut self, this: Own<IncomingRequest>) -> Result<(), Stop> {
        self.http.incoming_requests.remove(&this).map(drop)
    }

    fn outgoing_request_new(&mut self, headers: Own<Fields>) -> Result<Own<OutgoingRequest>, Stop> {
        let headers = self.http.fields.remove(&headers)?;
        self.http.outgoing_requests.add_or_trap(OutgoingRequest::new(headers))
    }

    fn outgoing_request_body(
        &mut self,
        this: Borrow<OutgoingRequest>,
    ) -> Outcome<Own<OutgoingBody>> {
        match self.http.outgoing_requests.get_mut(this)?.body() {
            Ok(body) => self.http.outgoing_bodies.add_or_trap(body).map(Ok),
            Err(()) => Ok(Err(())),
        }
    }

    fn outgoing_request_method(&mut self, this: Borrow<OutgoingRequest>) -> Result<Method, Stop> {
        Ok(self.http.outgoing_requests.get(this)?.method())
    }

    fn outgoing_request_set_method(
        &mut self,
        this: Borrow<OutgoingRequest>,
        method: Method,
    ) -> Outcome<()> {
        Ok(self.http.outgoing_requests.get_mut(this)?.set_method(&method))
    }

    fn outgoing_request_path_with_query(
        &mut self,
        this: Borrow<OutgoingRequest>,
    ) -> Result<Option<String>, Stop> {
        Ok(self.http.outgoing_requests.get(this)?.path_with_query())
    }

    fn outgoing_request_set_path_with_query(
        &mut self,
        this: Borrow<OutgoingRequest>,
        path_with_query: Option<String>,
    ) -> Outcome<()> {
        Ok(self.http.outgoing_requests.get_mut(this)?.set_path_with_query(path_with_query))
    }

    fn outgoing_request_scheme(
        &mut self,
        this: Borrow<OutgoingRequest>,
    ) -> Result<Option<Scheme>, Stop> {
        Ok(self.http.outgoing_requests.get(this)?.scheme())
    }

    fn outgoing_request_set_scheme(
        &mut self,
        this: Borrow<OutgoingRequest>,
        scheme: Option<Scheme>,
    ) -> Outcome<()> {
        Ok(self.http.outgoing_requests.get_mut(this)?.set_scheme(scheme.as_ref()))
    }

    fn outgoing_request_authority(
        &mut self,
        this: Borrow<OutgoingRequest>,
    ) -> Result<Option<String>, Stop> {
        Ok(self.http.outgoing_requests.get(this)?.authority())
    }

    fn outgoing_request_set_authority(
        &mut self,
        this: Borrow<OutgoingRequest>,
        authority: Option<String>,
    ) -> Outcome<()> {
        Ok(self.http.outgoing_requests.get_mut(this)?.set_authority(authority.as_deref()))
    }

    fn outgoing_request_headers(
        &mut self,
        this: Borrow<OutgoingRequest>,
    ) -> Result<Own<Fields>, Stop> {
        let headers = self.http.outgoing_requests.get(this)?.headers().share();
        self.http.add_fields(headers)
    }

    fn outgoing_request_drop(&mut self, this: Own<OutgoingRequest>) -> Result<(), Stop> {
        let request = self.http.outgoing_requests.remove(&this)?;
        self.http.refund(request.headers().size());
        Ok(())
    }

    fn request_options_new(&mut self) -> Result<Own<RequestOptions>, Stop> {
        self.http.options.add_or_trap(RequestOptions::default())
    }

    fn request_options_connect_timeout(
        &mut self,
        this: Borrow<RequestOptions>,
    ) -> Result<Option<u64>, Stop> {
        Ok(nanoseconds(self.http.options.get(this)?.0.connect_timeout))
    }

    fn request_options_set_connect_timeout(
        &mut self,
        this: Borrow<RequestOptions>,
        time: Option<u64>,
    ) -> Outcome<()> {
        self.http.options.get_mut(this)?.0.connect_timeout = duration(time);
        Ok(Ok(()))
    }

    fn request_options_first_byte_timeout(
        &mut self,
        this: Borrow<RequestOptions>,
    ) -> Result<Option<u64>, Stop> {
        Ok(nanoseconds(self.http.options.get(this)?.0.first_byte_timeout))
    }

    fn request_options_set_first_byte_timeout(
        &mut self,
        this: Borrow<RequestOptions>,
        time: Option<u64>,
    ) -> Outcome<()> {
        self.http.options.get_mut(this)?.0.first_byte_timeout = duration(time);
        Ok(Ok(()))
    }

    fn request_options_between_bytes_timeout(
        &mut self,
        this: Borrow<RequestOptions>,
    ) -> Result<Option<u64>, Stop> {
        Ok(nanoseconds(self.http.options.get(this)?.0.between_bytes_timeout))
    }

    fn request_options_set_between_bytes_timeout(
        &mut self,
        this: Borrow<RequestOptions>,
        time: Option<u64>,
    ) -> Outcome<()> {
        self.http.options.get_mut(this)?.0.between_bytes_timeout = duration(time);
        Ok(Ok(()))
    }

    fn request_options_drop(&mut self, this: Own<RequestOptions>) -> Result<(), Stop> {
        self.http.options.remove(&this).map(drop)
    }

    fn response_outparam_send_informational(
        &mut self,
        this: Borrow<ResponseOutparam>,
        status: u16,
        headers: Own<Fields>,
    ) -> Outcome<(), ErrorCode> {
        let headers = self.http.fields.remove(&headers)?;
        self.http.refund(headers.size());
        let outparam = self.http.outparams.get_mut(this)?;
        Ok(outparam.inform(status, headers.into_map()).map_err(ErrorCode::from))
    }

    fn response_outparam_set(
        &mut self,
        param: Own<ResponseOutparam>,
        response: Result<Own<OutgoingResponse>, ErrorCode>,
    ) -> Result<(), Stop> {
        let outparam = self.http.outparams.remove(&param)?;
        let response = match response {
            Ok(response) => {
                let response = self.http.outgoing_responses.remove(&response)?;
                self.http.refund(response.headers().size());
                response.into_response()
            }
            Err(code) => Err(code.into()),
        };
        outparam.0.respond(response);
        Ok(())
    }

    fn response_outparam_drop(&mut self, this: Own<ResponseOutparam>) -> Result<(), Stop> {
        self.http.outparams.remove(&this).map(drop)
    }

    fn incoming_response_status(&mut self, this: Borrow<IncomingResponse>) -> Result<u16, Stop> {
        Ok(self.http.incoming_responses.get(this)?.status)
    }

    fn incoming_response_headers(
        &mut self,
        this: Borrow<IncomingResponse>,
    ) -> Result<Own<Fields>, Stop> {
        let headers = self.http.incoming_responses.get(this)?.headers.share();
        self.http.add_fields(headers)
    }

    fn incoming_response_consume(
        &mut self,
        this: Borrow<IncomingResponse>,
    ) -> Outcome<Own<IncomingBody>> {
        match self.http.incoming_responses.get_mut(this)?.body.take() {
            Some(body) => self.http.incoming_bodies.add_or_trap(BodyReader::new(body)).map(Ok),
            None => Ok(Err(())),
        }
    }

    fn incoming_response_drop(&mut self, this: Own<IncomingResponse>) -> Result<(), Stop> {
        let response = self.http.incoming_responses.remove(&this)?;
        self.http.refund(response.headers.size());
        Ok(())
    }

    fn incoming_body_stream(&mut self, this: Borrow<IncomingBody>) -> Outcome<Own<InputStream>> {
        match self.http.incoming_bodies.get_mut(this)?.stream() {
            Some(stream) => {
                let stream: Arc<dyn Input> = match &self.http.bodies {
                    Some(bodies) => bodies.stream(stream),
                    None => stream,
                };
                self.inputs.add_or_trap(InputStream::Source(stream)).map(Ok)
            }
            None => Ok(Err(())),
        }
    }

    fn incoming_body_finish(
        &mut self,
        this: Own<IncomingBody>,
    ) -> Result<Own<FutureTrailers>, Stop> {
        let body = self.http.incoming_bodies.remove(&this)?;
        check_ended(body.is_streaming())?;
        self.http.trailers.add_or_trap(FutureTrailers::new(body, self.http.bodies.as_ref()))
    }

    fn incoming_body_drop(&mut self, this: Own<IncomingBody>) -> Result<(), Stop> {
        let body = self.http.incoming_bodies.remove(&this)?;
        check_ended(body.is_streaming())
    }

    fn future_trailers_subscribe(
        &mut self,
        this: Borrow<FutureTrailers>,
    ) -> Result<Own<Pollable>, Stop> {
        let coming = self.http.trailers.get(this)?.coming.clone();
        self.pollables.add_or_trap(Pollable::Source(coming))
    }

    fn future_trailers_get(
        &mut self,
        this: Borrow<FutureTrailers>,
    ) -> Result<Option<Result<Result<Option<Own<Fields>>, ErrorCode>, ()>>, Stop> {
        let trailers = self.http.trailers.get_mut(this)?;
        if trailers.taken {
            return Ok(Some(Err(())));
        }
        let Some(result) = trailers.coming.result() else { return Ok(None) };
        trailers.taken = true;
        Ok(Some(Ok(match result {
            Ok(Some(map)) => Ok(Some(self.http.add_fields(Fields::received(map))?)),
            Ok(None) => Ok(None),
            Err(code) => Err(code.into()),
        })))
    }

    fn future_trailers_drop(&mut self, this: Own<FutureTrailers>) -> Result<(), Stop> {
        self.http.trailers.remove(&this).map(drop)
    }

    fn outgoing_response_new(
        &mut self,
        headers: Own<Fields>,
    ) -> Result<Own<OutgoingResponse>, Stop> {
        let headers = self.http.fields.remove(&headers)?;
        self.http.outgoing_responses.add_or_trap(OutgoingResponse::new(headers))
    }

    fn outgoing_response_status_code(
        &mut self,
        this: Borrow<OutgoingResponse>,
    ) -> Result<u16, Stop> {
        Ok(self.http.outgoing_responses.get(this)?.status())
    }

    fn outgoing_response_set_status_code(
        &mut self,
        this: Borrow<OutgoingResponse>,
        status_code: u16,
    ) -> Outcome<()> {
        Ok(self.http.outgoing_responses.get_mut(this)?.set_status(status_code))
    }

    fn outgoing_response_headers(
        &mut self,
        this: Borrow<OutgoingResponse>,
    ) -> Result<Own<Fields>, Stop> {
        let headers = self.http.outgoing_responses.get(this)?.headers().share();
        self.http.add_fields(headers)
    }

    fn outgoing_response_body(
        &mut self,
        this: Borrow<OutgoingResponse>,
    ) -> Outcome<Own<OutgoingBody>> {
        match self.http.outgoing_responses.get_mut(this)?.body() {
            Ok(body) => self.http.outgoing_bodies.add_or_trap(body).map(Ok),
            Err(()) => Ok(Err(())),
        }
    }

    fn outgoing_response_drop(&mut self, this: Own<OutgoingResponse>) -> Result<(), Stop> {
        let response = self.http.outgoing_responses.remove(&this)?;
        self.http.refund(response.headers().size());
        Ok(())
    }

    fn outgoing_body_write(&mut self, this: Borrow<OutgoingBody>) -> Outcome<Own<OutputStream>> {
        match self.http.outgoing_bodies.get_mut(this)?.sink() {
            Some(sink) => {
                let sink: Arc<dyn Output> = match &self.http.bodies {
                    Some(bodies) => bodies.sink(sink),
                    None => sink,
                };
                self.outputs.add_or_trap(OutputStream::sink(sink)).map(Ok)
            }
            None => Ok(Err(())),
        }
    }

    fn outgoing_body_finish(
        &mut self,
        this: Own<OutgoingBody>,
        trailers: Option<Own<Fields>>,
    ) -> Outcome<(), ErrorCode> {
        let body = self.http.outgoing_bodies.remove(&this)?;
        check_ended(body.is_streaming())?;
        let trailers = match trailers {
            Some(trailers) => {
                let trailers = self.http.fields.remove(&trailers)?;
                self.http.refund(trailers.size());
                Some(trailers.into_map())
            }
            None => None,
        };
        let finished = match &self.http.bodies {
            Some(bodies) => bodies.finish(body, trailers),
            None => body.finish(trailers),
        };
        Ok(finished.map_err(ErrorCode::from))
    }

    fn outgoing_body_drop(&mut self, this: Own<OutgoingBody>) -> Result<(), Stop> {
        let body = self.http.outgoing_bodies.remove(&this)?;
        check_ended(body.is_streaming())
    }

    fn future_incoming_response_subscribe(
        &mut self,
        this: Borrow<FutureResponse>,
    ) -> Result<Own<Pollable>, Stop> {
        let pending = self.http.responses_to_come.get(this)?.0.clone();
        self.pollables.add_or_trap(Pollable::Source(pending))
    }

    fn future_incoming_response_get(
        &mut self,
        this: Borrow<FutureResponse>,
    ) -> Result<Option<Result<Result<Own<IncomingResponse>, ErrorCode>, ()>>, Stop> {
        Ok(match self.http.responses_to_come.get(this)?.0.take() {
            Taken::NotYet => None,
            Taken::Before => Some(Err(())),
            Taken::Now(Err(code)) => Some(Ok(Err(code.into()))),
            Taken::Now(Ok(response)) => {
                let response = IncomingResponse::new(response);
                self.http.charge(response.headers.size())?;
                Some(Ok(Ok(self.http.incoming_responses.add_or_trap(response)?)))
            }
        })
    }

    fn future_incoming_response_drop(&mut self, this: Own<FutureResponse>) -> Result<(), Stop> {
        self.http.responses_to_come.remove(&this).map(drop)
    }
}
