//! One batch on its way through a session: piece by piece, until the last or until it is cancelled.

use std::sync::Arc;
use std::time::Instant;

use ort::session::{RunOptions, Session, SessionInputs, SessionOutputs};

use super::inputs::Feed;
use super::outputs::Outputs;
use super::pace::Pace;
use super::pieces::Piece;
use super::session::one_line;
use crate::engines::EngineError;
use crate::engines::cancellation::Cancellation;

/// A batch that is scored.
pub(super) struct Run<'a> {
    pub(super) session: &'a mut Session,
    pub(super) options: Arc<RunOptions>,
    pub(super) feeds: Vec<Feed<'a>>,
    pub(super) outputs: Outputs<'a>,
}

/// Options of a run that ends when it is cancelled: the library looks between the nodes of a graph, those of its loops too,
/// and begins no run that has been ended.
pub(super) fn options(cancellation: &Cancellation) -> Result<Arc<RunOptions>, EngineError> {
    let options = Arc::new(RunOptions::new().map_err(|error| failed(&error))?);
    let ended = Arc::clone(&options);
    // A run that cannot be ended goes on to its own end.
    cancellation.stop_with(move || drop(ended.terminate()));
    Ok(options)
}

impl Run<'_> {
    /// All rows, in pieces of the length that is fastest.
    pub(super) fn at_pace(&mut self, pace: &mut Pace, n_rows: usize) -> Result<(), EngineError> {
        let mut start = 0;
        loop {
            let n_next = pace.next(n_rows - start);
            let begun = Instant::now();
            self.piece(Piece { start, n_rows: n_next, n_padded: n_next.max(1) })?;
            pace.record(n_next, begun.elapsed());
            start += n_next;
            if start >= n_rows {
                return Ok(());
            }
        }
    }

    /// All rows, in pieces of the only length that the model takes.
    pub(super) fn in_fixed(&mut self, n_fixed: usize, n_rows: usize) -> Result<(), EngineError> {
        for start in (0..n_rows.max(1)).step_by(n_fixed) {
            self.piece(Piece { start, n_rows: n_fixed.min(n_rows - start), n_padded: n_fixed })?;
        }
        Ok(())
    }

    /// Some rows.
    pub(super) fn piece(&mut self, piece: Piece) -> Result<(), EngineError> {
        let scored = run(self.session, &self.options, &self.feeds, Some(piece))?;
        self.outputs.append_rows(&scored, piece.n_rows, piece.n_padded)
    }

    /// What has no rows.
    pub(super) fn whole(&mut self) -> Result<(), EngineError> {
        let scored = run(self.session, &self.options, &self.feeds, None)?;
        self.outputs.append_all(&scored)
    }
}

fn run<'r>(
    session: &'r mut Session,
    options: &'r RunOptions,
    feeds: &[Feed<'_>],
    piece: Option<Piece>,
) -> Result<SessionOutputs<'r>, EngineError> {
    let values = feeds.iter().map(|feed| feed.value(piece)).collect::<Result<Vec<_>, _>>()?;
    let inputs = SessionInputs::<0>::ValueSlice(&values);
    session.run_with_options(inputs, options).map_err(|error| failed(&error))
}

/// What the library refuses is the caller's mistake: a shape that the model's file does not tell, or a value such as an
/// index beyond a table.
fn failed(error: &ort::Error) -> EngineError {
    match error.code() {
        ort::ErrorCode::InvalidArgument => {
            EngineError::Invalid(format!("the model refuses it: {}", one_line(error)))
        }
        _ => EngineError::Failed(one_line(error)),
    }
}
