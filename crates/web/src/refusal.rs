//! Why a request was turned away before its handler saw it: a mark on the answer, for the metrics.

use std::fmt::{self, Write as _};

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

/// What turned a request away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// The `Host` header names none of ours.
    Host,
    /// A foreign page asked, or asked whether it may.
    Origin,
    /// The JSON body is longer than one may be.
    BodyLength,
    /// All JSON bodies together hold as much as they may.
    BodyMemory,
}

impl Refusal {
    pub(crate) const ALL: [Refusal; 4] =
        [Refusal::Host, Refusal::Origin, Refusal::BodyLength, Refusal::BodyMemory];

    /// Whether a guard against browsers refused it. MLflow's stand before its metrics, which count none of these.
    pub(crate) fn is_by_guard(self) -> bool {
        match self {
            Refusal::Host | Refusal::Origin => true,
            Refusal::BodyLength | Refusal::BodyMemory => false,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Refusal::Host => "host",
            Refusal::Origin => "origin",
            Refusal::BodyLength => "body_length",
            Refusal::BodyMemory => "body_memory",
        }
    }
}

impl EncodeLabelValue for Refusal {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        encoder.write_str(self.as_str())
    }
}
