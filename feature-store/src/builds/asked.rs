//! What a caller asks for.

use forebay_core::invalid::Invalid;
use forebay_core::job_id::JobId;
use forebay_wire::features as wire;
use serde_json::Value;

use crate::model::requests::Which;
use crate::training_sets::{Blueprint, Manifest, Spine, Wanted};

/// A training set that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) from: From,
    pub(crate) wanted: Wanted,
    /// None where the answer is the training set.
    pub(crate) output: Option<String>,
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
        let (spine, event_time) = (message.spine.map(Spine::Table), message.event_time);
        Ok(Asked {
            from,
            wanted: Wanted { spine, event_time, as_of_ms, pin, job_id },
            output: message.output.filter(|output| !output.is_empty()),
            memory_bytes,
        })
    }
}

fn job_id(text: &str) -> Result<JobId, Invalid> {
    text.parse().map_err(|reason: String| Invalid::value("job_id", &text, &reason))
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
