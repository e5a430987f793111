//! The name of a job: whoever starts one again under its name means the same by it.

use std::fmt;
use std::str::FromStr;

/// The name of a job: letters, digits, `-`, `_` and `.`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobId(String);

impl FromStr for JobId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = (1..=64).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let reason =
            "a job's id has up to 64 letters, digits, '-', '_' and '.', and begins with one of the first two";
        if is_name { Ok(JobId(text.to_owned())) } else { Err(reason.to_owned()) }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_begins_with_a_letter_or_a_digit() {
        for name in ["a", "2026-11-26", "nightly_3.b", &"x".repeat(64)] {
            assert_eq!(name.parse::<JobId>().unwrap().to_string(), name);
        }
        for name in ["", "-a", "a b", "a/b", "é", &"x".repeat(65)] {
            assert!(name.parse::<JobId>().is_err(), "{name}");
        }
    }
}
