//! The rows of a feature table, or of a share of it, as they stream by.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, Int64Array, UInt64Array};
use arrow::datatypes::DataType;

use super::counts::Counts;
use super::error::JoinError;
use super::groups::{NONE, number};
use super::kept::{Kept, SLACK_ROWS};
use super::matches::{Keeping, Matches};
use super::spine::Spine;
use super::winners::{Place, Shape, Winner, Winners};

/// When rows hold and are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) holds: Holding,
    /// Whether a row is known only since it was created.
    pub(crate) known_when_created: bool,
}

/// For how long a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    /// From its event on; a slot more than so many microseconds later gets nothing.
    Since { ttl: Option<i64> },
    /// From its event to its end.
    Between,
}

/// Some rows, in the order of their table. Times are microseconds.
pub(crate) struct FeatureRows {
    /// In the types of the keys.
    pub(crate) keys: Vec<ArrayRef>,
    pub(crate) event: Int64Array,
    /// When a row ceases to hold; null is never.
    pub(crate) until: Option<Int64Array>,
    pub(crate) created: Option<Int64Array>,
    /// In the types of the features.
    pub(crate) features: Vec<ArrayRef>,
    pub(crate) order: Order,
}

/// Which rows come first in their table. No two rows of it have the same number, and none has 0.
pub(crate) enum Order {
    /// The number of the first row; others follow.
    From(u64),
    /// Those of all rows.
    Each(UInt64Array),
}

/// A share of a table.
pub(crate) struct Side<'a> {
    spine: &'a Spine,
    rules: Rules,
    winners: Winners,
    kept: Kept,
    /// How many rows begin to hold unknown at a slot, less those that cease to.
    not_yet: Vec<i32>,
    counts: Counts,
    /// Bytes that it may have.
    max_bytes: u64,
    /// Rows that may be kept before those that are not needed are dropped.
    max_kept: usize,
}

/// What a batch has beside its rows, at most.
const BATCH_BYTES: u64 = 1 << 18;

/// More batches than these are put together in the end: each is looked at whenever rows are written.
const MAX_BATCHES: usize = 256;

/// What is kept in the end and not needed is not worth moving the rest, if all of it is no more than this part of what there may be.
const LOOSE_SHARE: u64 = 8;

/// The batch of a row that is not kept yet.
const PENDING: u32 = u32::MAX;

/// Columns that are kept before the features: the event, and since when the row was known.
pub(crate) const N_TIMES: usize = 2;

/// The slots of a row.
struct Held {
    group: Range<u32>,
    /// Those that see it.
    seen: Range<u32>,
    /// Those for which it held and was not known yet.
    unseen: Range<u32>,
}

impl Order {
    /// The numbers of so many rows.
    pub(crate) fn numbers(self, n_rows: usize) -> UInt64Array {
        match self {
            Order::From(first) => UInt64Array::from_iter_values((first..).take(n_rows)),
            Order::Each(orders) => orders,
        }
    }

    fn of(&self, row: usize) -> u64 {
        match self {
            Order::From(first) => first + row as u64,
            Order::Each(orders) => orders.value(row),
        }
    }
}

impl Rules {
    pub(crate) fn shape(&self) -> Shape {
        match self.holds {
            Holding::Since { .. } => Shape::Onward,
            Holding::Between => Shape::Ranges,
        }
    }
}

impl<'a> Side<'a> {
    /// With features of these types.
    pub(crate) fn new(spine: &'a Spine, rules: Rules, kinds: &[DataType]) -> Self {
        let times = std::iter::repeat_n(DataType::Int64, N_TIMES);
        let winners = Winners::new(rules.shape(), spine.n_slots());
        Side {
            spine,
            rules,
            max_kept: winners.cells().len() * 2 + SLACK_ROWS,
            winners,
            kept: Kept::new(times.chain(kinds.iter().cloned()).collect()),
            not_yet: vec![0; if rules.known_when_created { spine.n_slots() } else { 0 }],
            counts: Counts::default(),
            max_bytes: u64::MAX,
        }
    }

    /// The same, which fails rather than have more bytes than these.
    pub(crate) fn within(self, max_bytes: u64) -> Self {
        Side { max_bytes, ..self }
    }

    /// The same, which drops rows that are not needed at once.
    #[cfg(test)]
    pub(crate) fn tidy(self) -> Self {
        Side { max_kept: 0, ..self }
    }

    /// Lets rows pass.
    pub(crate) fn take(&mut self, rows: &FeatureRows) -> Result<(), JoinError> {
        let coded = self.spine.coder.code(&rows.keys)?;
        let groups = self.spine.find_all(&coded);
        self.counts.n_rows += groups.len() as u64;
        self.counts.n_without_key += coded.n_nulls() as u64;
        let known = self.known(rows);
        let mut won = Vec::new();
        for (row, group) in groups.into_iter().enumerate() {
            if rows.event.is_null(row) || known.is_null(row) {
                self.counts.n_never_known += 1;
                continue;
            }
            if group == NONE {
                self.counts.n_other_keys += u64::from(coded.is_there(row));
                continue;
            }
            let held = self.held(rows, row, group, known.value(row));
            self.note_unseen(&held);
            if !held.seen.is_empty() {
                let winner = Self::winner(rows, row);
                self.winners.put(&held.group, &held.seen, &winner, &mut won);
            }
        }
        self.keep(rows, known, &won)
    }

