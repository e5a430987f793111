//! From flags to what is built.

use std::io;
use std::path::{self, Path};

use anyhow::Context as _;
use forebay_client::Client;
use forebay_core::clock::{Clock as _, SystemClock};
use forebay_features::{Blueprint, Existing, Locations, Manifest, Output, Request, Room, Spine, Wanted};
use forebay_wire::features::GetServiceDefinitions;
use tempfile::TempDir;

use crate::cli::TrainingSetArgs;
use crate::memory;

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
            Some(manifest) => Blueprint::of_manifest(manifest, args.service.as_deref())?,
            None => Blueprint::read(client.service_definitions(&service(args)).await?)?,
        };
        let spilled = tempfile::Builder::new().prefix("forebay-").tempdir();
        let spilled = spilled.context("there is no folder for intermediate files")?;
        let wanted = Wanted {
            spine: args.spine.as_deref().map(absolute).transpose()?.map(Spine::Table),
            event_time: args.event_time.clone(),
            as_of_ms: args.as_of,
            pin,
            job_id: args.job_id.clone(),
        };
        let room = Room {
            locations: Locations::Everywhere,
            memory_bytes: args.memory.unwrap_or_else(memory::half),
            spill_folder: spilled.path().to_owned(),
            now_ms: SystemClock.now_ms(),
        };
        let request = Request::of(wanted, output(&args.output), room).context("--spine is missing")?;
        Ok(Plan { blueprint, request, spilled })
    }
}

fn service(args: &TrainingSetArgs) -> GetServiceDefinitions {
    GetServiceDefinitions { name: args.service.clone(), version: args.service_version.map(Into::into) }
}

/// The address that a manifest names: a path of this machine has to be found from any other folder, too.
fn absolute(spine: &str) -> anyhow::Result<String> {
    if spine == "-" || spine.contains("://") {
        return Ok(spine.to_owned());
    }
    let path = path::absolute(spine).with_context(|| format!("--spine {spine:?} is no path"))?;
    path.into_os_string().into_string().ok().context("the current folder's name is not UTF-8")
}

fn read_manifest(path: &Path) -> anyhow::Result<Manifest> {
    let unreadable = || format!("{} cannot be read as a manifest", path.display());
    let text = std::fs::read(path).with_context(unreadable)?;
    serde_json::from_slice(&text).with_context(unreadable)
}

/// What an address becomes.
fn output(uri: &str) -> Output {
    if uri == "-" {
        return Output::Stream(Box::new(io::stdout()));
    }
    Output::table(uri, Existing::Replace)
}
