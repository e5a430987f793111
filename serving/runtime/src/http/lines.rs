//! Newline-delimited JSON: rows in and predictions out, while rows still come.
//!
//! What has arrived when the last rows were answered is scored next, so that a slow stream is answered row by row and a
//! fast one in large batches. Nothing is read that was not asked for: a caller that does not take its answers is not
//! read from either, and a full queue makes it wait.

use std::io;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt as _, stream};
use http_body_util::BodyExt as _;

use crate::model::batch::Batch;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::protocols::ndjson::{CONTENT_TYPES, Lines, Scorable, encode_error, encode_scored};
use crate::queue::error::ScoreError;
use crate::served::Models;
use crate::served::model::ServedModel;

/// Rows that are scored together at most.
const MAX_ROWS: usize = 1_024;

/// The longest line, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// How long to wait until a full queue is asked again.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether a request is one of lines.
pub(super) fn are_asked(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    CONTENT_TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// Answers a line for each; `patience` is for each batch of rows.
pub(super) fn answer(models: Models, name: String, patience: Duration, body: Body) -> Response {
    let rows =
        Rows { models, name, patience, body, rest: Vec::new(), n_lines: 0, has_ended: false, is_over: false };
    let pieces = stream::unfold(rows, |mut rows| async move {
        let piece = rows.next().await?;
        Some((Ok::<Bytes, io::Error>(piece), rows))
    });
    ([(CONTENT_TYPE, CONTENT_TYPES[0])], Body::from_stream(pieces)).into_response()
}

/// A request of lines that is under way.
struct Rows {
    models: Models,
    /// Of the model, which may be replaced while rows come.
    name: String,
    patience: Duration,
    body: Body,
    /// What came after the last end of a line.
    rest: Vec<u8>,
    /// Lines that were answered.
    n_lines: u64,
    /// Nothing more comes.
    has_ended: bool,
    /// All is answered.
    is_over: bool,
}

impl Rows {
    /// The next piece of the answer; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.is_over {
                return None;
            }
            self.gather().await;
            let model = match self.models.find(&self.name) {
                Ok(model) => model,
                Err(gone) => {
                    self.is_over = true;
                    let mut out = Vec::new();
                    encode_error(self.n_lines, &gone.to_string(), &mut out);
                    return Some(out.into());
                }
            };
            let mut lines = Lines::from_line(&model.decoder, self.n_lines);
            let end = end_of(&self.rest, MAX_ROWS.min(model.interface.max_rows));
            let used = lines.push_all(&self.rest[..end]);
            self.rest.drain(..used);
            if self.has_ended && used == 0 && !self.rest.is_empty() {
                lines.push(&std::mem::take(&mut self.rest));
            }
            self.is_over = self.has_ended && self.rest.is_empty();
            self.n_lines = lines.next_line();
            let gathered = lines.take();
            let mut out = self.score(&model, gathered).await;
            if self.rest.len() > MAX_LINE {
                encode_error(self.n_lines, &format!("the line is longer than {MAX_LINE} bytes"), &mut out);
                self.is_over = true;
            }
            if !out.is_empty() {
                return Some(out.into());
            }
        }
    }

    /// Reads until there is a whole line, and then whatever has come already.
    async fn gather(&mut self) {
        let mut n_ends = memchr::memchr_iter(b'\n', &self.rest).count();
        while n_ends == 0 && self.rest.len() <= MAX_LINE && !self.has_ended {
            let frame = tokio::select! {
                frame = self.body.frame() => frame,
                // What has come is answered, and nothing more is waited for.
                () = self.models.stopped() => None,
            };
            n_ends += self.take(frame);
        }
        while n_ends < MAX_ROWS
            && self.rest.len() <= MAX_LINE
            && !self.has_ended
            && let Some(frame) = self.body.frame().now_or_never()
        {
            n_ends += self.take(frame);
        }
    }

    /// Keeps a piece of the body, and returns how many lines it ends.
    fn take(&mut self, frame: Option<Result<http_body::Frame<Bytes>, axum::Error>>) -> usize {
        // A caller that broke off gets no answer anyway.
        let Some(Ok(frame)) = frame else {
            self.has_ended = true;
            return 0;
        };
        let Ok(piece) = frame.into_data() else { return 0 };
        self.rest.extend_from_slice(&piece);
        memchr::memchr_iter(b'\n', &piece).count()
    }

    /// Scores the good rows; where the model does not take them, in halves, so that a bad one costs only itself.
    async fn score(&mut self, model: &ServedModel, gathered: Scorable) -> Vec<u8> {
        let Scorable { batch, line_numbers, mut rejected } = gathered;
        let mut scored = Vec::new();
        let mut waiting: Vec<(Batch, &[u64])> =
            batch.map(|batch| (batch, line_numbers.as_slice())).into_iter().collect();
        while let Some((batch, numbers)) = waiting.pop() {
            match self.score_with_room(model, batch.clone()).await {
                Ok(predictions) => scored.push((predictions, numbers)),
                Err(ScoreError::Engine(_)) if numbers.len() > 1 => {
                    let (first, second) = numbers.split_at(numbers.len() / 2);
                    waiting.push((batch.slice(first.len(), second.len()), second));
                    waiting.push((batch.slice(0, first.len()), first));
                }
                Err(error) => rejected.extend(numbers.iter().map(|number| (*number, error.to_string()))),
            }
        }
        rejected.sort_unstable_by_key(|(number, _)| *number);
        let mut out = Vec::new();
        encode_scored(&scored, &rejected, &mut out);
        out
    }

    /// Scores, and waits while the queue is full: the caller is made to wait, too, and sends no more meanwhile.
    async fn score_with_room(
        &mut self,
        model: &ServedModel,
        batch: Batch,
    ) -> Result<Predictions, ScoreError> {
        let started = Instant::now();
        loop {
            let left = self.patience.saturating_sub(started.elapsed());
            match model.score(batch.clone(), Params::default(), left).await {
                Err(ScoreError::Full { .. }) if !left.is_zero() => tokio::time::sleep(PAUSE).await,
                scored => return scored.map(|scored| scored.predictions),
            }
        }
    }
}

/// Where the first lines end, so many at most.
fn end_of(bytes: &[u8], n_lines: usize) -> usize {
    let mut ends = memchr::memchr_iter(b'\n', bytes);
    ends.nth(n_lines.saturating_sub(1)).map_or(bytes.len(), |end| end + 1)
}
