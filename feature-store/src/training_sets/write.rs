//! The second reading of the spine: each row comes out once, in its order, with its features behind it, and is looked at before it
//! is written.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef};

use super::error::Error;
use super::joined::{Lookup, Reading, Survey};
use super::plan::{ComputedPlan, Source};
use super::progress::{Step, Steps};
use super::row_hash::RowHashes;
use super::sink::Sink;
use super::spine_rows;
use crate::expressions::compiled::Limits;
use crate::join::casts;

/// What was written.
pub(crate) struct Written {
    pub(crate) spine_rows_hash: String,
    pub(crate) rows_hash: String,
    pub(crate) views: Vec<Checked>,
    /// Nulls of each feature of the service, in its order.
    pub(crate) n_nulls: Vec<u64>,
}

/// What was seen of a view's values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The greatest time by which an event was later than its row, in microseconds; below 0 where it was earlier.
    pub(crate) max_lag_us: Option<i64>,
}

/// Rows that are written at once, before it is known how wide they are.
const FIRST_ROWS: usize = 128;

/// What is written at once.
const WRITE_BYTES: u64 = 1 << 20;

/// A set on its way.
struct Writing<'a> {
    reading: &'a Reading<'a>,
    lookup: &'a mut dyn Lookup,
    sink: SyncSender<RecordBatch>,
    schema: &'a SchemaRef,
    hashes: RowHashes,
    views: Vec<Checked>,
    n_nulls: Vec<u64>,
    /// Rows that are written.
    n_done: usize,
}

/// Batches that wait to be written.
const WAITING: usize = 2;

/// Writes all rows, on a thread of its own: what is encoded meanwhile takes as long as all else.
pub(crate) fn write(
    reading: &Reading<'_>,
    lookup: &mut dyn Lookup,
    survey: &Survey,
    schema: &SchemaRef,
    sink: &mut Sink,
) -> Result<Written, Error> {
    thread::scope(|scope| {
        let (sender, batches) = sync_channel::<RecordBatch>(WAITING);
        let writer = scope.spawn(move || batches.into_iter().try_for_each(|batch| sink.write(&batch)));
        let written = give(reading, lookup, survey, schema, sender);
        // Rows that could not be written are why others could not be given.
        writer.join().unwrap_or(Err(Error::Lost)).and(written)
    })
}

/// Gives all rows to whoever writes them.
fn give(
    reading: &Reading<'_>,
    lookup: &mut dyn Lookup,
    survey: &Survey,
    schema: &SchemaRef,
    sink: SyncSender<RecordBatch>,
) -> Result<Written, Error> {
    let steps = Steps::new(reading.progress, Step::Write, Some(survey.n_rows));
    let changed = || Error::ChangedMeanwhile(reading.spine.uri.clone());
    let mut writing = Writing::start(reading, lookup, schema, sink)?;
    let columns = writing.spine_columns();
    let (mut n_rows, mut n_at_once) = (0, FIRST_ROWS);
    for batch in spine_rows::read(reading.spine, columns)? {
        let batch = batch?;
        steps.done(batch.num_rows())?;
        n_rows += batch.num_rows() as u64;
        if n_rows > survey.n_rows {
            return Err(changed());
        }
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = batch.slice(start, n_at_once.min(batch.num_rows() - start));
            start += rows.num_rows();
            n_at_once = spine_rows::rows_within(WRITE_BYTES, &writing.write(&rows)?);
        }
    }
    if n_rows == survey.n_rows { Ok(writing.finish()) } else { Err(changed()) }
}

impl<'a> Writing<'a> {
    fn start(
        reading: &'a Reading<'a>,
        lookup: &'a mut dyn Lookup,
        schema: &'a SchemaRef,
        sink: SyncSender<RecordBatch>,
    ) -> Result<Self, Error> {
        let hashes = RowHashes::new(schema, schema.fields().len() - reading.plan.outputs.len())?;
        let views = vec![Checked::default(); reading.plan.views.len()];
        let n_nulls = vec![0; reading.plan.outputs.len()];
        Ok(Writing { reading, lookup, sink, schema, hashes, views, n_nulls, n_done: 0 })
    }

    fn spine_columns(&self) -> Vec<String> {
        let n_spine = self.schema.fields().len() - self.reading.plan.outputs.len();
        self.schema.fields()[..n_spine].iter().map(|field| field.name().clone()).collect()
    }

    /// Gives the next rows of the spine on, which come back with their features.
    fn write(&mut self, rows: &RecordBatch) -> Result<RecordBatch, Error> {
        let reading = self.reading;
        let values = self.lookup.next(rows)?;
        let times = spine_rows::event_times(reading.spine, rows, reading.event_time)?;
        for (checked, values) in self.views.iter_mut().zip(&values) {
            checked.check(&times, values)?;
        }
        self.compute(rows, &values)
    }

