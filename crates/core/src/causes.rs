//! An error with its causes, on one line.

use std::error::Error;

/// The error and its causes, from the outside in. A cause whose text already stands at the end is not repeated.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Outer {
        text: &'static str,
        source: io::Error,
    }

    #[test]
    fn causes_follow_once_each() {
        let told = |text| with_causes(&Outer { text, source: io::Error::other("the disk is full") });
        assert_eq!(told("it is not written"), "it is not written: the disk is full");
        assert_eq!(told("a.csv: the disk is full"), "a.csv: the disk is full");
    }
}
