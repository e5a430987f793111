//! Logs a run on a tracking server, Forebay's or MLflow's: params, a metric per step, an artifact.
//!
//! `cargo run --example log_run -- --tracking-uri http://127.0.0.1:5000`

use std::fmt::Write as _;

use clap::Parser;
use forebay_client::{Batch, Client, Credentials, MetricPoint, Options};
use forebay_core::clock::{Clock as _, SystemClock};
use forebay_wire::enumeration::RunStatus;
use forebay_wire::runs::CreateRun;

/// Learning rate and number of steps of what we pretend to train.
const RATE: f64 = 0.2;
const STEPS: i64 = 50;

#[derive(Parser)]
struct Args {
    /// The tracking server.
    #[arg(long, env = "MLFLOW_TRACKING_URI", default_value = "http://127.0.0.1:5000")]
    tracking_uri: String,
    #[arg(long, env = "MLFLOW_TRACKING_USERNAME", requires = "password")]
    username: Option<String>,
    #[arg(long, env = "MLFLOW_TRACKING_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    #[arg(long, env = "MLFLOW_TRACKING_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl Args {
    fn credentials(&self) -> Credentials {
        match (&self.username, &self.password, &self.token) {
            (Some(user), Some(password), _) => {
                Credentials::Basic { user: user.clone(), password: password.clone() }
            }
            (_, _, Some(token)) => Credentials::Bearer(token.clone()),
            _ => Credentials::None,
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let options = Options { credentials: args.credentials(), ..Options::default() };
    let client = Client::with_options(&args.tracking_uri, options)?;
    let experiment_id = client.find_or_create_experiment("Rust").await?;
    let run = client
        .create_run(&CreateRun {
            experiment_id: Some(experiment_id.clone()),
            start_time: Some(SystemClock.now_ms().into()),
            ..CreateRun::default()
        })
        .await?;

    let params = Batch::default().param("rate", &RATE.to_string()).param("steps", &STEPS.to_string());
    client.log_batch(&run.run_id, params.tag("language", "Rust")).await?;
    let errors = train(&client, &run.run_id).await?;
    client.upload_artifact(&run.artifact_uri, "errors.csv", errors).await?;
    client.finish_run(&run.run_id, RunStatus::Finished, SystemClock.now_ms()).await?;

    let uri = args.tracking_uri.trim_end_matches('/');
    println!("{}: {uri}/#/experiments/{experiment_id}/runs/{}", run.run_name, run.run_id);
    Ok(())
}

/// Finds the square root of 2 by small steps and logs how far off each of them is; returns the same as CSV.
async fn train(client: &Client, run_id: &str) -> anyhow::Result<String> {
    let mut guess = 1.0;
    let mut table = "step,error\n".to_owned();
    for step in 0..STEPS {
        guess -= RATE * (guess * guess - 2.0);
        let value: f64 = (guess * guess - 2.0_f64).abs();
        client
            .log_metric(run_id, MetricPoint { key: "error", value, timestamp_ms: SystemClock.now_ms(), step })
            .await?;
        writeln!(table, "{step},{value}")?;
    }
    Ok(table)
}
