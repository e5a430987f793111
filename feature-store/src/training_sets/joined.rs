//! The features of the spine's rows, all joined: what is left is to look them up row by row.

use std::path::Path;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};

use super::budget::{self, Budget};
use super::build::Means;
use super::error::Error;
use super::feature_rows::{Seen, View};
use super::parts::{self, Divided};
use super::plan::Plan;
use super::progress::{Progress, Step, Steps};
use super::spine_rows;
use super::tables::Source;
use crate::expectations::finding::Finding;
use crate::join::counts::Counts;
use crate::join::error::JoinError;
use crate::join::matches::Matches;
use crate::join::side::Side;
use crate::join::spine::{Spine, SpineBuilder};
use crate::model::value_type::ValueType;

/// What is known of the spine after it was read for its keys and times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) n_rows: u64,
    pub(crate) n_timeless: u64,
    /// The earliest and the latest time.
    pub(crate) range: Option<(i64, i64)>,
}

/// What a build reads.
pub(crate) struct Reading<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) spine: &'a Source,
    pub(crate) views: &'a [Source],
    pub(crate) event_time: &'a str,
    pub(crate) progress: &'a dyn Progress,
    /// Where intermediate files are.
    pub(crate) spill_folder: &'a Path,
}

/// Features that are looked up for the spine's rows, in their order.
pub(crate) trait Lookup {
    /// Those of the next rows, by view, each behind the times of its row: its event, and since when it was known.
    fn next(&mut self, rows: &RecordBatch) -> Result<Vec<Vec<ArrayRef>>, Error>;

    /// What became of all rows, by view.
    fn counts(&self) -> Vec<Counts>;
}

/// All that was found for a spine.
pub(crate) struct Found<'a> {
    pub(crate) lookup: Box<dyn Lookup + 'a>,
    pub(crate) survey: Survey,
    /// What was expected and is not so, by view.
    pub(crate) findings: Vec<Vec<Finding>>,
}

/// A spine and all that was found for it, in memory.
pub(crate) struct Joined {
    /// By lists of keys.
    slots_of: Vec<Vec<u32>>,
    views: Vec<Matches>,
    /// Which list of keys each view has.
    keys_of: Vec<usize>,
    /// Rows that were looked up.
    n_done: usize,
}

impl Survey {
    fn see(&mut self, times: &Int64Array) {
        self.n_rows += times.len() as u64;
        self.n_timeless += spine_rows::n_timeless(times);
        let bounds = |range: Option<(i64, i64)>, time: i64| match range {
            None => Some((time, time)),
            Some((first, last)) => Some((time.min(first), time.max(last))),
        };
        self.range = times.iter().flatten().fold(self.range, bounds);
    }
}

impl<'a> Reading<'a> {
    /// Shows keys and times of all rows of the spine.
    pub(crate) fn survey(
        &self,
        each: &mut dyn FnMut(&RecordBatch, &Int64Array) -> Result<(), Error>,
    ) -> Result<Survey, Error> {
        let steps = Steps::new(self.progress, Step::Spine, spine_rows::n_rows(self.spine));
        let mut survey = Survey::default();
        for batch in spine_rows::read(self.spine, spine_rows::key_columns(self.plan, self.event_time))? {
            let batch = batch?;
            steps.done(batch.num_rows())?;
            let times = spine_rows::event_times(self.spine, &batch, self.event_time)?;
            survey.see(&times);
            each(&batch, &times)?;
        }
        Ok(survey)
    }

    /// The spine by each list of keys, within so many bytes.
    fn spines(&self, max_bytes: u64) -> Result<(Vec<Spine>, Survey), Error> {
        let at = Error::of(&self.spine.uri);
        let mut builders = Vec::new();
        for keys in &self.plan.keys {
            let kinds: Vec<ValueType> = keys.iter().map(|key| key.kind.clone()).collect();
            builders.push(SpineBuilder::new(&kinds).map_err(&at)?);
        }
        let survey = self.survey(&mut |batch, times| {
            for (builder, keys) in builders.iter_mut().zip(&self.plan.keys) {
                builder.push(&spine_rows::keys(self.spine, batch, keys)?, times).map_err(&at)?;
            }
            let n_bytes = builders.iter().map(SpineBuilder::n_bytes).sum();
            if n_bytes > max_bytes { Err(budget::outgrown(n_bytes)) } else { Ok(()) }
        })?;
        Ok((builders.into_iter().map(SpineBuilder::finish).collect(), survey))
    }

