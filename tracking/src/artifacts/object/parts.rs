//! Cutting what is uploaded into parts: few enough for every store, and no more in memory than needed.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_core::invalid::Invalid;
use futures_util::{Stream, StreamExt};
use object_store::PutPayload;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::room::Room;
use crate::artifacts::StoreError;
use crate::artifacts::store::broken_upload;
use crate::model::artifact_path::ArtifactPath;

pub(super) const MIB: usize = 1024 * 1024;

/// Smallest part but the last, in MiB; stores take none below five.
const SMALLEST_MIB: usize = 8;

/// Largest part, in MiB: a small piece of the memory for all, since a caller who sends slowly holds one for long.
const LARGEST_MIB: usize = 32;

/// Most parts of an object. With [`LARGEST_MIB`] this is as long as an upload can be.
const MAX_PARTS: usize = 10_000;

/// The longest upload, in bytes.
const MAX_LENGTH: u64 = (MAX_PARTS * LARGEST_MIB * MIB) as u64;

/// How long an upload waits for its share of the memory.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// After how many parts they get twice as large, when nobody said how many there will be.
const PARTS_OF_A_SIZE: usize = 1_000;

/// A part, and its share of the memory for all parts.
pub(super) struct Part {
    pub(super) payload: PutPayload,
    /// Whether nothing comes after it.
    pub(super) is_last: bool,
    pub(super) share: OwnedSemaphorePermit,
}

/// The parts of an upload whose bytes are still coming.
pub(super) struct Parts<'a, S> {
    path: &'a ArtifactPath,
    bytes: S,
    length: Option<u64>,
    budget_mib: Arc<Semaphore>,
    /// Of the next part.
    number: usize,
    /// What came and belongs to the next part.
    rest: Bytes,
    has_ended: bool,
}

impl<'a, S, E> Parts<'a, S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    /// `length` is how many bytes will come, if that is known.
    pub(super) fn new(
        path: &'a ArtifactPath,
        bytes: S,
        length: Option<u64>,
        budget_mib: Arc<Semaphore>,
    ) -> Result<Self, StoreError> {
        if let Some(length) = length.filter(|length| *length > MAX_LENGTH) {
            return Err(too_long(path, &format!("{length} bytes are")));
        }
        Ok(Parts { path, bytes, length, budget_mib, number: 0, rest: Bytes::new(), has_ended: false })
    }

    /// The next part; there is at least one, which may be empty.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, StoreError> {
        self.fetch().await?;
        if self.has_ended && self.number > 0 {
            return Ok(None);
        }
        if self.number >= MAX_PARTS {
            return Err(too_long(self.path, "It is"));
        }
        let size_mib = size_mib(self.length, self.number);
        self.number += 1;
        // Only now: who has not sent anything keeps nobody out. For a whole part: who waited in the middle of one
        // could wait for others who do the same.
        let share = share(&self.budget_mib, size_mib).await?;
        let mut room = Room::new(self.path, size_mib * MIB)?;
        while !self.has_ended && !room.is_full() {
            room.fill(&mut self.rest);
            if !room.is_full() {
                self.fetch().await?;
            }
        }
        Ok(Some(Part { payload: Bytes::from_owner(room).into(), is_last: self.has_ended, share }))
    }

    /// Makes sure that there is a rest, unless nothing more comes.
    async fn fetch(&mut self) -> Result<(), StoreError> {
        while self.rest.is_empty() && !self.has_ended {
            match self.bytes.next().await {
                Some(chunk) => self.rest = chunk.map_err(|error| broken_upload(self.path, &error))?,
                None => self.has_ended = true,
            }
        }
        Ok(())
    }
}

/// That much of the memory for all parts, as soon as it is free.
async fn share(budget_mib: &Arc<Semaphore>, size_mib: usize) -> Result<OwnedSemaphorePermit, StoreError> {
    let permits = u32::try_from(size_mib).unwrap_or(u32::MAX);
    let reason = || format!("other uploads hold its memory, and {} seconds freed none", MAX_WAIT.as_secs());
    let waited = timeout(MAX_WAIT, Arc::clone(budget_mib).acquire_many_owned(permits)).await;
    let unavailable = |source| StoreError::Unavailable { reason: reason(), source };
    waited.map_err(|late| unavailable(late.into()))?.map_err(|closed| unavailable(closed.into()))
}

fn too_long(path: &ArtifactPath, what: &str) -> StoreError {
    let (path, largest) = (path.as_str(), MAX_LENGTH);
    StoreError::Invalid(Invalid::message(format!(
        "The upload of '{path}' is too long. {what} more than the {largest} bytes that go through this server."
    )))
}

