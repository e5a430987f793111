//! What a command says on standard output.

use std::io::{self, ErrorKind, Write};

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
            OutputFormat::Json => print(&serde_json::to_string_pretty(message)?, Stream::Output),
            OutputFormat::Table => print(&text(), Stream::Output),
        }
    }
}

/// Where a command says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

impl Stream {
    /// Where a command tells what it did whose table goes to `output`: not into the table.
    pub(crate) fn beside(output: &str) -> Self {
        if output == "-" { Stream::Error } else { Stream::Output }
    }
}

/// Says a text and ends its line. Whoever reads may stop reading; that is no failure.
pub(crate) fn print(text: &str, stream: Stream) -> anyhow::Result<()> {
    let (mut target, name): (Box<dyn Write>, _) = match stream {
        Stream::Output => (Box::new(io::stdout().lock()), "output"),
        Stream::Error => (Box::new(io::stderr().lock()), "error"),
    };
    match writeln!(target, "{}", text.trim_end()).and_then(|()| target.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).with_context(|| format!("standard {name} cannot be written"))
        }
        _ => Ok(()),
    }
}

/// Tells on standard error that a listing is not complete.
pub(crate) fn tell_of_more(has_more: bool) {
    if has_more {
        let _ = writeln!(io::stderr(), "there are more; --limit shows them");
    }
}
