//! What a command says on standard output.

use std::io::{self, ErrorKind, Write as _};

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::OutputFormat;

/// How answers look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output(pub(crate) OutputFormat);

impl Output {
    /// Shows a message of the API: as it is for programs, as `text` for people.
    pub(crate) fn show(self, message: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        match self.0 {
            OutputFormat::Json => print(&serde_json::to_string_pretty(message)?),
            OutputFormat::Table => print(&text()),
        }
    }
}

/// Whoever reads may stop reading; that is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(()),
    }
}

/// Tells on standard error that a listing is not complete.
pub(super) fn tell_of_more(has_more: bool) {
    if has_more {
        let _ = writeln!(io::stderr(), "there are more; --limit shows them");
    }
}
