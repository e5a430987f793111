//! The rows of a view's table, on several threads: each reads a share, and what they found is put together.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use arrow::array::{Array as _, ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow::datatypes::DataType;
use forebay_lake::{Comparison, Operator, RowCount, ScanOptions, Shard};

use super::budget;
use super::error::Error;
use super::plan::{Plan, ViewPlan};
use super::progress::Steps;
use super::spine_rows::{MAX_BYTES, MAX_ROWS, column, sound};
use super::tables::Source;
use super::watching::{observe, watch};
use crate::expectations::watch::Watch;
use crate::join::casts;
use crate::join::side::{FeatureRows, Holding, Order};
use crate::join::times::{self, Rounding};
use crate::model::entity::Key;

/// Bits of the number of a row within its share; those above are the share, so that numbers are in the order of the table.
const ROW_BITS: u32 = 48;

/// Rows that are looked at to know how wide they are.
const FEW_ROWS: u64 = 1_024;

/// A view and its table.
pub(crate) struct View<'a> {
    pub(crate) plan: &'a ViewPlan,
    pub(crate) keys: &'a [Key],
    pub(crate) source: &'a Source,
    /// For what is seen of its rows and does not fit into memory.
    spill_folder: &'a Path,
}

/// What is seen of a share.
pub(crate) struct Seen {
    pub(crate) watch: Watch,
    /// Rows that have no time, and were left out.
    pub(crate) n_timeless: u64,
}

impl<'a> View<'a> {
    pub(crate) fn of(plan: &'a Plan, position: usize, source: &'a Source, spill_folder: &'a Path) -> Self {
        let view = &plan.views[position];
        View { plan: view, keys: &plan.keys[view.keys], source, spill_folder }
    }

