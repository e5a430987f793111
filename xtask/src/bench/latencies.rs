//! Every latency of a scenario, kept whole: a hundred thousand of them are a megabyte or two.

use std::time::Duration;

/// Latencies; percentiles are right once they are sorted.
#[derive(Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds those of one connection.
    pub(super) fn append(&mut self, mut more: Vec<Duration>) {
        self.0.append(&mut more);
    }

    /// Sorts them, once all are there.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The latency that `percent` of a hundred do not exceed, in ms; none without any.
    pub(super) fn percentile_ms(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map(|latency| latency.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(latencies_ms: impl Iterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        latencies.append(latencies_ms.map(Duration::from_millis).collect());
        latencies.sort();
        latencies
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred = of((1..=100).rev());
        assert_eq!((hundred.percentile_ms(50), hundred.percentile_ms(99)), (Some(50.0), Some(99.0)));
    }

    #[test]
    fn of_few_latencies_the_slowest_is_the_99th_percentile() {
        assert_eq!(of([3, 1, 2].into_iter()).percentile_ms(99), Some(3.0));
        assert_eq!(of([7].into_iter()).percentile_ms(50), Some(7.0));
    }

    #[test]
    fn without_latencies_there_is_no_percentile() {
        assert_eq!(of(std::iter::empty()).percentile_ms(50), None);
    }
}
