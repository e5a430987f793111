//! What a build says at its end.

use std::fmt::Write as _;

use forebay_features::Built;
use serde_json::json;

use crate::cli::SummaryFormat;
use crate::shell::output::{Stream, print};
use crate::shell::table::{Cell, Table};

/// What there is to tell.
pub(super) struct Summary<'a> {
    pub(super) output: &'a str,
    pub(super) spine: &'a str,
    pub(super) built: &'a Built,
}

/// Tells it on standard output, unless that is where the training set went.
pub(super) fn tell(summary: &Summary<'_>, format: SummaryFormat) -> anyhow::Result<()> {
    let text = match format {
        SummaryFormat::Text => text(summary),
        SummaryFormat::Json => json(summary).to_string(),
    };
    print(&text, Stream::beside(summary.output))
}

fn json(summary: &Summary<'_>) -> serde_json::Value {
    json!({
        "output": summary.output,
        "output_version": summary.built.output_version,
        "manifest": summary.built.manifest,
        "audit": summary.built.audit,
    })
}

fn text(summary: &Summary<'_>) -> String {
    let Built { manifest, audit, output_version } = summary.built;
    let version = output_version.map(|version| format!(", version {version}")).unwrap_or_default();
    let mut text = format!(
        "{} rows of {} with the features of {}, version {}, to {}{version}\n",
        audit.n_rows, summary.spine, manifest.service.name, manifest.service.version, summary.output
    );
    let mut table = Table::new(["VIEW", "ROWS READ", "MATCHED", "EXPIRED", "MISSING", "NOT YET KNOWN"]);
    for view in &audit.views {
        let number = |number: u64| Cell::from(number.to_string());
        table.row([
            view.view.clone().into(),
            number(view.n_rows_read),
            number(view.n_matched),
            number(view.n_expired),
            number(view.n_missing),
            number(view.n_not_yet_known),
        ]);
    }
    // Writing to a text does not fail.
    let _ = write!(text, "{table}");
    for warning in &audit.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = writeln!(text, "rows hash {}", manifest.rows_hash);
    text
}
