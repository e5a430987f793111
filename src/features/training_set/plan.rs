//! From flags to what is built.

use std::io;
use std::path::Path;

use anyhow::Context as _;
use forebay_client::Client;
use forebay_core::clock::{Clock as _, SystemClock};
use forebay_features::{Blueprint, Manifest, Output, OutputFormat, Request};
use forebay_lake::Format;
use forebay_wire::features::GetServiceDefinitions;
use tempfile::TempDir;

use crate::cli::TrainingSetArgs;
use crate::memory;

/// The column of the time where nobody names another, as Feast has it.
const EVENT_TIME: &str = "event_timestamp";

/// A training set before it is built.
pub(super) struct Plan {
    pub(super) blueprint: Blueprint,
    pub(super) request: Request,
    /// The folder of intermediate files, gone when this is dropped.
    pub(super) spilled: TempDir,
}

impl Plan {
    pub(super) async fn of(client: &Client, args: &TrainingSetArgs) -> anyhow::Result<Self> {
        let pin = args.pin.as_deref().map(read_manifest).transpose()?;
        let blueprint = match &pin {
            Some(manifest) => pinned(manifest, args.service.as_deref())?,
            None => Blueprint::read(client.service_definitions(&service(args)).await?)?,
        };
        let spilled = tempfile::Builder::new().prefix("forebay-").tempdir();
        let spilled = spilled.context("there is no folder for intermediate files")?;
        let of_pin = |field: fn(&Manifest) -> &String| pin.as_ref().map(|manifest| field(manifest).clone());
        let event_time = args.event_time.clone().or_else(|| of_pin(|manifest| &manifest.event_time));
        let spine = args.spine.clone().or_else(|| of_pin(|manifest| &manifest.spine.uri));
        let request = Request {
            spine: spine.context("--spine is missing")?,
            event_time: event_time.unwrap_or_else(|| EVENT_TIME.to_owned()),
            output: output(&args.output),
            as_of_us: args.as_of.map(|as_of_ms| as_of_ms.saturating_mul(1_000)),
            memory_bytes: args.memory.unwrap_or_else(memory::half),
            spill_folder: spilled.path().to_owned(),
            now_ms: SystemClock.now_ms(),
            pin,
        };
        Ok(Plan { blueprint, request, spilled })
    }
}

fn service(args: &TrainingSetArgs) -> GetServiceDefinitions {
    GetServiceDefinitions { name: args.service.clone(), version: args.service_version.map(Into::into) }
}

fn read_manifest(path: &Path) -> anyhow::Result<Manifest> {
    let unreadable = || format!("{} cannot be read as a manifest", path.display());
    let text = std::fs::read(path).with_context(unreadable)?;
    serde_json::from_slice(&text).with_context(unreadable)
}

fn pinned(manifest: &Manifest, service: Option<&str>) -> anyhow::Result<Blueprint> {
    let blueprint = Blueprint::of_manifest(manifest)?;
    let name = blueprint.service_name();
    if let Some(other) = service.filter(|service| *service != name) {
        anyhow::bail!("the manifest is of the service '{name}', and not of '{other}'");
    }
    Ok(blueprint)
}

/// What an address becomes.
fn output(uri: &str) -> Output {
    if uri == "-" {
        return Output::Stream(Box::new(io::stdout()));
    }
    let format = Format::of_path(uri).map_or(OutputFormat::Delta, OutputFormat::File);
    Output::Table { uri: uri.to_owned(), format }
}
