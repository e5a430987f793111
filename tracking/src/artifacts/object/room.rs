//! Memory for a part of an upload, which goes back to the system with the part.
//!
//! An allocator would keep it for the next one, on every thread that ever had one: a server that took one long upload
//! would be larger by that for ever.

use bytes::{Buf, Bytes};
use memmap2::MmapMut;

use crate::artifacts::StoreError;
use crate::model::artifact_path::ArtifactPath;

/// Room for some bytes, filled from the start.
pub(super) struct Room {
    map: MmapMut,
    n_filled: usize,
}

impl Room {
    /// Room for at least one byte.
    pub(super) fn new(path: &ArtifactPath, n_bytes: usize) -> Result<Self, StoreError> {
        let map = MmapMut::map_anon(n_bytes).map_err(|error| StoreError::from_io(path.as_str(), error))?;
        Ok(Room { map, n_filled: 0 })
    }

    pub(super) fn is_full(&self) -> bool {
        self.n_filled == self.map.len()
    }

    /// Takes as many bytes from the start of `bytes` as fit.
    pub(super) fn fill(&mut self, bytes: &mut Bytes) {
        let free = &mut self.map[self.n_filled..];
        let n_fitting = free.len().min(bytes.len());
        bytes.copy_to_slice(&mut free[..n_fitting]);
        self.n_filled += n_fitting;
    }
}

impl AsRef<[u8]> for Room {
    fn as_ref(&self) -> &[u8] {
        &self.map[..self.n_filled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_stays() {
        let mut room = Room::new(&ArtifactPath::default(), 5).unwrap();
        let mut bytes = Bytes::from_static(b"abc");
        room.fill(&mut bytes);
        assert!(bytes.is_empty() && !room.is_full());
        let mut bytes = Bytes::from_static(b"defg");
        room.fill(&mut bytes);
        assert!(room.is_full());
        assert_eq!((room.as_ref(), &*bytes), (&b"abcde"[..], &b"fg"[..]));
    }
}
