//! `forebay features …`: the feature store from a shell.
//!
//! As with `forebay models`, every command speaks to a client, whether a server is behind it or a database.

mod files;

mod apply;
mod list;
mod show;
mod delete;
mod training_set;

use forebay_client::Client;

use crate::cli::{FeaturesArgs, FeaturesCommand};
use crate::shell::advice::{self, Topic};
use crate::shell::connection::Connection;

/// Runs one command against the server or the database that the flags and the environment name.
pub(crate) async fn run(args: FeaturesArgs) -> anyhow::Result<()> {
    let connection = Connection::open(&args.origin, Topic::Features.tables()).await?;
    let done = perform(connection.client(), args.command).await;
    let done = done.map_err(|error| advice::added(error, connection.place(), Topic::Features));
    connection.close().await;
    done
}

async fn perform(client: &Client, command: FeaturesCommand) -> anyhow::Result<()> {
    match command {
        FeaturesCommand::Plan(args) => apply::plan(client, args).await,
        FeaturesCommand::Apply(args) => apply::apply(client, args).await,
        FeaturesCommand::List(args) => list::run(client, args).await,
        FeaturesCommand::Show(args) => show::run(client, args).await,
        FeaturesCommand::Delete(args) => delete::run(client, args).await,
        FeaturesCommand::TrainingSet(args) => training_set::run(client, *args).await,
    }
}
