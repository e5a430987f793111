//! How many versions have the value of a tag, as was counted lately. It decides how a search goes about it, never what
//! it finds, so a number may be some seconds old.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a count is good enough.
const FRESH: Duration = Duration::from_secs(10);

/// How many counts are kept; then all are forgotten.
const MAX_KEPT: usize = 256;

/// Counts by key and value of a tag.
#[derive(Debug, Default)]
pub(crate) struct TagCounts {
    kept: Mutex<HashMap<(String, String), Count>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    n_versions: i64,
    counted: Instant,
}

impl TagCounts {
    /// A count that is good enough.
    pub(super) fn get(&self, key: &str, value: &str) -> Option<i64> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let count = kept.get(&(key.to_owned(), value.to_owned()))?;
        (count.counted.elapsed() < FRESH).then_some(count.n_versions)
    }

    /// Keeps what was counted just now.
    pub(super) fn put(&self, key: &str, value: &str, n_versions: i64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert((key.to_owned(), value.to_owned()), Count { n_versions, counted: Instant::now() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_within_bounds() {
        let counts = TagCounts::default();
        counts.put("stage", "dev", 7);
        assert_eq!((counts.get("stage", "dev"), counts.get("stage", "prod")), (Some(7), None));
        for number in 0..MAX_KEPT {
            counts.put("number", &number.to_string(), 1);
        }
        assert_eq!(counts.get("stage", "dev"), None);
        assert!(counts.kept.lock().unwrap().len() <= MAX_KEPT);
    }
}
