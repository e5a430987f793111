//! When to ask again, and how long to wait before.
//!
//! Only what surely was not done is repeated: a refused connection, and the answers 429 and 503. A request that
//! broke off may have been done, and creating a run twice is worse than an error.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// How stubborn a client is. The waits double from `base_delay` up to `max_delay`.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// How often a request is repeated, at most; 0 asks once.
    pub max_retries: u32,
    /// The wait before the first repetition.
    pub base_delay: Duration,
    /// The longest wait, also when the server asks for a longer one.
    pub max_delay: Duration,
    /// The longest random addition to a wait, so that many clients do not come back at once.
    pub jitter: Duration,
}

impl Default for RetryPolicy {
    /// As the stock client: seven times, 2 s doubling to 2 min, up to 1 s more.
    fn default() -> Self {
        RetryPolicy {
            max_retries: 7,
            base_delay: Duration::from_secs(2),
            max_delay: Duration::from_mins(2),
            jitter: Duration::from_secs(1),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before repeating a request that was tried `n_tries` times; `None` gives up.
    pub(crate) fn wait(&self, n_tries: u32, outcome: &reqwest::Result<Response>) -> Option<Duration> {
        if n_tries > self.max_retries {
            return None;
        }
        let asked = match outcome {
            Ok(response) if is_busy(response.status()) => retry_after(response.headers()),
            Err(error) if error.is_connect() => None,
            Ok(_) | Err(_) => return None,
        };
        Some(self.delay(n_tries, asked, chance()))
    }

    /// The wait after `n_tries` ≥ 1 tries; `chance` is from 0 to 1.
    fn delay(&self, n_tries: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = self.base_delay.saturating_mul(2_u32.saturating_pow(n_tries - 1));
        asked.unwrap_or(doubled).min(self.max_delay) + self.jitter.mul_f64(chance)
    }
}

fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

/// The header in its form of seconds; a date would need a clock and servers of this API send none.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A number from 0 to 1. The standard library seeds its hashers from the system's random numbers, which is
/// random enough to keep clients apart.
fn chance() -> f64 {
    let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        max_retries: 3,
        base_delay: Duration::from_millis(100),
        max_delay: Duration::from_millis(350),
        jitter: Duration::from_millis(10),
    };

    #[test]
    fn waits_double_up_to_the_longest_and_jitter_comes_on_top() {
        let waits = [1, 2, 3, 40].map(|n_tries| POLICY.delay(n_tries, None, 0.0).as_millis());
        assert_eq!(waits, [100, 200, 350, 350]);
        assert_eq!(POLICY.delay(1, None, 1.0).as_millis(), 110);
    }

    #[test]
    fn the_servers_wish_counts_up_to_the_longest_wait() {
        assert_eq!(POLICY.delay(1, Some(Duration::from_millis(7)), 0.0).as_millis(), 7);
        assert_eq!(POLICY.delay(1, Some(Duration::from_mins(15)), 0.0).as_millis(), 350);
    }

    #[test]
    fn chance_stays_in_its_range_and_differs() {
        let (a, b) = (chance(), chance());
        assert!((0.0..=1.0).contains(&a) && (0.0..=1.0).contains(&b));
        assert!(a.to_bits() != b.to_bits());
    }
}
