//! Answers: pretty JSON as MLflow's protobuf handlers print it, compact JSON as its newer handlers do, both in
//! ASCII.

use std::io;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;
use forebay_wire::ascii;
use serde::Serialize;

use crate::cpu::{self, LONG_BYTES};
use crate::error::ApiError;

/// 200 with the message as JSON, indented by two spaces: the answer of nearly every endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Pretty<T>(pub T);

/// 200 with the value as JSON on one line: GraphQL, `server-info` and their like.
#[derive(Debug, Clone, PartialEq)]
pub struct Compact<T>(pub T);

/// 200 with text that was already encoded: the bulk metric history, whose bare NaN is not JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded(pub Vec<u8>);

impl<T: Serialize> IntoResponse for Pretty<T> {
    fn into_response(self) -> Response {
        let mut short = Short::default();
        match serde_json::to_writer_pretty(&mut short, &self.0) {
            Err(error) if error.is_io() => {
                cpu::long(|| answer(serde_json::to_vec_pretty(&self.0).map(ascii::escape)))
            }
            written => answer(written.map(|()| ascii::escape(short.0))),
        }
    }
}

impl<T: Serialize> IntoResponse for Compact<T> {
    fn into_response(self) -> Response {
        let mut short = Short::default();
        match serde_json::to_writer(&mut short, &self.0) {
            Err(error) if error.is_io() => {
                cpu::long(|| answer(serde_json::to_vec(&self.0).map(ascii::escape)))
            }
            written => answer(written.map(|()| ascii::escape(short.0))),
        }
    }
}

impl IntoResponse for Encoded {
    fn into_response(self) -> Response {
        answer(Ok(ascii::escape(self.0)))
    }
}

fn answer(text: serde_json::Result<Vec<u8>>) -> Response {
    match text {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => ApiError::from_error(ErrorCode::InternalError, &error).into_response(),
    }
}

/// The beginning of an answer: how long it is shows only by writing it, so one that does not fit is begun again.
#[derive(Default)]
struct Short(Vec<u8>);

impl io::Write for Short {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONG_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    // What JSON is written with, a few bytes at a time.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
