//! Joining what does not fit into memory. Spine and tables are divided by a hash of the key into parts, which are joined one after the
//! other; the features of each part lie in a file in the order of its rows, so that the spine, read again, takes the next row of
//! the part that its key belongs to.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use tempfile::TempDir;

use super::budget::{self, Budget};
use super::error::Error;
use super::feature_rows::{View, unbroken};
use super::joined::{Found, Reading, Survey};
use super::progress::{Step, Steps};
use super::rejoined::{Rejoined, Results};
use super::spill::{Part, Sorter, Spill, Spilled};
use super::spilled_rows;
use super::spine_rows;
use crate::expectations::finding::Finding;
use crate::join::counts::Counts;
use crate::join::groups::{Coder, NONE};
use crate::join::matches::Matches;
use crate::join::side::{FeatureRows, Side};
use crate::join::spine::{ROW_BYTES, Spine, SpineBuilder};
use crate::model::value_type::ValueType;

/// Most files that are open at the same time, but for those of tables.
const MAX_FILES: u32 = 256;

/// Into how many parts rows are divided at least; with more, less is written at once.
const FEW_PARTS: u32 = 16;

/// Rows of a result that are written at once, before it is known how wide they are.
const FIRST_ROWS: usize = 64;

/// A build in parts.
struct Parting<'a> {
    reading: &'a Reading<'a>,
    budget: Budget,
    n_parts: u32,
    folder: &'a Path,
    /// By lists of keys.
    coders: Vec<Arc<Coder>>,
    /// About how many bytes each view needs per slot.
    slot_bytes: &'a [u64],
}

/// How many parts there are at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Divided {
    /// So many.
    Into(u32),
    /// As many as should do for so many rows of the spine, where that is known.
    By { n_rows: Option<u64> },
}

/// The results of a part, and what became of rows, by views of the list.
type Done = (PathBuf, Vec<Counts>);

/// How it ended with a part.
enum Outcome {
    Done(Done),
    TooLarge(TooLarge),
}

/// A part that does not fit.
struct TooLarge {
    /// None where they were not even counted.
    n_keys: Option<usize>,
    /// What it would need.
    bytes: u64,
}

/// Joins in parts, in as many as it takes, from what `divided` says on.
pub(crate) fn join<'a>(
    reading: &Reading<'a>,
    budget: Budget,
    divided: Divided,
    spill_folder: &Path,
) -> Result<Found<'a>, Error> {
    let mut slot_bytes = Vec::new();
    for view in 0..reading.plan.views.len() {
        let view = reading.view(view);
        slot_bytes.push(budget::slot_bytes(&view, view.width()?));
    }
    let spill_error = |source| Error::Spill { folder: spill_folder.display().to_string(), source };
    let max_parts = (MAX_FILES / u32::try_from(reading.plan.keys.len().max(1)).unwrap_or(MAX_FILES)).max(1);
    let n_parts = match divided {
        Divided::Into(n_parts) => n_parts,
        Divided::By { n_rows } => n_parts(reading, budget, &slot_bytes, n_rows),
    };
    let mut n_parts = n_parts.clamp(1, max_parts);
    loop {
        fs::create_dir_all(spill_folder).map_err(spill_error)?;
        let folder = TempDir::with_prefix_in(".forebay-join-", spill_folder).map_err(spill_error)?;
        let mut coders = Vec::new();
        for keys in &reading.plan.keys {
            let kinds: Vec<ValueType> = keys.iter().map(|key| key.kind.clone()).collect();
            coders.push(Arc::new(Coder::new(&kinds)?));
        }
        let (folder_path, slot_bytes) = (folder.path(), slot_bytes.as_slice());
        let parting = Parting { reading, budget, n_parts, folder: folder_path, coders, slot_bytes };
        let too_large = match parting.join()? {
            Ok((results, counts, survey, findings)) => {
                let lookup = Box::new(Rejoined::new(reading, results, counts, folder)?);
                return Ok(Found { lookup, survey, findings });
            }
            Err(too_large) => too_large,
        };
        if too_large.n_keys == Some(1) || n_parts == max_parts {
            let what = if too_large.n_keys == Some(1) {
                "the rows of one key"
            } else {
                "the largest part of the rows"
            };
            let bytes = budget.process_bytes(too_large.bytes);
            return Err(Error::Memory { what: what.to_owned(), bytes });
        }
        n_parts = n_parts.saturating_mul(4).min(max_parts);
    }
}

