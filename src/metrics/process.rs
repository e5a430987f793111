//! What the system knows of this process, under the names that Prometheus' own client libraries give it. It is read
//! from `/proc` at every scrape; what is not there is left out.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Linux tells processor time in hundredths of a second, whatever its own clock ticks.
const TICKS_PER_SECOND: f64 = 100.0;

/// The process that this is.
#[derive(Debug)]
pub(crate) struct ProcessMetrics {
    start_time_ms: i64,
}

impl ProcessMetrics {
    pub(crate) fn new(start_time_ms: i64) -> Self {
        Self { start_time_ms }
    }
}

impl Collector for ProcessMetrics {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a double")]
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut process = Encoder(encoder);
        let start_time_s = self.start_time_ms as f64 / 1_000.0;
        process.gauge(
            "process_start_time_seconds",
            "When the server began, in seconds since 1970",
            start_time_s,
        )?;
        if let Some(seconds) = read("stat").as_deref().and_then(cpu_seconds) {
            process.counter("process_cpu_seconds", "Processor time used, in seconds", seconds)?;
        }
        let status = read("status").unwrap_or_default();
        if let Some(kib) = number_after("VmRSS:", &status) {
            process.gauge("process_resident_memory_bytes", "Memory in use", kib * 1024.0)?;
        }
        if let Some(kib) = number_after("VmSize:", &status) {
            process.gauge("process_virtual_memory_bytes", "Address space in use", kib * 1024.0)?;
        }
        if let Some(n_threads) = number_after("Threads:", &status) {
            process.gauge("process_threads", "Threads", n_threads)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is open for this very count.
            process.gauge("process_open_fds", "Open file descriptors", open.count() as f64 - 1.0)?;
        }
        match read("limits").as_deref().and_then(|limits| number_after("Max open files", limits)) {
            Some(limit) => process.gauge("process_max_fds", "File descriptors that may be open", limit),
            None => Ok(()),
        }
    }
}

fn read(file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/self/{file}")).ok()
}

/// The first number of the line that begins with `label`.
fn number_after(label: &str, lines: &str) -> Option<f64> {
    let rest = lines.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The 14th and 15th field of `stat`; the second is a name in parentheses and may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = rest.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some((ticks.next()?? + ticks.next()??) / TICKS_PER_SECOND)
}

struct Encoder<'a>(DescriptorEncoder<'a>);

impl Encoder<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(name, help, None, counter.metric_type())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_the_label_of_their_line() {
        let status = "Name:\tforebay\nVmSize:\t  2048 kB\nThreads:\t7\n";
        assert_eq!(number_after("VmSize:", status), Some(2_048.0));
        assert_eq!(number_after("Threads:", status), Some(7.0));
        assert_eq!(number_after("VmRSS:", status), None);
        let limits = "Max open files            1024                 524288               files\n";
        assert_eq!(number_after("Max open files", limits), Some(1_024.0));
        assert_eq!(number_after("Max open files", "Max open files  unlimited  unlimited"), None);
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 99";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
    }
}
