//! Trains a decision tree on wines with linfa, and logs run, metrics and model on a tracking server.
//!
//! `cargo run --example train_linfa -- --tracking-uri http://127.0.0.1:5000 --register wine`
//!
//! The URI that it prints is what serving takes. Credentials are read as in `log_run`; this one goes without.

use clap::Parser;
use forebay_client::{Batch, Client, MetricPoint, NewModel};
use forebay_core::clock::{Clock as _, SystemClock};
use forebay_linfa_flavor::{Fitted as _, Folder, Model, Origin};
use forebay_wire::enumeration::RunStatus;
use forebay_wire::logged_models::CreateLoggedModel;
use forebay_wire::runs::CreateRun;
use linfa::prelude::*;
use linfa_trees::DecisionTree;

/// How deep the tree may be.
const DEPTH: usize = 6;

#[derive(Parser)]
struct Args {
    /// The tracking server.
    #[arg(long, env = "MLFLOW_TRACKING_URI", default_value = "http://127.0.0.1:5000")]
    tracking_uri: String,
    /// Make the model the next version of this registered model.
    #[arg(long)]
    register: Option<String>,
}

/// Trains a tree; returns it together with the share of other wines that it gets right.
fn train() -> anyhow::Result<(Folder, f64)> {
    let wines = linfa_datasets::winequality();
    let columns = wines.feature_names().to_vec();
    let graded = wines.map_targets(|quality| if *quality > 5 { "good" } else { "ordinary" });
    let (train, others) = graded.split_with_ratio(0.8);
    let tree = DecisionTree::params().max_depth(Some(DEPTH)).min_weight_leaf(5.0).fit(&train)?;
    let predicted = tree.predict(&others);
    let n_right = predicted.iter().zip(others.targets()).filter(|(grade, target)| grade == target).count();
    let folder = Folder::new(Model::new(tree.to_parameters()?)?, columns)?;
    let [n_right, n_all] = [n_right, predicted.len()].map(u32::try_from);
    Ok((folder, f64::from(n_right?) / f64::from(n_all?)))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let client = Client::new(&args.tracking_uri)?;
    let experiment_id = client.find_or_create_experiment("Rust").await?;
    let start_time = Some(SystemClock.now_ms().into());
    let message =
        CreateRun { experiment_id: Some(experiment_id.clone()), start_time, ..CreateRun::default() };
    let run_id = client.create_run(&message).await?.run_id;

    let (folder, accuracy) = train()?;
    let now_ms = SystemClock.now_ms();
    let metric = MetricPoint { key: "accuracy", value: accuracy, timestamp_ms: now_ms, step: 0 };
    let params = Batch::default().param("max_depth", &DEPTH.to_string()).tag("language", "Rust");
    client.log_batch(&run_id, params.metric(metric)).await?;

    let message = CreateLoggedModel {
        experiment_id: Some(experiment_id),
        name: Some("wine".to_owned()),
        source_run_id: Some(run_id.clone()),
        ..CreateLoggedModel::default()
    };
    let origin = |new: &NewModel| Origin {
        artifact_uri: Some(new.artifact_uri.clone()),
        model_id: Some(new.model_id.clone()),
        run_id: Some(run_id.clone()),
    };
    let logged = client.log_model(&message, |new| folder.files(&origin(new))).await?;
    client.finish_run(&run_id, RunStatus::Finished, SystemClock.now_ms()).await?;

    println!("accuracy {accuracy:.3}: {}", logged.uri());
    if let Some(name) = &args.register {
        let version = client.register_logged_model(name, &logged, Some(&run_id)).await?;
        println!("models:/{name}/{}", version.version.unwrap_or_default());
    }
    Ok(())
}
