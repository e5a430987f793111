//! Messages about promotion policies: what must hold before an alias or a stage of a model moves to a version.

use crate::number::Int64;
use crate::presence::message;

message! {
    /// A policy of a model, for one alias or one stage.
    pub struct PromotionPolicy {
        /// The name of the registered model.
        name: Option<String>,
        /// This or `stage`.
        alias: Option<String>,
        /// `Staging`, `Production` or `Archived`.
        stage: Option<String>,
        /// In the order in which they are told; all must hold.
        gates: Vec<PromotionGate>,
        /// Approvals by users other than the one who asks; absent is 0.
        approvals: Option<Int64>,
        /// A few words for readers.
        description: Option<String>,
    }

    /// One thing that must hold: exactly one of `metric`, `tag`, `signature` and `artifacts`.
    pub struct PromotionGate {
        /// Such as `metrics.auc >= champion.metrics.auc - 0.005`.
        metric: Option<String>,
        /// Beside `metric`: the dataset it was measured on, `name` or `name@digest`.
        dataset: Option<String>,
        /// Such as `tags.validated = 'yes'`.
        tag: Option<String>,
        /// `compatible`: whoever calls the holder can call the version.
        signature: Option<String>,
        /// `complete`: every file that the `MLmodel` names can be read.
        artifacts: Option<String>,
    }
}
