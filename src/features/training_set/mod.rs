//! `forebay features training-set`: definitions come from a server or a database, and the join runs here, with the rights of
//! whoever runs it.

mod manifest_file;
mod plan;
mod progress;
mod record;
mod report;

use std::sync::Arc;

use anyhow::Context as _;
use forebay_client::Client;
use forebay_features::{Built, build};

use crate::cli::TrainingSetArgs;
use crate::lake;
use crate::stop::StopSignals;
use manifest_file::ManifestFile;
use plan::Plan;
use progress::Position;
use record::Record;

pub(super) async fn run(client: &Client, args: TrainingSetArgs) -> anyhow::Result<()> {
    let record = match &args.run {
        Some(run_id) => Some(Record::begin(client, run_id).await?),
        None => None,
    };
    let plan = Plan::of(client, &args).await?;
    // Before the build: rows that are written and not pinned would be written again.
    let manifest = args.manifest.as_deref().map(ManifestFile::create).transpose()?;
    let (output, spine) = (args.output.clone(), plan.request.spine.to_string());
    let built = make(plan).await?;
    if let Some(file) = manifest {
        file.write(&built.manifest)?;
    }
    if let Some(record) = record {
        record.end(&output, &built).await;
    }
    report::tell(&report::Summary { output: &output, spine: &spine, built: &built }, args.summary)
}

/// Builds it on a thread of its own, until it is there or somebody interrupts.
async fn make(plan: Plan) -> anyhow::Result<Built> {
    let lake = lake::open()?;
    let position = Arc::new(Position::default());
    let shown = progress::start(&position);
    let Plan { blueprint, request, spilled } = plan;
    let watched = Arc::clone(&position);
    let mut building = tokio::task::spawn_blocking(move || {
        let built = build(&lake, &blueprint, request, &*watched);
        drop(spilled);
        built
    });
    let stop = StopSignals::listen()?;
    let ended = tokio::select! {
        ended = &mut building => ended,
        () = stop.first() => {
            position.cancel();
            building.await
        }
    };
    drop(shown);
    Ok(ended.context("the thread of the build is gone")??)
}
