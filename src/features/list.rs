//! `forebay features list`.

use forebay_client::Client;
use forebay_wire::features::{KeptFeatures, KeptFeaturesList, ListFeatures};

use crate::cli::DefinitionsArgs;
use crate::shell::output::Output;
use crate::shell::table::{Cell, Table, plain};
use crate::shell::words::utc;

pub(super) async fn run(client: &Client, args: DefinitionsArgs) -> anyhow::Result<()> {
    let message = ListFeatures { kind: args.kind.map(|kind| kind.as_str().to_owned()) };
    let answer = KeptFeaturesList { definitions: client.list_features(&message).await? };
    Output(args.shown.output).show(&answer, || {
        let mut table = Table::new(["KIND", "NAME", "VERSION", "SINCE", "BY"]);
        for kept in &answer.definitions {
            let [version, since, by] = version(kept);
            table.row([kept.kind.clone().into(), kept.name.clone().into(), version, since, by]);
        }
        table.to_string()
    })
}

/// The number of a version, and when and by whom it was made.
pub(super) fn version(kept: &KeptFeatures) -> [Cell; 3] {
    [
        kept.version.map(|version| version.0.to_string()).into(),
        utc(kept.creation_timestamp).into(),
        kept.created_by.clone().into(),
    ]
}

/// `feature view` of `feature_view`.
pub(super) fn kind_in_words(kind: Option<&str>) -> String {
    match kind {
        Some("on_demand_view") => "on-demand view".to_owned(),
        kind => plain(&kind.unwrap_or_default().replace('_', " ")),
    }
}
