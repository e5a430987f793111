//! What a caller asks for.

use forebay_core::invalid::Invalid;
use forebay_lake::AsOf;
use forebay_wire::features as wire;

use crate::model::requests::Which;
use crate::training_sets::Manifest;

/// The column of the time where nobody names another, as Feast has it.
const EVENT_TIME: &str = "event_timestamp";

/// A training set that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) from: From,
    /// None where the rows were sent.
    pub(crate) spine: Option<String>,
    pub(crate) event_time: String,
    /// None where the answer is the training set.
    pub(crate) output: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) as_of_ms: Option<i64>,
    pub(crate) memory_bytes: Option<u64>,
}

/// Where definitions come from.
#[derive(Debug, Clone)]
pub(crate) enum From {
    Service(Which),
    Manifest(Box<Manifest>),
}

impl Asked {
    /// Which version of a table is meant: that of the manifest, or that of the time.
    pub(crate) fn as_of(&self, pinned: Option<u64>) -> Option<AsOf> {
        match self.from {
            From::Manifest(_) => pinned.map(AsOf::Version),
            From::Service(_) => self.as_of_ms.map(AsOf::TimeMs),
        }
    }

    pub(crate) fn pin(&self) -> Option<&Manifest> {
        match &self.from {
            From::Manifest(manifest) => Some(manifest),
            From::Service(_) => None,
        }
    }
}

impl TryFrom<wire::MakeTrainingSet> for Asked {
    type Error = Invalid;

    fn try_from(message: wire::MakeTrainingSet) -> Result<Self, Invalid> {
        let pin: Option<Manifest> = message.pin.map(serde_json::from_value).transpose().map_err(|error| {
            Invalid::message(format!(
                "Invalid value for parameter 'pin' supplied: it is no manifest: {error}"
            ))
        })?;
        let of_pin = |field: fn(&Manifest) -> &String| pin.as_ref().map(|manifest| field(manifest).clone());
        let spine = message.spine.or_else(|| of_pin(|manifest| &manifest.spine.uri));
        let event_time = message.event_time.or_else(|| of_pin(|manifest| &manifest.event_time));
        let memory = message.memory.map(|bytes| bytes.0);
        let unusable = |bytes: i64| Invalid::value("memory", &bytes, "it is a number of bytes");
        let memory_bytes =
            memory.map(|bytes| u64::try_from(bytes).map_err(|_| unusable(bytes))).transpose()?;
        let from = if let Some(manifest) = pin {
            if message.service.is_some_and(|service| service != manifest.service.name) {
                let why = "Invalid value for parameter 'service' supplied: the manifest is of another one";
                return Err(Invalid::message(why));
            }
            From::Manifest(Box::new(manifest))
        } else {
            let (name, version) = (message.service, message.version);
            From::Service(Which::try_from(wire::GetServiceDefinitions { name, version })?)
        };
        Ok(Asked {
            from,
            spine,
            event_time: event_time.unwrap_or_else(|| EVENT_TIME.to_owned()),
            output: message.output.filter(|output| !output.is_empty()),
            as_of_ms: message.as_of.map(|time| time.0),
            memory_bytes,
        })
    }
}
