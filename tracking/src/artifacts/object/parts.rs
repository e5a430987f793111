//! Cutting what is uploaded into parts: few enough for every store, and no more in memory than needed.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use object_store::PutPayload;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) const MIB: usize = 1024 * 1024;

/// Smallest part but the last, in MiB; stores take none below five.
const SMALLEST_MIB: usize = 8;

/// Largest part, in MiB. With [`MAX_PARTS`] this is as long as objects can be.
const LARGEST_MIB: usize = 512;

/// Most parts of an object.
const MAX_PARTS: u64 = 10_000;

/// After how many parts they get twice as large, when nobody said how many there will be.
const PARTS_OF_A_SIZE: usize = 1_000;

/// A part, and its share of the memory for all parts.
pub(super) struct Part {
    pub(super) payload: PutPayload,
    /// Whether nothing comes after it.
    pub(super) is_last: bool,
    pub(super) share: Option<OwnedSemaphorePermit>,
}

/// The parts of an upload whose bytes are still coming.
pub(super) struct Parts<S> {
    bytes: S,
    length: Option<u64>,
    budget_mib: Arc<Semaphore>,
    /// Of the next part.
    number: usize,
    /// What came and belongs to the next part.
    rest: Bytes,
    has_ended: bool,
}

impl<S, E> Parts<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// `length` is how many bytes will come, if that is known.
    pub(super) fn new(bytes: S, length: Option<u64>, budget_mib: Arc<Semaphore>) -> Self {
        Parts { bytes, length, budget_mib, number: 0, rest: Bytes::new(), has_ended: false }
    }

    /// The next part; there is at least one, which may be empty.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, E> {
        self.fetch().await?;
        if self.has_ended && self.number > 0 {
            return Ok(None);
        }
        let size_mib = size_mib(self.length, self.number);
        self.number += 1;
        // Only now: who has not sent anything keeps nobody out. The budget is never closed.
        let share = u32::try_from(size_mib).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.budget_mib).acquire_many_owned(share).await.ok();
        let mut part = BytesMut::new();
        while !self.has_ended && part.len() < size_mib * MIB {
            let fitting = self.rest.len().min(size_mib * MIB - part.len());
            part.extend_from_slice(&self.rest.split_to(fitting));
            if part.len() < size_mib * MIB {
                self.fetch().await?;
            }
        }
        Ok(Some(Part { payload: part.freeze().into(), is_last: self.has_ended, share }))
    }

    /// Makes sure that there is a rest, unless nothing more comes.
    async fn fetch(&mut self) -> Result<(), E> {
        while self.rest.is_empty() && !self.has_ended {
            match self.bytes.next().await {
                Some(chunk) => self.rest = chunk?,
                None => self.has_ended = true,
            }
        }
        Ok(())
    }
}

/// How large the part with that number is, in MiB.
fn size_mib(length: Option<u64>, number: usize) -> usize {
    let mib = MIB as u64;
    let size_mib = match length {
        // One byte more, so that the end is seen and a short object is one part.
        Some(length) if length < SMALLEST_MIB as u64 * mib => (length + 1).div_ceil(mib),
        Some(length) => length.div_ceil(MAX_PARTS).div_ceil(mib).max(SMALLEST_MIB as u64),
        None => (SMALLEST_MIB as u64) << (number / PARTS_OF_A_SIZE).min(6),
    };
    usize::try_from(size_mib).map_or(LARGEST_MIB, |size_mib| size_mib.min(LARGEST_MIB))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    async fn lengths(chunks: &[usize], length: Option<u64>) -> Vec<(usize, bool)> {
        let chunks = chunks.iter().map(|length| Ok::<_, Infallible>(Bytes::from(vec![7; *length])));
        let chunks: Vec<_> = chunks.collect();
        let mut parts = Parts::new(stream::iter(chunks), length, Arc::new(Semaphore::new(LARGEST_MIB)));
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
    fn the_longest_objects_fit_into_the_parts_that_stores_take() {
        let tib = 1024_u64.pow(4);
        for length in [5 * 1024_u64.pow(3), 100 * 1024_u64.pow(3), tib, 48 * tib / 10] {
            let size = size_mib(Some(length), 0) as u64 * MIB as u64;
            assert!(length.div_ceil(size) <= MAX_PARTS, "{length}");
        }
        assert_eq!(size_mib(Some(5 * 1024_u64.pow(3)), 0), SMALLEST_MIB);
        let without_length: u64 = (0..10_000).map(|number| size_mib(None, number) as u64 * MIB as u64).sum();
        assert!(without_length > 2 * tib);
    }
}