/// About how many parts it takes, if keys are no more different than usual.
fn n_parts(reading: &Reading<'_>, budget: Budget, slot_bytes: &[u64], n_rows: Option<u64>) -> u32 {
    let Some(n_rows) = n_rows else { return FEW_PARTS };
    let list = |keys: usize| {
        let of_list = reading.plan.views.iter().zip(slot_bytes).filter(|(view, _)| view.keys == keys);
        ROW_BYTES + of_list.map(|(_, bytes)| bytes).sum::<u64>()
    };
    let row_bytes = (0..reading.plan.keys.len()).map(list).max().unwrap_or_default();
    let bytes = budget::needed(n_rows.saturating_mul(row_bytes));
    let n_parts = bytes / budget.of_part().max(1) * 5 / 4;
    u32::try_from(n_parts).unwrap_or(u32::MAX).max(FEW_PARTS)
}

/// All that is found in parts.
type Parted = (Vec<Results>, Vec<Counts>, Survey, Vec<Vec<Finding>>);

impl Parting<'_> {
    fn join(&self) -> Result<Result<Parted, TooLarge>, Error> {
        let (spines, n_keyless, survey) = self.spill_spine()?;
        let n_views = self.reading.plan.views.len();
        let (mut counts, mut findings) = (vec![Counts::default(); n_views], Vec::new());
        findings.resize_with(n_views, Vec::new);
        let mut results = Vec::new();
        for (keys, spine) in spines.into_iter().enumerate() {
            let views: Vec<usize> =
                (0..n_views).filter(|view| self.reading.plan.views[*view].keys == keys).collect();
            let mut tables = Vec::new();
            for view in &views {
                counts[*view].n_missing += n_keyless[keys];
                tables.push(self.spill_view(*view, &survey, &mut counts[*view], &mut findings[*view])?);
            }
            let list = List { parting: self, keys, views: &views, spine: &spine, tables: &tables };
            let done = match list.join()? {
                Ok(done) => done,
                Err(too_large) => return Ok(Err(too_large)),
            };
            let mut paths = Vec::new();
            for (path, of_part) in done {
                paths.push(path);
                views.iter().zip(&of_part).for_each(|(view, of_part)| counts[*view].add(of_part));
            }
            spine.remove();
            tables.into_iter().for_each(Spilled::remove);
            results.push(Results { coder: Arc::clone(&self.coders[keys]), paths, views });
        }
        Ok(Ok((results, counts, survey, findings)))
    }

    /// What a thread may keep before it writes.
    fn waiting_bytes(&self) -> u64 {
        self.budget.bytes / u64::from(self.budget.n_threads) / 8
    }

    /// Divides keys and times of the spine, by each list of keys, and counts the rows of each that have no key: those are in
    /// no part, which would not fit if they were many.
    fn spill_spine(&self) -> Result<(Vec<Spilled>, Vec<u64>, Survey), Error> {
        let lists = self.reading.plan.keys.iter();
        let kinds = |keys: &Vec<crate::model::entity::Key>| {
            keys.iter().map(|key| key.kind.arrow()).chain([DataType::Int64]).collect::<Vec<_>>()
        };
        let schemas: Vec<SchemaRef> = lists.map(|keys| spilled_rows::schema(&kinds(keys))).collect();
        let mut spills = Vec::new();
        for (keys, schema) in schemas.iter().enumerate() {
            spills.push(Spill::create(self.folder, &format!("spine-{keys}"), self.n_parts, schema)?);
        }
        let max_bytes = self.waiting_bytes() / spills.len().max(1) as u64;
        let mut sorters: Vec<Sorter<'_>> = spills.iter().map(|spill| Sorter::new(spill, max_bytes)).collect();
        let mut n_keyless = vec![0; spills.len()];
        let survey = self.reading.survey(&mut |batch, times| {
            for (keys, sorter) in sorters.iter_mut().enumerate() {
                let list = &self.reading.plan.keys[keys];
                let mut columns = spine_rows::keys(self.reading.spine, batch, list)?;
                let parts = self.parts(keys, &columns)?;
                n_keyless[keys] += parts.iter().filter(|part| **part == NONE).count() as u64;
                columns.push(Arc::new(times.clone()));
                sorter.push(&RecordBatch::try_new(Arc::clone(&schemas[keys]), columns)?, &parts)?;
            }
            Ok(())
        })?;
        sorters.iter_mut().try_for_each(Sorter::flush)?;
        drop(sorters);
        let spilled = spills.into_iter().map(Spill::finish).collect::<Result<Vec<_>, _>>()?;
        Ok((spilled, n_keyless, survey))
    }

    fn parts(&self, keys: usize, columns: &[ArrayRef]) -> Result<Vec<u32>, Error> {
        let coder = &self.coders[keys];
        Ok(coder.buckets(&coder.code(columns)?, self.n_parts))
    }

    /// Divides the table of a view.
    fn spill_view(
        &self,
        position: usize,
        survey: &Survey,
        counts: &mut Counts,
        findings: &mut Vec<Finding>,
    ) -> Result<Spilled, Error> {
        let view = self.reading.view(position);
        let schema = spilled_rows::schema(&spilled_rows::kinds(&view));
        let spill = Spill::create(self.folder, &format!("view-{position}"), self.n_parts, &schema)?;
        let max_bytes = self.waiting_bytes();
        let sorters = (0..self.budget.n_threads).map(|_| Sorter::new(&spill, max_bytes)).collect();
        let steps = Steps::new(self.reading.progress, Step::View(view.name()), view.n_rows());
        let pass = |sorter: &mut Sorter<'_>, rows: FeatureRows| {
            let mut parts = self.parts(view.plan.keys, &rows.keys)?;
            // Rows without a key are counted where they are read again, and nothing of them is kept.
            parts.iter_mut().filter(|part| **part == NONE).for_each(|part| *part = 0);
            sorter.push(&RecordBatch::try_new(Arc::clone(&schema), spilled_rows::columns(rows))?, &parts)
        };
        let (mut sorters, seen) = view.read(survey.range, &steps, sorters, pass)?;
        sorters.iter_mut().try_for_each(Sorter::flush)?;
        drop(sorters);
        counts.n_rows += seen.n_timeless;
        counts.n_never_known += seen.n_timeless;
        findings.extend(seen.watch.finish(survey.range.map(|(_, last)| last))?);
        spill.finish()
    }
}

