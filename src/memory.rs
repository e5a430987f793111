//! How much memory this machine has for this program.

use std::fs;

/// Where nothing says it.
const UNKNOWN: u64 = 4 << 30;

/// Half of the memory: that of the machine, or of the container that this program runs in.
pub(crate) fn half() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    // There is a number only in a container, and only where it has a bound.
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let container = container.and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(container).min().unwrap_or(UNKNOWN) / 2
}

/// `MemTotal:  16303412 kB`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_told_in_kibibytes() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       16303412 kB\n"), Some(16_303_412 * 1024));
        assert_eq!(total("nothing"), None);
        assert!(half() > 0);
    }
}
