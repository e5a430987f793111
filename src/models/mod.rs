//! `forebay models …`: the registry from a shell.
//!
//! Every command speaks to a [`Client`], whether a server is behind it or a database.

mod found;
mod list;
mod show;
mod versions;

mod promotion;
mod promote;
mod rollback;
mod history;
mod promotions;
mod decide;
mod policy;

mod download;

use forebay_client::{Client, Decision};
use forebay_serving::ModelSource;

use crate::cli::{ModelsArgs, ModelsCommand};
use crate::shell::advice::{self, Topic};
use crate::shell::connection::Connection;
use crate::shell::output::Output;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What was asked for is done.
    Done,
    /// A promotion waits for approvals.
    Waiting,
}

/// What every command has.
struct Session {
    client: Client,
    /// Where the files of versions are.
    source: Box<dyn ModelSource>,
    output: Output,
}

/// Runs one command against the registry that the flags and the environment name.
pub(crate) async fn run(args: ModelsArgs) -> anyhow::Result<Outcome> {
    let output = Output(args.target.shown.output);
    let topic = topic(&args.command);
    let connection = Connection::open(&args.target.origin, topic.tables()).await?;
    let session = Session { client: connection.client().clone(), source: connection.source(), output };
    let outcome = perform(&session, args.command).await;
    let outcome = outcome.map_err(|error| advice::added(error, connection.place(), topic));
    connection.close().await;
    outcome
}

fn topic(command: &ModelsCommand) -> Topic {
    match command {
        ModelsCommand::List(_)
        | ModelsCommand::Show(_)
        | ModelsCommand::Versions(_)
        | ModelsCommand::Download(_) => Topic::Models,
        _ => Topic::Promotions,
    }
}

async fn perform(session: &Session, command: ModelsCommand) -> anyhow::Result<Outcome> {
    match command {
        ModelsCommand::List(args) => list::run(session, args).await,
        ModelsCommand::Show(args) => show::run(session, args).await,
        ModelsCommand::Versions(args) => versions::run(session, args).await,
        ModelsCommand::Promote(args) => promote::run(session, args).await,
        ModelsCommand::Rollback(args) => rollback::run(session, args).await,
        ModelsCommand::History(args) => history::run(session, args).await,
        ModelsCommand::Promotions(args) => promotions::list(session, args).await,
        ModelsCommand::Promotion(args) => promotions::show(session, args).await,
        ModelsCommand::Approve(args) => decide::run(session, Decision::Approve, args).await,
        ModelsCommand::Reject(args) => decide::run(session, Decision::Reject, args).await,
        ModelsCommand::Cancel(args) => decide::run(session, Decision::Cancel, args).await,
        ModelsCommand::Policy(command) => policy::run(session, command).await,
        ModelsCommand::Download(args) => download::run(session, args).await,
    }
}