    /// Writes rows with these values and the features that are computed from them: by halves where those need too much room.
    fn compute(&mut self, rows: &RecordBatch, values: &[Vec<ArrayRef>]) -> Result<RecordBatch, Error> {
        if let Some(features) = features(self.reading, rows, values, self.n_done)? {
            return self.put(rows, features);
        }
        let half = rows.num_rows() / 2;
        self.compute(&rows.slice(0, half), &sliced(values, 0, half))?;
        let rest = rows.num_rows() - half;
        self.compute(&rows.slice(half, rest), &sliced(values, half, rest))
    }

    fn put(&mut self, rows: &RecordBatch, features: Vec<ArrayRef>) -> Result<RecordBatch, Error> {
        for (n_nulls, feature) in self.n_nulls.iter_mut().zip(&features) {
            *n_nulls += feature.logical_null_count() as u64;
        }
        let whole = rows.columns().iter().cloned().chain(features).collect();
        let whole = RecordBatch::try_new(Arc::clone(self.schema), whole)?;
        self.hashes.update(&whole)?;
        self.n_done += whole.num_rows();
        self.sink.send(whole.clone()).map_err(|_| Error::Lost)?;
        Ok(whole)
    }

    fn finish(self) -> Written {
        let Writing { hashes, views, n_nulls, .. } = self;
        let (spine_rows_hash, rows_hash) = hashes.finish();
        Written { spine_rows_hash, rows_hash, views, n_nulls }
    }
}

impl Checked {
    /// Refuses values from after the time of their row.
    fn check(&mut self, times: &Int64Array, values: &[ArrayRef]) -> Result<(), Error> {
        let [events, known, ..] = values else { return Ok(()) };
        let (events, known) = (events.as_primitive::<Int64Type>(), known.as_primitive::<Int64Type>());
        for row in (0..times.len()).filter(|row| events.is_valid(*row)) {
            let time = times.value(row);
            let lag = events.value(row).saturating_sub(time);
            if times.is_null(row) || lag > 0 || known.value(row) > time {
                let (event, known) = (events.value(row), known.value(row));
                let why = format!("a row of {time} has a feature of {event}, known since {known}");
                return Err(Error::Leak(why));
            }
            self.max_lag_us = self.max_lag_us.max(Some(lag));
        }
        Ok(())
    }
}

fn sliced(values: &[Vec<ArrayRef>], start: usize, n_rows: usize) -> Vec<Vec<ArrayRef>> {
    let slice = |columns: &Vec<ArrayRef>| columns.iter().map(|column| column.slice(start, n_rows)).collect();
    values.iter().map(slice).collect()
}

/// The features of the service, for rows of the spine that come behind so many others; none where there is not enough room
/// for those that are computed.
fn features(
    reading: &Reading<'_>,
    spine: &RecordBatch,
    values: &[Vec<ArrayRef>],
    n_before: usize,
) -> Result<Option<Vec<ArrayRef>>, Error> {
    let is_ended = || reading.progress.is_cancelled();
    let limits = Limits::new(&is_ended);
    let mut computed = Vec::new();
    for plan in &reading.plan.computed {
        let columns = inputs(reading, plan, spine, values)?;
        let columns = named(columns, spine.num_rows())?;
        let Some(mut found) = plan.computing.evaluate(&columns, n_before, &limits)? else { return Ok(None) };
        for (column, feature) in found.iter_mut().zip(&plan.view.features) {
            let name = feature.name.as_str();
            *column =
                casts::feature(name, column, &feature.kind).map_err(Error::of(plan.view.name.as_str()))?;
        }
        computed.push(found);
    }
    let feature = |source: &Source| match *source {
        Source::View { view, feature } => read_feature(values, view, feature),
        Source::Computed { view, feature } => Arc::clone(&computed[view][feature]),
    };
    Ok(Some(reading.plan.outputs.iter().map(feature).collect()))
}

/// Rows of these columns; there may be none, where expressions name nothing.
fn named(columns: Vec<(&str, ArrayRef)>, n_rows: usize) -> Result<RecordBatch, Error> {
    let (names, columns): (Vec<&str>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let field = |(name, column): (&&str, &ArrayRef)| Field::new(*name, column.data_type().clone(), true);
    let schema = Schema::new(names.iter().zip(&columns).map(field).collect::<Vec<_>>());
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    Ok(RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)?)
}

fn read_feature(values: &[Vec<ArrayRef>], view: usize, feature: usize) -> ArrayRef {
    Arc::clone(&values[view][crate::join::side::N_TIMES + feature])
}

/// What expressions may name: features, and columns of the spine.
fn inputs<'a>(
    reading: &Reading<'_>,
    plan: &'a ComputedPlan,
    spine: &RecordBatch,
    values: &[Vec<ArrayRef>],
) -> Result<Vec<(&'a str, ArrayRef)>, Error> {
    let mut columns = Vec::new();
    for (name, source) in &plan.inputs {
        if let Source::View { view, feature } = *source {
            columns.push((name.as_str(), read_feature(values, view, feature)));
        }
    }
    for (name, kind) in &plan.view.request {
        let name = name.as_str();
        let column = spine_rows::column(reading.spine, spine, name)?;
        columns.push((name, casts::feature(name, column, kind).map_err(Error::of(&reading.spine.uri))?));
    }
    Ok(columns)
}
