//! What a build may have in memory, and about how much it will.

use std::fs;

use arrow::datatypes::DataType;

use super::error::Error;
use super::sink::Output;
use crate::join::error::JoinError;
use crate::join::spine::Spine;
use crate::join::winners::Winner;
use crate::training_sets::feature_rows::View;

/// What the process has beside a build, at least.
const PROCESS_BYTES: u64 = 56 << 20;

/// What comes to it while it builds: code that was not used before, and what the allocator does not give back.
const GROWTH_BYTES: u64 = 16 << 20;

/// What a thread that reads a table has for itself.
const THREAD_BYTES: u64 = 16 << 20;

/// What Parquet has before it writes a row group.
const ROW_GROUP_BYTES: u64 = 64 << 20;

/// Less than this is not worth a try.
const LEAST_BYTES: u64 = 16 << 20;

/// What is kept must not be more than this part of what there is: as much is needed to move it, and what was given back to the
/// allocator is not always used again.
const SHARE: u64 = 3;

/// Bytes for a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// For rows that are kept.
    pub(crate) bytes: u64,
    /// For all else.
    reserved_bytes: u64,
    /// As many as there is memory for.
    pub(crate) n_threads: u32,
}

impl Budget {
    /// Divides what the process may have, of which it has `resident_bytes` already. Where it is little, fewer threads read.
    ///
    /// # Errors
    /// It does not do for one, in a small process.
    pub(crate) fn of(
        memory_bytes: u64,
        resident_bytes: u64,
        n_threads: u32,
        output: &Output,
    ) -> Result<Self, Error> {
        let output_bytes = if output.has_row_groups() { ROW_GROUP_BYTES } else { 0 };
        let beside = |n_threads: u32| output_bytes + THREAD_BYTES * u64::from(n_threads);
        let least = PROCESS_BYTES + beside(1) + LEAST_BYTES;
        if memory_bytes < least {
            let what = "a training set of any size".to_owned();
            return Err(Error::Memory { what, bytes: least });
        }
        // A large process, as that of a build without optimisation, is not refused: it has what is left over.
        let process_bytes = PROCESS_BYTES.max(resident_bytes.saturating_add(GROWTH_BYTES));
        let process_bytes = process_bytes.min(memory_bytes - beside(1) - LEAST_BYTES);
        let reserved = |n_threads: u32| process_bytes + beside(n_threads);
        let fits =
            |n_threads: &u32| memory_bytes >= reserved(*n_threads) + LEAST_BYTES * u64::from(*n_threads);
        let n_threads = (1..=n_threads).rev().find(fits).unwrap_or(1);
        let reserved_bytes = reserved(n_threads);
        Ok(Budget { bytes: memory_bytes - reserved_bytes, reserved_bytes, n_threads })
    }

    /// So many bytes for rows.
    #[cfg(test)]
    pub(crate) fn of_rows(bytes: u64, n_threads: u32) -> Self {
        Budget { bytes, reserved_bytes: 0, n_threads }
    }

    /// What a part may have when each thread has one.
    pub(crate) fn of_part(&self) -> u64 {
        self.bytes / u64::from(self.n_threads)
    }

    /// What the process must have, that a build may have so much.
    pub(crate) fn process_bytes(&self, bytes: u64) -> u64 {
        bytes + self.reserved_bytes
    }
}

/// What this process has in memory, its code included; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default();
    kib * 1_024
}

/// What may be kept in memory, of so many bytes that are left.
pub(crate) fn limit(left: u64) -> u64 {
    left / SHARE
}

/// What must be left, that so many bytes may be kept.
pub(crate) fn needed(bytes: u64) -> u64 {
    bytes.saturating_mul(SHARE)
}

/// About how many bytes a row has.
pub(crate) fn width(kinds: &[DataType]) -> u64 {
    let one = |kind: &DataType| match kind {
        DataType::Utf8 | DataType::Binary => 40,
        DataType::List(_) => 80,
        kind => kind.primitive_width().unwrap_or(1) as u64 + 1,
    };
    kinds.iter().map(one).sum::<u64>() + 16
}

/// About how many bytes a view needs per slot on one thread.
pub(crate) fn slot_bytes(view: &View<'_>, row_bytes: u64) -> u64 {
    let n_cells = view.plan.rules.shape().cells_per_slot();
    (n_cells * size_of::<Winner>()) as u64 + 8 + row_bytes
}

/// About how many bytes a view needs for a spine in memory.
pub(crate) fn in_memory(view: &View<'_>, spine: &Spine, n_threads: u32) -> u64 {
    needed(spine.n_slots() as u64 * slot_bytes(view, width(&view.kinds())) * u64::from(n_threads))
}

/// That something is larger than it may be.
pub(crate) fn outgrown(bytes: u64) -> Error {
    Error::of("the rows")(JoinError::Outgrown(bytes))
}

pub(crate) fn is_outgrown(error: &Error) -> bool {
    matches!(error, Error::Columns { source: JoinError::Outgrown(_), .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training_sets::sink::Existing;

    #[test]
    fn little_memory_is_for_few_threads_and_too_little_for_none() {
        let of = |bytes| Budget::of(bytes, 0, 4, &Output::Stream(Box::new(std::io::sink())));
        assert_eq!(of(1 << 30).unwrap().n_threads, 4);
        assert_eq!(of(100 << 20).unwrap().n_threads, 1);
        let Error::Memory { bytes, .. } = of(60 << 20).unwrap_err() else { panic!("it was enough") };
        assert!(of(bytes).is_ok() && of(bytes - 1).is_err());
    }

    #[test]
    fn what_the_process_has_already_is_not_given_away_again() {
        let of = |resident: u64| {
            let output = Output::table("out.parquet", Existing::Replace);
            Budget::of(200 << 20, resident << 20, 2, &output).unwrap()
        };
        let (small, large, huge) = (of(30), of(80), of(1_000));
        assert_eq!(small, of(0));
        assert_eq!((small.n_threads, small.bytes), (2, 48 << 20));
        assert_eq!((large.n_threads, large.bytes), (1, 24 << 20));
        assert_eq!((huge.n_threads, huge.bytes), (1, LEAST_BYTES));
        assert!(resident_bytes() > 1 << 20);
    }
}
