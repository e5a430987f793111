//! What is said of an expectation that does not hold.

use arrow::array::TimestampMicrosecondArray;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::model::expectation::Otherwise;

/// One expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// A clause without a full stop, as in "feature 'temp' is null in 12 of 26,115 rows".
    pub(crate) text: String,
    pub(crate) otherwise: Otherwise,
}

/// A count as people read it: `26,115`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds since the epoch as a time in UTC.
pub(super) fn moment(micros: i64) -> Result<String, ArrowError> {
    let times = TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC");
    Ok(ArrayFormatter::try_new(&times, &FormatOptions::new())?.value(0).to_string())
}
