//! `forebay features delete`.

use forebay_client::Client;

use super::list::kind_in_words;
use super::show::named;
use crate::cli::DeleteDefinitionArgs;
use crate::shell::output::Output;
use crate::shell::table::plain;

pub(super) async fn run(client: &Client, args: DeleteDefinitionArgs) -> anyhow::Result<()> {
    let gone = client.delete_features(&named(args.which)).await?;
    Output(args.shown.output).show(&gone, || {
        let kind = kind_in_words(gone.kind.as_deref());
        format!(
            "The {} {} is deleted; its versions stay.",
            kind,
            plain(gone.name.as_deref().unwrap_or_default())
        )
    })
}
