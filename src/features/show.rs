//! `forebay features show`.

use forebay_client::Client;
use forebay_wire::features::{KeptFeaturesList, NamedFeatures};

use super::list::version;
use crate::cli::{DefinitionArgs, OneDefinitionArgs};
use crate::shell::output::Output;
use crate::shell::table::Table;

pub(super) async fn run(client: &Client, args: DefinitionArgs) -> anyhow::Result<()> {
    let output = Output(args.shown.output);
    let message = NamedFeatures { version: args.version.map(Into::into), ..named(args.which) };
    if args.history {
        let answer = KeptFeaturesList { definitions: client.features_history(&message).await? };
        return output.show(&answer, || {
            let mut table = Table::new(["VERSION", "SINCE", "BY", "DELETED"]);
            for kept in &answer.definitions {
                let [version, since, by] = version(kept);
                let deleted = if kept.is_deleted == Some(true) { "yes" } else { "" };
                table.row([version, since, by, deleted.into()]);
            }
            table.to_string()
        });
    }
    let kept = client.get_features(&message).await?;
    output.show(&kept, || kept.yaml.clone().unwrap_or_default())
}

/// The message that names a definition.
pub(super) fn named(which: OneDefinitionArgs) -> NamedFeatures {
    let kind = which.kind.map(|kind| kind.as_str().to_owned());
    NamedFeatures { name: Some(which.name), kind, version: None }
}
