//! How a command that failed tells the operator why: one line, from the outside to the cause.

/// The error and its causes. A cause whose text already stands at the end is not repeated.
pub(crate) fn line(error: &anyhow::Error) -> String {
    error.chain().skip(1).map(ToString::to_string).fold(error.to_string(), |line, cause| {
        if line.ends_with(&cause) { line } else { format!("{line}: {cause}") }
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    #[test]
    fn causes_follow_once_each() {
        let error = anyhow!("no such role").context("refused: no such role").context("cannot open");
        assert_eq!(super::line(&error), "cannot open: refused: no such role");
    }
}
