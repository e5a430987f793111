//! Deliveries: an event on its way to one subscriber, and when it is tried again or given up.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use super::event_kind::Audience;

/// Longest wait before an attempt that is our own choice, in milliseconds.
const MAX_PAUSE_MS: i64 = 60_000;

/// Longest wait that a receiver may ask for, in milliseconds.
const MAX_ASKED_MS: i64 = 3_600_000;

/// How deliveries are sent; the operator decides.
#[derive(Debug, Clone)]
pub struct DeliveryRules {
    /// How long an attempt may take.
    pub timeout: Duration,
    /// Attempts after the first one.
    pub max_retries: u32,
    /// How long to wait before the second attempt; before the third twice as long, and so on up to a minute. As much
    /// again may be added by chance.
    pub first_pause: Duration,
    /// Deliveries under way at once, at least 1.
    pub max_workers: usize,
}

/// A row of the outbox.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) audience: Audience,
    pub(crate) subscriber_id: String,
    /// The body as it is sent.
    pub(crate) payload: String,
    pub(crate) failed_attempts: i64,
    /// When it is due, or when it is free again if somebody has it.
    pub(crate) next_attempt_ms: i64,
}

/// Payloads are long, and not everybody's to read.
impl fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "Delivery({} to {})", self.id, self.subscriber_id)
    }
}

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    /// Another attempt may do better, not before the receiver said.
    TryAgain {
        asked_pause_ms: Option<i64>,
        reason: String,
    },
    /// No other attempt will do better.
    Refused {
        reason: String,
    },
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Done,
    Retry { at_ms: i64, reason: String },
    GiveUp { reason: String },
}

impl Verdict {
    /// Judges an answer by its status and by how long it asks to wait.
    pub(crate) fn of_answer(status: u16, retry_after: Option<&str>, now_ms: i64) -> Self {
        let reason = format!("the receiver answered {status}");
        match status {
            200..300 => Verdict::Delivered,
            429 | 500 | 502 | 503 | 504 => {
                Verdict::TryAgain { asked_pause_ms: retry_after.and_then(|text| asked(text, now_ms)), reason }
            }
            413 if retry_after.is_some() => {
                Verdict::TryAgain { asked_pause_ms: retry_after.and_then(|text| asked(text, now_ms)), reason }
            }
            _ => Verdict::Refused { reason },
        }
    }

    /// What to do after the attempt that follows `failed_attempts` others; `chance` is anything.
    pub(crate) fn next(self, failed_attempts: i64, rules: &DeliveryRules, now_ms: i64, chance: u64) -> Next {
        match self {
            Verdict::Delivered => Next::Done,
            Verdict::Refused { reason } => Next::GiveUp { reason },
            Verdict::TryAgain { reason, .. } if failed_attempts >= i64::from(rules.max_retries) => {
                Next::GiveUp { reason }
            }
            Verdict::TryAgain { asked_pause_ms, reason } => {
                let pause_ms =
                    rules.pause_ms(failed_attempts, chance).max(asked_pause_ms.unwrap_or_default());
                Next::Retry { at_ms: now_ms + pause_ms, reason }
            }
        }
    }
}

impl DeliveryRules {
    /// A wait that doubles with every failure, and some more by chance, lest all who failed together come back together.
    fn pause_ms(&self, failed_attempts: i64, chance: u64) -> i64 {
        let first = i64::try_from(self.first_pause.as_millis()).unwrap_or(MAX_PAUSE_MS).min(MAX_PAUSE_MS);
        // More than twenty times twice as long is longer than a minute.
        let doubled = first.saturating_mul(1 << failed_attempts.clamp(0, 20)).min(MAX_PAUSE_MS);
        let jitter = chance % (first.unsigned_abs() + 1);
        doubled.saturating_add_unsigned(jitter)
    }
}

/// The header `Retry-After`: seconds, or a date.
fn asked(text: &str, now_ms: i64) -> Option<i64> {
    let text = text.trim();
    let asked = if let Ok(seconds) = text.parse::<u32>() {
        i64::from(seconds) * 1_000
    } else {
        let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(date.as_millis()).ok()? - now_ms
    };
    Some(asked.clamp(0, MAX_ASKED_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: DeliveryRules = DeliveryRules {
        timeout: Duration::from_secs(1),
        max_retries: 3,
        first_pause: Duration::from_secs(1),
        max_workers: 1,
    };

    fn try_again(asked_pause_ms: Option<i64>) -> Verdict {
        Verdict::TryAgain { asked_pause_ms, reason: String::new() }
    }

    fn retry_at(verdict: Verdict, failed_attempts: i64, chance: u64) -> Option<i64> {
        match verdict.next(failed_attempts, &RULES, 0, chance) {
            Next::Retry { at_ms, .. } => Some(at_ms),
            Next::Done | Next::GiveUp { .. } => None,
        }
    }

    #[test]
    fn pauses_double_and_end_after_the_last_retry() {
        let pauses: Vec<_> = (0..4).map(|failed| retry_at(try_again(None), failed, 0)).collect();
        assert_eq!(pauses, [Some(1_000), Some(2_000), Some(4_000), None]);
        assert_eq!(retry_at(try_again(None), 0, 1_000), Some(2_000));
        assert_eq!(retry_at(try_again(None), 0, 1_001), Some(1_000));
        assert_eq!(RULES.pause_ms(i64::MAX, 0), MAX_PAUSE_MS);
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_but_not_for_a_shorter_or_an_endless_one() {
        let asked = |header| retry_at(Verdict::of_answer(503, Some(header), 784_111_777_000), 0, 0);
        assert_eq!(asked("7"), Some(7_000));
        assert_eq!(asked("0"), Some(1_000));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:42 GMT"), Some(5_000));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT"), Some(1_000));
        assert_eq!(asked("4000000000"), Some(MAX_ASKED_MS));
        assert_eq!(asked("soon"), Some(1_000));
    }

    #[test]
    fn only_an_answer_that_may_change_is_asked_for_again() {
        let verdict = |status| Verdict::of_answer(status, None, 0);
        for status in [200, 202, 204] {
            assert_eq!(verdict(status), Verdict::Delivered, "{status}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert!(matches!(verdict(status), Verdict::TryAgain { .. }), "{status}");
        }
        for status in [302, 304, 307, 400, 404, 410, 413, 501] {
            assert!(matches!(verdict(status), Verdict::Refused { .. }), "{status}");
        }
        assert!(matches!(Verdict::of_answer(413, Some("1"), 0), Verdict::TryAgain { .. }));
    }
}