/// How large the part with that number is, in MiB.
fn size_mib(length: Option<u64>, number: usize) -> usize {
    let mib = MIB as u64;
    let size_mib = match length {
        // One byte more, so that the end is seen and a short object is one part.
        Some(length) if length < SMALLEST_MIB as u64 * mib => (length + 1).div_ceil(mib),
        Some(length) => length.div_ceil(MAX_PARTS as u64).div_ceil(mib).max(SMALLEST_MIB as u64),
        None => (SMALLEST_MIB as u64) << (number / PARTS_OF_A_SIZE).min(2),
    };
    usize::try_from(size_mib).map_or(LARGEST_MIB, |size_mib| size_mib.min(LARGEST_MIB))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt, stream};

    use super::*;

    fn path() -> ArtifactPath {
        ArtifactPath::parse("x").unwrap()
    }

    fn budget() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(3 * LARGEST_MIB))
    }

    /// The first bytes of an upload that stands still after them.
    fn stalling() -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
        stream::iter([Ok(Bytes::from_static(b"x"))]).chain(stream::pending())
    }

    async fn lengths(chunks: &[usize], length: Option<u64>) -> Vec<(usize, bool)> {
        let chunks = chunks.iter().map(|length| Ok::<_, Infallible>(Bytes::from(vec![7; *length])));
        let chunks: Vec<_> = chunks.collect();
        let path = path();
        let mut parts = Parts::new(&path, stream::iter(chunks), length, budget()).unwrap();
        let mut lengths = Vec::new();
        while let Some(part) = parts.next().await.unwrap() {
            lengths.push((part.payload.content_length(), part.is_last));
        }
        lengths
    }

    #[tokio::test]
    async fn a_short_object_is_one_part() {
        for length in [0, 1, MIB, 3 * MIB + 5] {
            let known = Some(length as u64);
            assert_eq!(lengths(&[length], known).await, [(length, true)]);
            assert_eq!(lengths(&[length], None).await, [(length, true)]);
        }
        assert_eq!(lengths(&[], None).await, [(0, true)]);
    }

    #[tokio::test]
    async fn a_long_object_is_cut_whatever_its_chunks_are() {
        let expected = [(8 * MIB, false), (8 * MIB, false), (MIB, true)];
        assert_eq!(lengths(&[17 * MIB], None).await, expected);
        assert_eq!(lengths(&[3 * MIB, 0, 14 * MIB], Some(17 * MIB as u64)).await, expected);
        assert_eq!(lengths(&[8 * MIB, 8 * MIB], None).await, expected[..2]);
    }

    #[test]
    fn the_longest_uploads_fit_into_the_parts_that_stores_take() {
        let gib = 1024_u64.pow(3);
        for length in [5 * gib, 100 * gib, MAX_LENGTH - 1, MAX_LENGTH] {
            let size = size_mib(Some(length), 0) as u64 * MIB as u64;
            assert!(length.div_ceil(size) <= MAX_PARTS as u64, "{length}");
        }
        assert_eq!(size_mib(Some(5 * gib), 0), SMALLEST_MIB);
        let without_length: usize = (0..MAX_PARTS).map(|number| size_mib(None, number)).sum();
        assert!(without_length > 256 * 1024);
    }

    #[test]
    fn an_upload_that_says_it_is_longer_is_refused_by_name_and_value() {
        for length in [MAX_LENGTH + 1, 5_000_000_000_000, u64::MAX] {
            let refused = Parts::new(&path(), stalling(), Some(length), budget()).map(|_| ()).unwrap_err();
            assert!(matches!(refused, StoreError::Invalid(_)));
            let start = format!("The upload of 'x' is too long. {length} bytes are more than");
            assert!(refused.to_string().starts_with(&start), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_long_upload_that_stands_still_keeps_no_other_out() {
        let (path, budget) = (path(), budget());
        let mut long = Parts::new(&path, stalling(), Some(MAX_LENGTH), Arc::clone(&budget)).unwrap();
        let mut stalled = Box::pin(long.next());
        assert!(stalled.as_mut().now_or_never().is_none());
        let whole = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![7; MIB]))]);
        let mut short = Parts::new(&path, whole, Some(MIB as u64), budget).unwrap();
        let part = short.next().now_or_never().expect("it does not wait").unwrap().unwrap();
        assert_eq!(part.payload.content_length(), MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_waits_for_memory_but_not_for_ever() {
        let (path, budget) = (path(), budget());
        let all =
            Arc::clone(&budget).acquire_many_owned(u32::try_from(3 * LARGEST_MIB).unwrap()).await.unwrap();
        let mut waiting = Parts::new(&path, stalling(), Some(1), Arc::clone(&budget)).unwrap();
        let refused = waiting.next().await.map(|_| ()).unwrap_err();
        assert_eq!(refused.code().as_str(), "TEMPORARILY_UNAVAILABLE");
        let reason = "other uploads hold its memory, and 60 seconds freed none";
        assert_eq!(refused.to_string(), format!("The artifact store is not available: {reason}"));
        drop(all);
        assert_eq!(budget.available_permits(), 3 * LARGEST_MIB);
    }
}
