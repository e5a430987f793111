//! Where the time of a request went, for its caller.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::HeaderValue;

/// The value of `Server-Timing` (W3C), in milliseconds each.
pub(super) fn header(parts: &[(&str, Duration)]) -> Option<HeaderValue> {
    let mut text = String::with_capacity(96);
    for (name, duration) in parts {
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{name};dur={:.3}", duration.as_secs_f64() * 1e3);
    }
    HeaderValue::from_str(&text).ok()
}
