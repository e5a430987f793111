//! What a caller asks for.

use forebay_core::invalid::Invalid;
use forebay_core::job_id::JobId;
use forebay_wire::features as wire;
use serde_json::Value;

use crate::model::requests::Which;
use crate::training_sets::{Blueprint, Existing, Manifest, OutputFormat, Spine, Wanted};

/// A training set that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) from: From,
    pub(crate) wanted: Wanted,
    /// None where the answer is the training set.
    pub(crate) output: Option<String>,
    /// What becomes of a file that is where the output goes.
    pub(crate) existing: Existing,
    pub(crate) memory_bytes: Option<u64>,
}

/// Where definitions come from.
#[derive(Debug, Clone)]
pub(crate) enum From {
    Service(Which),
    Manifest(Box<Blueprint>),
}

impl TryFrom<wire::MakeTrainingSet> for Asked {
    type Error = Invalid;

    fn try_from(message: wire::MakeTrainingSet) -> Result<Self, Invalid> {
        let (version, as_of_ms) =
            (message.version.map(|version| version.0), message.as_of.map(|time| time.0));
        let pin = message.pin.map(manifest).transpose()?;
        let unknown = |time_ms: i64| Invalid::value("as_of", &time_ms, "it is too far from now");
        let as_of_ms = as_of_ms.map(|time_ms| {
            let is_known = time_ms.checked_mul(1_000).is_some();
            if is_known { Ok(time_ms) } else { Err(unknown(time_ms)) }
        });
        let as_of_ms = as_of_ms.transpose()?;
        let from = match &pin {
            Some(manifest) => {
                for (field, given) in [("version", version), ("as_of", as_of_ms)] {
                    let pinned = |given| Invalid::value(field, &given, "with 'pin', the manifest says it");
                    given.map_or(Ok(()), |given| Err(pinned(given)))?;
                }
                From::Manifest(Box::new(Blueprint::of_manifest(manifest, message.service.as_deref())?))
            }
            None => From::Service(Which::service("service", message.service, version)?),
        };
        let job_id = message.job_id.as_deref().map(job_id).transpose()?;
        let memory = message.memory.map(|bytes| bytes.0);
        let unusable = |bytes: i64| Invalid::value("memory", &bytes, "it is a number of bytes");
        let memory_bytes =
            memory.map(|bytes| u64::try_from(bytes).map_err(|_| unusable(bytes))).transpose()?;
        let output = message.output.filter(|output| !output.is_empty());
        let existing = existing(output.as_deref(), message.overwrite)?;
        let (spine, event_time) = (message.spine.map(Spine::Table), message.event_time);
        Ok(Asked {
            from,
            wanted: Wanted { spine, event_time, as_of_ms, pin, job_id },
            output,
            existing,
            memory_bytes,
        })
    }
}

fn job_id(text: &str) -> Result<JobId, Invalid> {
    text.parse().map_err(|reason: String| Invalid::value("job_id", &text, &reason))
}

/// A file is replaced where that is asked for. It is refused for what is no file: rows of a Delta table would stay.
fn existing(output: Option<&str>, overwrite: Option<bool>) -> Result<Existing, Invalid> {
    if overwrite != Some(true) {
        return Ok(Existing::Keep);
    }
    let why = match output.map(OutputFormat::of_path) {
        Some(OutputFormat::File(_)) => return Ok(Existing::Replace),
        Some(OutputFormat::Delta) => "the output is a Delta table, to which rows are added",
        None => "there is no 'output'",
    };
    Err(Invalid::value("overwrite", &true, why))
}

/// Reads a manifest: JSON, or in a query its text.
fn manifest(pin: Value) -> Result<Manifest, Invalid> {
    let read = match pin {
        Value::String(text) => serde_json::from_str(&text),
        pin => serde_json::from_value(pin),
    };
    read.map_err(|error| {
        Invalid::message(format!("Invalid value for parameter 'pin' supplied: it is no manifest: {error}"))
    })
}