    pub(crate) fn name(&self) -> &'a str {
        self.plan.view.name.as_str()
    }

    /// The types of the features that are needed.
    pub(crate) fn kinds(&self) -> Vec<DataType> {
        self.plan.features[..self.plan.n_needed].iter().map(|feature| feature.kind.arrow()).collect()
    }

    /// About how many bytes the features of a row have, from the first ones.
    pub(crate) fn width(&self) -> Result<u64, Error> {
        let told = budget::width(&self.kinds());
        let options = ScanOptions { limit: Some(FEW_ROWS), ..options(self.plan.columns(), Vec::new()) };
        let Some(rows) = self.source.table.scan(Shard::ALL, &options)?.next() else { return Ok(told) };
        let rows = self.rows(&sound(self.source, rows?)?, 1)?;
        let needed = &rows.features[..self.plan.n_needed];
        let n_bytes = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(0);
        let n_bytes: usize = needed.iter().map(n_bytes).sum();
        Ok(told.max((n_bytes / rows.event.len().max(1)) as u64))
    }

    /// How many rows its table has.
    pub(crate) fn n_rows(&self) -> Option<u64> {
        match self.source.table.n_rows(Shard::ALL) {
            RowCount::Exact(n_rows) => Some(n_rows),
            RowCount::About(_) | RowCount::Unknown => None,
        }
    }

    /// Reads what may matter to a spine with such times, as `n_shares` shares at the same time, each by its own `pass`.
    pub(crate) fn read<T: Send>(
        &self,
        range: Option<(i64, i64)>,
        steps: &Steps<'_>,
        passes: Vec<T>,
        pass: impl Fn(&mut T, FeatureRows) -> Result<(), Error> + Sync,
    ) -> Result<(Vec<T>, Seen), Error> {
        let of = u32::try_from(passes.len()).unwrap_or(u32::MAX);
        let one = |mut state: T, number: u32| -> Result<(T, Seen), Error> {
            let seen =
                self.read_share(Shard { number, of }, range, steps, &mut |rows| pass(&mut state, rows));
            if seen.is_err() {
                steps.fail();
            }
            Ok((state, seen?))
        };
        let one = &one;
        let ended = thread::scope(|scope| {
            let start = |(state, number)| scope.spawn(move || one(state, number));
            let threads: Vec<_> = passes.into_iter().zip(1..).map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Lost))).collect::<Vec<_>>()
        });
        let mut all = Seen { watch: watch(&self.plan.view, self.spill_folder), n_timeless: 0 };
        let mut states = Vec::new();
        for (state, seen) in unbroken(ended)? {
            states.push(state);
            all.watch.merge(seen.watch)?;
            all.n_timeless += seen.n_timeless;
        }
        Ok((states, all))
    }

    fn read_share(
        &self,
        shard: Shard,
        range: Option<(i64, i64)>,
        steps: &Steps<'_>,
        pass: &mut dyn FnMut(FeatureRows) -> Result<(), Error>,
    ) -> Result<Seen, Error> {
        let predicate = self.predicate(range)?;
        let n_timeless = if predicate.is_empty() { 0 } else { self.n_timeless(shard)? };
        let mut seen = Seen { watch: watch(&self.plan.view, self.spill_folder), n_timeless };
        let is_watched = !self.plan.view.expectations.is_empty();
        let options = options(self.plan.columns(), predicate);
        let mut next = (u64::from(shard.number) << ROW_BITS) + 1;
        for rows in self.source.table.scan_for_thread(shard, &options)? {
            let mut rows = self.rows(&sound(self.source, rows?)?, next)?;
            steps.done(rows.event.len())?;
            next += rows.event.len() as u64;
            if is_watched {
                observe(&mut seen.watch, self, &rows)?;
            }
            rows.features.truncate(self.plan.n_needed);
            pass(rows)?;
        }
        Ok(seen)
    }

    /// What no row can matter without: its event is no later than the spine, and no row of the spine finds it too old.
    fn predicate(&self, range: Option<(i64, i64)>) -> Result<Vec<Comparison>, Error> {
        let Some((first, last)) = range.filter(|_| self.source.has_statistics()) else {
            return Ok(Vec::new());
        };
        let name = self.plan.view.holds.event_time();
        let kind = self.source.column(name)?;
        let compared = |operator, value: Option<ArrayRef>| {
            value.map(|value| Comparison { column: name.to_owned(), operator, value })
        };
        let last = compared(Operator::LessOrEqual, times::at_most(&kind, last));
        let first = match self.plan.rules.holds {
            Holding::Since { ttl: Some(ttl) } => {
                compared(Operator::GreaterOrEqual, times::at_least(&kind, first.saturating_sub(ttl)))
            }
            Holding::Since { ttl: None } | Holding::Between => None,
        };
        Ok(last.into_iter().chain(first).collect())
    }

    /// Rows that a comparison of times leaves out because they have none.
    fn n_timeless(&self, shard: Shard) -> Result<u64, Error> {
        let name = self.plan.view.holds.event_time();
        let field = self.source.schema().field_with_name(name);
        if field.is_ok_and(|field| !field.is_nullable()) {
            return Ok(0);
        }
        let value: ArrayRef = Arc::new(BooleanArray::new_null(1));
        let nothing = Comparison { column: name.to_owned(), operator: Operator::Null, value };
        let rows =
            self.source.table.scan_for_thread(shard, &options(vec![name.to_owned()], vec![nothing]))?;
        rows.map(|rows| Ok(rows?.batch.num_rows() as u64)).sum()
    }

    /// Rows in the types of the join.
    fn rows(&self, batch: &RecordBatch, first: u64) -> Result<FeatureRows, Error> {
        let plan = self.plan;
        let at = Error::of(&self.source.uri);
        let column = |name: &str| column(self.source, batch, name);
        let time = |name: &String| -> Result<Int64Array, Error> {
            times::micros(name, column(name)?, Rounding::Up).map_err(&at)
        };
        let mut keys = Vec::with_capacity(self.keys.len());
        for (key, name) in self.keys.iter().zip(&plan.key_columns) {
            keys.push(casts::key(name, column(name)?, &key.kind).map_err(&at)?);
        }
        let mut features = Vec::with_capacity(plan.features.len());
        for feature in &plan.features {
            let values = column(&feature.column)?;
            features.push(casts::feature(&feature.column, values, &feature.kind).map_err(&at)?);
        }
        Ok(FeatureRows {
            keys,
            event: time(&plan.view.holds.event_time().to_owned())?,
            until: plan.until.as_ref().map(time).transpose()?,
            created: plan.view.created_time.as_ref().map(time).transpose()?,
            features,
            order: Order::From(first),
        })
    }
}

fn options(columns: Vec<String>, predicate: Vec<Comparison>) -> ScanOptions {
    ScanOptions { columns, max_rows: MAX_ROWS, max_bytes: MAX_BYTES, predicate, skip_rows: 0, limit: None }
}

/// What all threads gave. An error of one is told before those of threads that only ended because of it.
pub(crate) fn unbroken<T>(ended: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    let mut given = Vec::with_capacity(ended.len());
    let mut failed = None;
    for one in ended {
        match (one, &failed) {
            (Ok(one), _) => given.push(one),
            (Err(error), None | Some(Error::Cancelled)) => failed = Some(error),
            (Err(_), Some(_)) => {}
        }
    }
    failed.map_or(Ok(given), Err)
}
