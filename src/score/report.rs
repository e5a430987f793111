//! What a job says at its end, and what it would do.

use forebay_batch::{Plan, Summary};
use serde::Serialize;

use crate::cli::{ScoreArgs, SummaryFormat};
use crate::shell::output::{Stream, print};

/// Says what a job would do, on standard output.
pub(super) fn plan(plan: &Plan, format: SummaryFormat) -> anyhow::Result<()> {
    print(&shown(plan, format, plan_text)?, Stream::Output)
}

/// Says what a job did: on standard output, unless that is where the table went.
pub(super) fn summary(summary: &Summary, args: &ScoreArgs) -> anyhow::Result<()> {
    print(&shown(summary, args.work.summary, summary_text)?, Stream::beside(&args.output))
}

fn shown<T: Serialize>(
    value: &T,
    format: SummaryFormat,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<String> {
    match format {
        SummaryFormat::Text => Ok(text(value)),
        SummaryFormat::Json => Ok(serde_json::to_string(value)?),
    }
}

fn plan_text(plan: &Plan) -> String {
    let n_rows = match (plan.n_rows, plan.is_exact) {
        (Some(n_rows), true) => format!("{n_rows} rows"),
        (Some(n_rows), false) => format!("about {n_rows} rows"),
        (None, _) => "an unknown number of rows".to_owned(),
    };
    let before = match (plan.is_done, plan.n_rows_before) {
        (true, _) => "an earlier try has done all".to_owned(),
        (false, 0) => "nothing".to_owned(),
        (false, n_rows) => format!("{n_rows} rows"),
    };
    let lines = [
        ("job", plan.job_id.clone()),
        ("model", format!("{} ({} on {})", plan.model, plan.platform, plan.device)),
        ("input", format!("{}: {n_rows} in {} files", plan.input, plan.n_files)),
        ("inputs", format!("{} columns", plan.n_inputs)),
        ("output", plan.output.clone()),
        ("kept", plan.kept.join(", ")),
        ("predictions", plan.predictions.join(", ")),
        ("engines", format!("{}, with {} rows at once", plan.n_lanes, plan.chunk_rows)),
        ("measured", format!("{:.0} rows/s for each", plan.rows_per_second_per_lane)),
        ("done before", before),
    ];
    lines.map(|(name, value)| format!("{name:<12} {value}")).join("\n")
}

fn summary_text(summary: &Summary) -> String {
    let Summary { n_rows, n_rejected, seconds, rows_per_second, output, job_id, .. } = summary;
    let did = match summary.n_files {
        0 => format!("{n_rows} rows, all of them done before"),
        _ => format!("{n_rows} rows in {seconds:.1} s ({rows_per_second:.0} rows/s)"),
    };
    let rest = if summary.is_complete { "" } else { "; other shares are still missing" };
    format!("{did}, {n_rejected} rejected, to {output} as job {job_id}{rest}")
}