    pub(crate) fn view(&self, position: usize) -> View<'a> {
        View::of(self.plan, position, &self.views[position], self.spill_folder)
    }

    /// Joins all tables to the spine: in memory if they fit, and otherwise in parts, whose files are in `spill_folder`.
    pub(crate) fn join(&self, means: &Means) -> Result<Found<'a>, Error> {
        let budget = means.budget;
        if let Some(n_parts) = means.n_parts {
            return parts::join(self, budget, Divided::Into(n_parts), self.spill_folder);
        }
        let mut n_rows = spine_rows::n_rows(self.spine);
        match self.in_memory(budget, &mut n_rows) {
            Err(error) if budget::is_outgrown(&error) => {
                parts::join(self, budget, Divided::By { n_rows }, self.spill_folder)
            }
            found => found,
        }
    }

    /// Joins all tables to a spine in memory. If they do not fit, at least the rows of the spine may be counted.
    fn in_memory(&self, budget: Budget, n_rows: &mut Option<u64>) -> Result<Found<'a>, Error> {
        let (spines, survey) = self.spines(budget::limit(budget.bytes))?;
        *n_rows = Some(survey.n_rows);
        let mut left = budget.bytes.saturating_sub(spines.iter().map(Spine::n_bytes).sum());
        let keys_of: Vec<usize> = self.plan.views.iter().map(|view| view.keys).collect();
        let (mut views, mut findings) = (Vec::new(), Vec::new());
        for (position, keys) in keys_of.iter().enumerate() {
            let (matches, seen) =
                self.join_view(position, &spines[*keys], survey.range, (budget.n_threads, left))?;
            left = left.saturating_sub(matches.n_bytes());
            views.push(matches);
            findings.push(seen.watch.finish(survey.range.map(|(_, last)| last))?);
        }
        let slots_of = spines.into_iter().map(|spine| spine.slot_of).collect();
        let lookup = Box::new(Joined { slots_of, views, keys_of, n_done: 0 });
        Ok(Found { lookup, survey, findings })
    }

    /// Joins the table of a view, on so many threads within so many bytes.
    fn join_view(
        &self,
        position: usize,
        spine: &Spine,
        range: Option<(i64, i64)>,
        (n_threads, max_bytes): (u32, u64),
    ) -> Result<(Matches, Seen), Error> {
        let view = self.view(position);
        let about = budget::in_memory(&view, spine, n_threads);
        if about > max_bytes {
            return Err(budget::outgrown(about));
        }
        let limit = budget::limit(max_bytes) / u64::from(n_threads);
        let at = Error::of(&view.source.uri);
        let kinds = view.kinds();
        let sides = (0..n_threads).map(|_| Side::new(spine, view.plan.rules, &kinds).within(limit));
        let steps = Steps::new(self.progress, Step::View(view.name()), view.n_rows());
        let pass = |side: &mut Side<'_>, rows| side.take(&rows).map_err(&at);
        let (sides, seen) = view.read(range, &steps, sides.collect(), pass)?;
        let mut matches = together(sides).ok_or(Error::Lost)?.finish().map_err(&at)?;
        matches.counts.n_rows += seen.n_timeless;
        matches.counts.n_never_known += seen.n_timeless;
        Ok((matches, seen))
    }
}

/// All shares of a table as one.
pub(crate) fn together(sides: Vec<Side<'_>>) -> Option<Side<'_>> {
    sides.into_iter().reduce(|mut all, side| {
        all.merge(side);
        all
    })
}

impl Lookup for Joined {
    fn next(&mut self, rows: &RecordBatch) -> Result<Vec<Vec<ArrayRef>>, Error> {
        let rows = self.n_done..self.n_done + rows.num_rows();
        self.n_done = rows.end;
        let internal = |error: JoinError| Error::Leak(error.to_string());
        let mut values = Vec::new();
        for (view, keys) in self.views.iter_mut().zip(&self.keys_of) {
            let slots = self.slots_of[*keys].get(rows.clone());
            let slots = slots.ok_or_else(|| Error::Leak("the spine has got more rows".to_owned()))?;
            view.count(slots);
            values.push(view.values(slots).map_err(internal)?);
        }
        Ok(values)
    }

    fn counts(&self) -> Vec<Counts> {
        self.views.iter().map(|view| view.counts.clone()).collect()
    }
}
