//! How a command that failed tells the operator why: one line, from the outside to the cause.

use forebay_core::causes::with_causes;

/// The error and its causes. What a server says may hold line ends, and characters that move a terminal's cursor: they become
/// spaces.
pub(crate) fn line(error: &anyhow::Error) -> String {
    with_causes(error.as_ref()).replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    #[test]
    fn causes_follow_once_each() {
        let error = anyhow!("no such role").context("refused: no such role").context("cannot open");
        assert_eq!(super::line(&error), "cannot open: refused: no such role");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(super::line(&anyhow!("a\nb\u{1b}[2J")), "a b [2J");
    }
}
