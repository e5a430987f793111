//! `forebay features plan` and `forebay features apply`.

use std::fmt::Write as _;

use forebay_client::Client;
use forebay_wire::features::{FeatureChange, FeatureChanges, FieldChange};

use super::files;
use super::list::kind_in_words;
use crate::cli::DefinitionFilesArgs;
use crate::shell::output::Output;
use crate::shell::table::plain;

/// Whether it is done or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tense {
    Would,
    Did,
}

pub(super) async fn plan(client: &Client, args: DefinitionFilesArgs) -> anyhow::Result<()> {
    let changes = client.plan_features(&files::read(&args.files)?).await?;
    tell(Output(args.shown.output), changes, Tense::Would)
}

pub(super) async fn apply(client: &Client, args: DefinitionFilesArgs) -> anyhow::Result<()> {
    let changes = client.apply_features(&files::read(&args.files)?).await?;
    tell(Output(args.shown.output), changes, Tense::Did)
}

fn tell(output: Output, changes: Vec<FeatureChange>, tense: Tense) -> anyhow::Result<()> {
    let answer = FeatureChanges { changes };
    output.show(&answer, || text(&answer.changes, tense))
}

/// A line for each that is created or changed, with its fields, and a last one that counts.
fn text(all: &[FeatureChange], tense: Tense) -> String {
    let mut text = String::new();
    let mut counts = [0_usize; 3];
    for change in all {
        let (mark, place) = match change.change.as_deref() {
            Some("created") => ('+', 0),
            Some("changed") => ('~', 1),
            _ => (' ', 2),
        };
        counts[place] += 1;
        if place < 2 {
            let version = change.version.map_or(1, |version| version.0);
            // Writing to a text does not fail.
            let _ = writeln!(text, "{mark} {} {} (version {version})", kind(change), name(change));
        }
        for FieldChange { field, from, to } in &change.fields {
            let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), plain);
            let field = plain(field.as_deref().unwrap_or_default());
            let _ = writeln!(text, "    {field}: {} → {}", shown(from), shown(to));
        }
    }
    let [created, changed, same] = counts;
    let _ = match tense {
        Tense::Would => {
            writeln!(text, "{created} would be created, {changed} changed; {same} stay as they are.")
        }
        Tense::Did => writeln!(text, "{created} created, {changed} changed; {same} stay as they were."),
    };
    text
}

fn kind(change: &FeatureChange) -> String {
    kind_in_words(change.kind.as_deref())
}

fn name(change: &FeatureChange) -> String {
    plain(change.name.as_deref().unwrap_or_default())
}
