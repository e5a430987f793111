//! The rows to which features are joined: per key the distinct times at which it is asked for, and for each row which of them is
//! its own. A slot is a time of a key.

use arrow::array::{Array as _, ArrayRef, Int64Array};

use super::error::JoinError;
use super::groups::{Coded, Coder, Groups, NONE, number};
use crate::model::value_type::ValueType;

/// Keys and times of the spine's rows as they are read.
pub(crate) struct SpineBuilder {
    coder: Coder,
    groups: Groups,
    /// Of each row; [`NONE`] where it has no key or no time.
    group_of: Vec<u32>,
    time_of: Vec<i64>,
}

/// Keys, times and slots.
pub(crate) struct Spine {
    pub(crate) coder: Coder,
    groups: Groups,
    /// Where the slots of each group start, and behind the last one where they end.
    starts: Vec<u32>,
    /// Of each slot; ascending within a group.
    pub(crate) times: Vec<i64>,
    /// The slot of each row; [`NONE`] where it has no key or no time.
    pub(crate) slot_of: Vec<u32>,
}

/// Bytes that a row needs while the spine is built: its group or slot, its time, its time in order.
pub(crate) const ROW_BYTES: u64 = 4 + 8 + 8;

impl SpineBuilder {
    pub(crate) fn new(kinds: &[ValueType]) -> Result<Self, JoinError> {
        let coder = Coder::new(kinds)?;
        let groups = coder.groups();
        Ok(SpineBuilder { coder, groups, group_of: Vec::new(), time_of: Vec::new() })
    }

    /// Appends rows with keys of its types and times in microseconds.
    ///
    /// # Errors
    /// There are more rows than can be numbered.
    pub(crate) fn push(&mut self, keys: &[ArrayRef], times: &Int64Array) -> Result<(), JoinError> {
        if self.group_of.len() + times.len() >= NONE as usize {
            return Err(JoinError::TooMany(u64::from(NONE - 1)));
        }
        let coded = self.coder.code(keys)?;
        let mut groups = self.groups.of_all(&coded);
        if times.null_count() > 0 {
            (0..times.len()).filter(|row| times.is_null(*row)).for_each(|row| groups[row] = NONE);
        }
        self.group_of.extend_from_slice(&groups);
        self.time_of.extend_from_slice(times.values());
        Ok(())
    }

    /// About how many bytes all of it will have.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.group_of.len() as u64 * ROW_BYTES + self.groups.n_bytes() as u64
    }

    /// Puts the times of each group in order and numbers them.
    pub(crate) fn finish(self) -> Spine {
        let SpineBuilder { coder, groups, mut group_of, time_of } = self;
        let mut ends = vec![0_u32; groups.len() + 1];
        for group in group_of.iter().filter(|group| **group != NONE) {
            ends[*group as usize + 1] += 1;
        }
        for group in 1..ends.len() {
            ends[group] += ends[group - 1];
        }
        let mut times = vec![0; ends.last().copied().unwrap_or_default() as usize];
        let mut next = ends.clone();
        for (group, time) in group_of.iter().zip(&time_of).filter(|(group, _)| **group != NONE) {
            let place = &mut next[*group as usize];
            times[*place as usize] = *time;
            *place += 1;
        }
        drop(next);
        let starts = distinct(&mut times, &ends);
        for (group, time) in group_of.iter_mut().zip(&time_of).filter(|(group, _)| **group != NONE) {
            let (start, end) = (starts[*group as usize], starts[*group as usize + 1]);
            *group = start + first_at_least(&times[start as usize..end as usize], *time);
        }
        Spine { coder, groups, starts, times, slot_of: group_of }
    }
}

/// Keeps each time of a group once, in order, and says where groups start.
fn distinct(times: &mut Vec<i64>, ends: &[u32]) -> Vec<u32> {
    let mut starts = Vec::with_capacity(ends.len());
    let mut kept = 0;
    starts.push(0);
    for bounds in ends.windows(2) {
        let (start, end) = (bounds[0] as usize, bounds[1] as usize);
        times[start..end].sort_unstable();
        let first = kept;
        for place in start..end {
            if kept == first || times[kept - 1] != times[place] {
                times[kept] = times[place];
                kept += 1;
            }
        }
        starts.push(number(kept));
    }
    times.truncate(kept);
    times.shrink_to_fit();
    starts
}

/// The position of the first of some ascending times that is no earlier.
fn first_at_least(times: &[i64], time: i64) -> u32 {
    number(times.partition_point(|slot| *slot < time))
}

impl Spine {
    pub(crate) fn n_slots(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// The group of each row of features; [`NONE`] where the spine does not have its key.
    pub(crate) fn find_all(&self, coded: &Coded) -> Vec<u32> {
        self.groups.find_all(coded)
    }

    /// The slots of a group.
    pub(crate) fn slots(&self, group: u32) -> std::ops::Range<u32> {
        self.starts[group as usize]..self.starts[group as usize + 1]
    }

    /// The first slot of a group from a time on; the end of its slots where there is none.
    pub(crate) fn first_from(&self, slots: &std::ops::Range<u32>, time: i64) -> u32 {
        slots.start + first_at_least(&self.times[slots.start as usize..slots.end as usize], time)
    }

    /// About how many bytes it has in memory.
    pub(crate) fn n_bytes(&self) -> u64 {
        let vectors = self.starts.len() * 4 + self.times.len() * 8 + self.slot_of.len() * 4;
        (vectors + self.groups.n_bytes()) as u64
    }
}