/// A list of keys with its spine and tables, all divided alike.
struct List<'a> {
    parting: &'a Parting<'a>,
    keys: usize,
    views: &'a [usize],
    spine: &'a Spilled,
    tables: &'a [Spilled],
}

impl List<'_> {
    /// Joins all parts, on all threads at once. Those that are too large for that are tried again, each alone.
    fn join(&self) -> Result<Result<Vec<Done>, TooLarge>, Error> {
        let budget = &self.parting.budget;
        let n_parts = self.parting.n_parts as usize;
        let steps = Steps::new(self.parting.reading.progress, Step::Parts, Some(n_parts as u64));
        let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let join_next = || -> Result<bool, Error> {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= n_parts {
                return Ok(false);
            }
            let outcome = self.join_part(part, budget.of_part())?;
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((part, outcome));
            steps.done(1).map(|()| true)
        };
        let work = || loop {
            match join_next() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    steps.fail();
                    return Err(error);
                }
            }
        };
        let ended: Vec<Result<(), Error>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..budget.n_threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Lost))).collect()
        });
        unbroken(ended)?;
        let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcomes.sort_by_key(|(part, _)| *part);
        let mut done = Vec::new();
        for (part, outcome) in outcomes {
            let again = match outcome {
                Outcome::TooLarge(_) => self.join_part(part, budget.bytes)?,
                outcome @ Outcome::Done(_) => outcome,
            };
            match again {
                Outcome::Done(part) => done.push(part),
                Outcome::TooLarge(too_large) => return Ok(Err(too_large)),
            }
        }
        Ok(Ok(done))
    }

    /// Joins a part within so many bytes.
    fn join_part(&self, part: usize, max_bytes: u64) -> Result<Outcome, Error> {
        let n_bytes = budget::needed(self.spine.n_rows(part) * ROW_BYTES);
        if n_bytes > max_bytes {
            return Ok(Outcome::TooLarge(TooLarge { n_keys: None, bytes: self.at_most(part, n_bytes) }));
        }
        let spine = self.read_spine(part)?;
        let (mut used, mut matches) = (spine.n_bytes(), Vec::new());
        for (view, table) in self.views.iter().zip(self.tables) {
            let view = self.parting.reading.view(*view);
            let limit = budget::limit(max_bytes.saturating_sub(used));
            match join_table(&view, table, part, &spine, limit)? {
                Ok(found) => {
                    used += found.n_bytes();
                    matches.push(found);
                }
                Err(bytes) => {
                    let bytes = used + budget::needed(bytes);
                    return Ok(Outcome::TooLarge(TooLarge { n_keys: Some(spine.n_groups()), bytes }));
                }
            }
        }
        let path = self.write(part, &spine, &mut matches)?;
        Ok(Outcome::Done((path, matches.into_iter().map(|matches| matches.counts).collect())))
    }

    /// What a part would need that was not even begun, if no two of its rows had the same key and time.
    fn at_most(&self, part: usize, spine_bytes: u64) -> u64 {
        let views = self.views.iter().map(|view| self.parting.slot_bytes[*view]);
        spine_bytes + budget::needed(self.spine.n_rows(part) * views.sum::<u64>())
    }

    fn read_spine(&self, part: usize) -> Result<Spine, Error> {
        let reading = self.parting.reading;
        let kinds: Vec<ValueType> = reading.plan.keys[self.keys].iter().map(|key| key.kind.clone()).collect();
        let at = Error::of(&reading.spine.uri);
        let mut builder = SpineBuilder::new(&kinds).map_err(&at)?;
        for batch in self.spine.read(part)? {
            let batch = batch?;
            let (keys, times) = batch.columns().split_at(kinds.len());
            builder.push(keys, times[0].as_primitive::<Int64Type>()).map_err(&at)?;
        }
        Ok(builder.finish())
    }

    /// Writes the features of all rows of a part.
    fn write(&self, part: usize, spine: &Spine, matches: &mut [Matches]) -> Result<PathBuf, Error> {
        let reading = self.parting.reading;
        let schema = spilled_rows::result_schema(reading, self.views);
        let path = self.parting.folder.join(format!("result-{}-{part}", self.keys));
        let mut file = Part::create(path, &schema)?;
        // A batch of each part is read at the same time.
        let n_files = u64::from(self.parting.n_parts) * reading.plan.keys.len() as u64;
        let max_bytes = (self.parting.budget.bytes / 4 / n_files).min(1 << 20);
        let (mut slots_left, mut n_at_once) = (spine.slot_of.as_slice(), FIRST_ROWS);
        while !slots_left.is_empty() {
            let (slots, rest) = slots_left.split_at(n_at_once.min(slots_left.len()));
            slots_left = rest;
            let mut columns = Vec::new();
            for matches in matches.iter_mut() {
                matches.count(slots);
                columns.extend(matches.values(slots).map_err(Error::of(&reading.spine.uri))?);
            }
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
            n_at_once = spine_rows::rows_within(max_bytes, &batch);
            file.write(&batch)?;
        }
        file.finish()
    }
}

/// Joins the rows of a table that are in a part; what would be needed, where that is too much.
fn join_table(
    view: &View<'_>,
    table: &Spilled,
    part: usize,
    spine: &Spine,
    max_bytes: u64,
) -> Result<Result<Matches, u64>, Error> {
    let mut side = Side::new(spine, view.plan.rules, &view.kinds()).within(max_bytes);
    if side.n_bytes() > max_bytes {
        return Ok(Err(side.at_most()));
    }
    for batch in table.read(part)? {
        let taken = side.take(&spilled_rows::rows(view, &batch?)).map_err(Error::of(&view.source.uri));
        if taken.as_ref().is_err_and(budget::is_outgrown) {
            return Ok(Err(side.at_most()));
        }
        taken?;
    }
    Ok(Ok(side.finish().map_err(Error::of(&view.source.uri))?))
}
