//! Evaluates an expression over a batch so that each row has the value that it would have alone.
//!
//! The engine may compute a branch for rows that do not take it, as the right side of `AND` where only some left sides
//! hold. So rows that fail together are tried by halves, down to single rows: what fails alone is the row to name. Nor
//! are so many rows evaluated together that their texts fill the memory, or that nobody could end it meanwhile.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::DataType;
use datafusion_common::DataFusionError;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Column;

use super::room;

/// What no cast may do: turn a value that does not fit into null.
const EXACT: CastOptions<'_> =
    CastOptions { safe: false, format_options: arrow::util::display::FormatOptions::new() };

/// Most rows that are evaluated at once. Constants are written out for each.
const MOST_ROWS: usize = 1_024;

/// What takes longer is done by fewer rows at once.
const SLOW: Duration = Duration::from_millis(200);

/// What takes less is done by more.
const FAST: Duration = Duration::from_millis(50);

/// How many rows of an expression are evaluated at once.
#[derive(Debug)]
pub(super) struct Pace(AtomicUsize);

impl Pace {
    pub(super) fn new() -> Self {
        Pace(AtomicUsize::new(MOST_ROWS))
    }
}

/// What an evaluation may take.
pub(crate) struct Limits<'a> {
    /// Whether somebody asked for an end, which it looks for now and then.
    pub(crate) is_ended: &'a dyn Fn() -> bool,
    /// Bytes that computed values may still have.
    pub(crate) room: Cell<usize>,
}

impl<'a> Limits<'a> {
    pub(crate) fn new(is_ended: &'a dyn Fn() -> bool) -> Self {
        Limits { is_ended, room: Cell::new(room::ROOM) }
    }

    /// Takes room for some values; none if there is not enough.
    fn take(&self, values: &ArrayRef) -> Option<()> {
        self.room.set(self.room.get().checked_sub(room::n_bytes(values))?);
        Some(())
    }
}

/// Why rows have no values.
#[derive(Debug)]
pub(super) enum Unevaluated {
    /// The first row that fails alone, and why.
    Failed(usize, DataFusionError),
    /// There is not enough room for the values of all rows; there may be for those of fewer.
    TooMuch,
    /// Somebody asked for an end.
    Ended,
}

/// The values of all rows, as `kind`.
pub(super) fn evaluate_rows(
    (expression, kind): (&dyn PhysicalExpr, &DataType),
    batch: &RecordBatch,
    pace: &Pace,
    limits: &Limits<'_>,
) -> Result<ArrayRef, Unevaluated> {
    let n_rows = batch.num_rows();
    // What is only passed on takes nothing.
    let is_made = expression.downcast_ref::<Column>().is_none();
    let mut at_once = pace.0.load(Ordering::Relaxed);
    let (mut values, mut n_done) = (Vec::new(), 0);
    while n_done < n_rows {
        if (limits.is_ended)() {
            return Err(Unevaluated::Ended);
        }
        let n_now = at_once.min(n_rows - n_done);
        let started = Instant::now();
        match evaluate(expression, &batch.slice(n_done, n_now), kind) {
            Ok(of_rows) => {
                if is_made && limits.take(&of_rows).is_none() {
                    return Err(Unevaluated::TooMuch);
                }
                values.push(of_rows);
                n_done += n_now;
                at_once = next(at_once, started.elapsed());
            }
            Err(error) if n_now == 1 => return Err(Unevaluated::Failed(n_done, error)),
            Err(_) => at_once = n_now / 2,
        }
    }
    pace.0.store(at_once, Ordering::Relaxed);
    match values.as_slice() {
        [] => Ok(new_empty_array(kind)),
        [all] => Ok(ArrayRef::clone(all)),
        several => {
            let several: Vec<&dyn Array> = several.iter().map(AsRef::as_ref).collect();
            concat(&several).map_err(|error| Unevaluated::Failed(0, error.into()))
        }
    }
}

fn next(at_once: usize, took: Duration) -> usize {
    if took > SLOW {
        (at_once / 2).max(1)
    } else if took < FAST {
        (at_once * 2).min(MOST_ROWS)
    } else {
        at_once
    }
}

fn evaluate(
    expression: &dyn PhysicalExpr,
    batch: &RecordBatch,
    kind: &DataType,
) -> Result<ArrayRef, DataFusionError> {
    room::clear();
    let values = expression.evaluate(batch)?.into_array(batch.num_rows())?;
    Ok(cast_with_options(&values, kind, &EXACT)?)
}