    /// Since when each row is known; null is never.
    fn known(&self, rows: &FeatureRows) -> Int64Array {
        let Some(created) = rows.created.as_ref().filter(|_| self.rules.known_when_created) else {
            return rows.event.clone();
        };
        let later = rows.event.values().iter().zip(created.values());
        let later = later.map(|(event, created)| *event.max(created)).collect::<Vec<_>>();
        Int64Array::new(later.into(), created.nulls().cloned())
    }

    fn winner(rows: &FeatureRows, row: usize) -> Winner {
        let created = rows.created.as_ref().filter(|created| created.is_valid(row));
        Winner {
            event: rows.event.value(row),
            created: created.map_or(i64::MIN, |created| created.value(row)),
            order: rows.order.of(row),
            place: Place { batch: PENDING, row: number(row) },
        }
    }

    fn held(&self, rows: &FeatureRows, row: usize, group: u32, known: i64) -> Held {
        let group = self.spine.slots(group);
        let event = rows.event.value(row);
        let start = self.spine.first_from(&group, known);
        let end = match &rows.until {
            Some(until) if until.is_valid(row) => self.spine.first_from(&group, until.value(row)),
            _ => group.end,
        };
        let mut unseen = start..start;
        if known > event {
            let fresh = match self.rules.holds {
                Holding::Since { ttl: Some(ttl) } => {
                    self.spine.first_from(&group, event.saturating_add(ttl).saturating_add(1))
                }
                Holding::Since { ttl: None } | Holding::Between => group.end,
            };
            unseen = self.spine.first_from(&group, event)..start.min(end).min(fresh);
        }
        Held { group, seen: start..end, unseen }
    }

    fn note_unseen(&mut self, held: &Held) {
        if held.unseen.is_empty() {
            return;
        }
        self.not_yet[held.unseen.start as usize] += 1;
        if held.unseen.end < held.group.end {
            self.not_yet[held.unseen.end as usize] -= 1;
        }
    }

    /// Keeps the rows that have cells now, and tells these where.
    fn keep(&mut self, rows: &FeatureRows, known: Int64Array, won: &[usize]) -> Result<(), JoinError> {
        let mut kept_at = vec![u32::MAX; known.len()];
        let mut kept = Vec::new();
        let batch = number(self.kept.n_batches());
        for cell in won {
            let cell = &mut self.winners.cells_mut()[*cell];
            // It was noted before, and has what came last.
            if cell.place.batch != PENDING {
                continue;
            }
            let place = &mut kept_at[cell.place.row as usize];
            if *place == u32::MAX {
                *place = number(kept.len());
                kept.push(cell.place.row);
            }
            cell.place = Place { batch, row: *place };
        }
        if !kept.is_empty() {
            let times: [ArrayRef; N_TIMES] = [Arc::new(rows.event.clone()), Arc::new(known)];
            let columns: Vec<ArrayRef> = times.into_iter().chain(rows.features.iter().cloned()).collect();
            self.kept.add(&columns, kept)?;
        }
        if self.kept.n_rows() > self.max_kept || self.n_bytes() > self.max_bytes {
            self.kept.compact(self.winners.cells_mut())?;
            // Dropping a little again and again would take for ever.
            if self.n_bytes() > self.max_bytes - self.max_bytes / 8 {
                return Err(JoinError::Outgrown(self.n_bytes()));
            }
        }
        Ok(())
    }

    /// About how many bytes it has in memory.
    pub(crate) fn n_bytes(&self) -> u64 {
        let cells = size_of_val(self.winners.cells()) + self.not_yet.len() * 4;
        (cells + self.kept.n_bytes()) as u64
    }

    /// About how many bytes it would have if every cell had a row of its own.
    pub(crate) fn at_most(&self) -> u64 {
        let n_cells = self.winners.cells().len() as u64;
        let row_bytes = (self.kept.n_bytes() / self.kept.n_rows().max(1)) as u64;
        let cells = size_of_val(self.winners.cells()) + self.not_yet.len() * 4;
        let bytes = BATCH_BYTES + cells as u64 + n_cells.saturating_mul(row_bytes);
        bytes.saturating_add(bytes / 4)
    }

    /// Takes in another share of the same table.
    pub(crate) fn merge(&mut self, other: Side<'_>) {
        self.winners.merge(&other.winners, number(self.kept.n_batches()));
        self.kept.append(other.kept);
        for (mine, theirs) in self.not_yet.iter_mut().zip(&other.not_yet) {
            *mine += theirs;
        }
        self.counts.add(&other.counts);
    }

    /// The row of each slot, when all have passed.
    pub(crate) fn finish(self) -> Result<Matches, JoinError> {
        let is_loose = self.kept.n_rows() > self.max_kept
            || self.kept.n_batches() > MAX_BATCHES
            || self.kept.n_bytes() as u64 > self.max_bytes / LOOSE_SHARE;
        let Side { spine, rules, winners, kept, not_yet, counts, .. } = self;
        let ttl = match rules.holds {
            Holding::Since { ttl } => ttl,
            Holding::Between => None,
        };
        let keeping = if is_loose { Keeping::Needed } else { Keeping::All };
        let matches = Matches::of(spine, winners.settle(spine), ttl, (kept, keeping))?;
        let mut matches = matches.not_yet_known(spine, &not_yet);
        matches.counts = counts;
        Ok(matches)
    }
}
