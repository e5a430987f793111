//! Doing the work of a job that is prepared.

use std::time::Instant;

use forebay_lake::Rows;
use forebay_serving::Sharing;

use crate::Error;
use crate::ahead::Ahead;
use crate::counters::Counters;
use crate::delta;
use crate::destination::Destination;
use crate::manifest::{Notes, is_complete};
use crate::output::names::SUCCESS;
use crate::output::{Output, Target, Writer};
use crate::pipeline::{self, Task};
use crate::prepare::{Prepared, n_permits};
use crate::scorer::Scored;
use crate::summary::Summary;

/// The rows of a job, cut where parts of the output begin.
struct Tasks<'a> {
    ahead: Ahead,
    /// Rows before the next one.
    position: u64,
    /// None where there is one part.
    rows_per_part: Option<u64>,
    /// Rows of a task where they must not depend on how the table is read, nor on where a try began.
    together: Option<usize>,
    counters: &'a Counters,
}

impl Prepared {
    /// Scores all rows that earlier tries have not done.
    ///
    /// # Errors
    /// A file is there whole or not at all. A folder keeps its complete parts, and the same job goes on behind them.
    pub fn run(self, counters: &Counters) -> Result<Summary, Error> {
        let start = Instant::now();
        let summary = Summary::of(&self.plan);
        counters.add(self.plan.n_rows_before, self.n_rejected);
        let Target::Folder(folder) = self.destination.target.clone() else {
            self.work(counters, None)?;
            return Ok(summary.ended(counters, start.elapsed(), true));
        };
        let (names, manifest) = (self.destination.names.clone(), self.manifest.clone());
        let mut notes = Notes { folder: folder.clone(), names: names.clone(), manifest };
        let append = self.append.clone();
        // It may be of another job, or of this one before parts of it were removed.
        if !is_complete(&folder, &names)? {
            folder.remove(SUCCESS)?;
        }
        if notes.manifest.n_parts.is_none() {
            notes.write()?;
            notes.manifest.n_parts = Some(self.work(counters, Some(&mut notes))?);
            notes.write()?;
        }
        // Whichever share ends last sees the notes of all.
        let is_complete = is_complete(&folder, &names)?;
        if is_complete {
            if let Some(append) = append {
                delta::commit(&append, &folder, &names)?;
            }
            folder.write(SUCCESS, b"")?;
        }
        Ok(summary.ended(counters, start.elapsed(), is_complete))
    }

    /// Scores and writes; tells how many parts there are.
    fn work(self, counters: &Counters, notes: Option<&mut Notes>) -> Result<u64, Error> {
        let Prepared { lake, scoring, manner, append, n_parts, .. } = self;
        let Destination { target, rejects, format, names } = self.destination;
        let is_folder = matches!(target, Target::Folder(_));
        let tasks = Tasks {
            ahead: self.ahead,
            position: self.plan.n_rows_before,
            rows_per_part: is_folder.then_some(self.options.rows_per_file),
            together: (scoring.loaded.sharing == Sharing::Alone).then_some(manner.chunk_rows),
            counters,
        };
        let (n_lanes, max_rejects) = (scoring.n_lanes, scoring.max_rejects);
        let schema = self.schema;
        let output = Output { lake: &lake, target, append, rejects, names, format, schema, max_rejects };
        output.rehearse()?;
        let lanes = (0..n_lanes).map(|_| scoring.open()).collect::<Result<Vec<_>, _>>()?;
        counters.set_loaded();
        let mut writer = Writer::new(&output, counters, notes);
        let mut write = |part, scored: Scored| writer.write(part, &scored);
        pipeline::run(tasks, lanes, &manner, n_permits(n_lanes), &mut write)?;
        writer.finish(n_parts)
    }
}

impl Tasks<'_> {
    fn step(&mut self) -> Result<Option<Task>, Error> {
        if self.counters.is_stopped() {
            return Err(Error::Interrupted { n_rows: self.counters.n_done() });
        }
        let room = self.rows_per_part.map_or(usize::MAX, |rows_per_part| {
            usize::try_from(rows_per_part - self.position % rows_per_part).unwrap_or(usize::MAX)
        });
        let Some(rows) = self.next_rows(room)? else { return Ok(None) };
        let part = self.rows_per_part.map_or(0, |rows_per_part| self.position / rows_per_part);
        self.position += rows.batch.num_rows() as u64;
        Ok(Some(Task { part, rows }))
    }

    /// The next rows, up to a number of them.
    fn next_rows(&mut self, room: usize) -> Result<Option<Rows>, Error> {
        if let Some(together) = self.together {
            return self.ahead.next_together(together.min(room));
        }
        let Some(rows) = self.ahead.next().transpose()? else { return Ok(None) };
        let n_rows = rows.batch.num_rows();
        if n_rows <= room {
            return Ok(Some(rows));
        }
        self.ahead.give_back(rows.slice(room, n_rows - room));
        Ok(Some(rows.slice(0, room)))
    }
}

impl Iterator for Tasks<'_> {
    type Item = Result<Task, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
