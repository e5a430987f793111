//! The gates of a policy, looked at in the transaction that moves the alias: all values belong to one moment, and so
//! does the hash of them that approvals are bound to.

use forebay_core::filter::conditions::Bound;
use forebay_core::gate::{Dataset, Metrics, Outcome};
use forebay_core::hexadecimal::hexadecimal;
use forebay_db::Tx;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::holder::{self, Holder};
use super::inspect::{Depth, Inspection};
use super::survey::{Needs, Survey};
use crate::lineage::Lineage;
use crate::model::origin::VersionOrigin;
use crate::model::policy::Policy;
use crate::model::policy::gate::Gate;
use crate::model::promotion::{GateResult, Judgement, Subject};
use crate::model::signature::compatible;
use crate::model::tag::Tag;
use crate::sql::{model_versions, promotion_policies};
use crate::{Error, Result};

/// Longest text about what a gate found, in characters.
const MAX_TOLD_CHARS: usize = 1_000;

/// What stands before a promotion.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub(super) candidate: VersionOrigin,
    pub(super) holder: Option<Holder>,
    /// None without a policy.
    pub(super) judgement: Option<Judgement>,
}

/// Whether the survey saw the files that count.
pub(super) enum Judged {
    Case(Case),
    /// The policy, the version or the holder changed since: look again.
    Stale,
}

/// Judges a subject by its present policy.
///
/// # Errors
/// [`Error::VersionNotFound`].
pub(super) async fn judge(
    tx: &mut Tx,
    subject: &Subject,
    survey: &Survey,
    lineage: &dyn Lineage,
) -> Result<Judged> {
    let key = subject.version_key();
    let candidate = model_versions::find_origin(tx, &key).await?;
    let candidate = candidate.ok_or_else(|| Error::VersionNotFound(key.clone()))?;
    let holder = holder::find(tx, &subject.name, &subject.target).await?;
    let Some((policy_version, policy)) = promotion_policies::find(tx, &subject.name, &subject.target).await?
    else {
        return Ok(Judged::Case(Case { candidate, holder, judgement: None }));
    };
    if !is_fresh(survey, Needs::of(&policy), &candidate, holder.as_ref()) {
        return Ok(Judged::Stale);
    }
    let keys = metric_keys(&policy);
    let values = Values {
        metrics: metrics(tx, lineage, &candidate, &keys).await?,
        holder_metrics: match &holder {
            Some(holder) => Some(metrics(tx, lineage, &holder.origin, &keys).await?),
            None => None,
        },
        tags: model_versions::find(tx, &key).await?.map(|version| version.tags).unwrap_or_default(),
        survey,
    };
    let gates: Vec<GateResult> = policy.gates().iter().map(|gate| values.look_at(gate)).collect();
    let evidence = evidence(subject, &candidate, holder.as_ref(), &gates, survey);
    let judgement = Judgement {
        policy_version,
        gates,
        evidence_hash: hash(&evidence),
        required_approvals: i64::from(policy.approvals()),
    };
    Ok(Judged::Case(Case { candidate, holder, judgement: Some(judgement) }))
}

fn is_fresh(survey: &Survey, needs: Needs, candidate: &VersionOrigin, holder: Option<&Holder>) -> bool {
    let saw = |inspection: &Option<Inspection>, origin: &VersionOrigin, depth: Depth| {
        let inspection = inspection.as_ref();
        inspection.is_some_and(|seen| seen.location == origin.location && seen.depth >= depth)
    };
    let saw_candidate = needs.candidate.is_none_or(|depth| saw(&survey.candidate, candidate, depth));
    let saw_holder = !needs.holder
        || holder
            .map_or(survey.holder.is_none(), |holder| saw(&survey.holder, &holder.origin, Depth::MlModel));
    saw_candidate && saw_holder
}

/// The metrics that the gates of a policy look at.
fn metric_keys(policy: &Policy) -> Vec<String> {
    let mut keys = Vec::new();
    for gate in policy.gates() {
        let Gate::Metric { condition, .. } = gate else { continue };
        keys.push(condition.key.clone());
        if let Bound::Holder { key, .. } = &condition.bound {
            keys.push(key.clone());
        }
    }
    keys
}

async fn metrics(
    tx: &mut Tx,
    lineage: &dyn Lineage,
    origin: &VersionOrigin,
    keys: &[String],
) -> Result<Metrics> {
    let mut metrics = Metrics::default();
    for metric in lineage.list_metrics(tx, &origin.run_id, &origin.location, keys).await? {
        let dataset = metric.dataset.map(|(name, digest)| Dataset { name, digest });
        metrics.insert(&metric.key, dataset, metric.value);
    }
    Ok(metrics)
}

/// All that gates look at.
struct Values<'a> {
    metrics: Metrics,
    /// None when nothing holds the target.
    holder_metrics: Option<Metrics>,
    tags: Vec<Tag>,
    survey: &'a Survey,
}

impl Values<'_> {
    fn look_at(&self, gate: &Gate) -> GateResult {
        let (text, outcome) = match gate {
            Gate::Metric { text, condition, dataset } => {
                let holder = self.holder_metrics.as_ref();
                let text = match dataset {
                    Some(dataset) => format!("{text} on {dataset}"),
                    None => text.clone(),
                };
                (text, condition.evaluate(dataset.as_deref(), &self.metrics, holder))
            }
            Gate::Tag { text, condition } => {
                let tag = self.tags.iter().find(|tag| tag.key == condition.key);
                (text.clone(), condition.evaluate(tag.map(|tag| tag.value.as_str())))
            }
            Gate::Signature => ("signature: compatible".to_owned(), self.signature()),
            Gate::Artifacts => ("artifacts: complete".to_owned(), self.artifacts()),
        };
        let (found, reason) = (shortened(outcome.found), shortened(outcome.reason));
        GateResult { gate: text, passed: outcome.passed, found, reason }
    }

    fn signature(&self) -> Outcome {
        let candidate = self.survey.candidate.as_ref().map_or(Ok(None), |files| files.signature.clone());
        let holder = self.survey.holder.as_ref().map(|files| &files.signature);
        match (holder, candidate) {
            // It would be whom all later versions are compared with.
            (_, Err(why)) => told(false, &why),
            (None, Ok(_)) => told(true, "nothing holds it yet, so there is nothing to compare with"),
            (Some(Err(why)), Ok(_)) => told(false, &format!("of the holder, {why}")),
            (Some(Ok(holder)), Ok(candidate)) => compatible::compare(holder.as_ref(), candidate.as_ref()),
        }
    }

    fn artifacts(&self) -> Outcome {
        match self.survey.candidate.as_ref().map(|candidate| &candidate.files) {
            None => told(false, "they were not looked at"),
            Some(Err(why)) => told(false, why),
            Some(Ok(files)) => {
                let n_bytes: u64 = files.iter().map(|file| file.size_bytes).sum();
                let found = format!("{} files of {n_bytes} bytes", files.len());
                Outcome { passed: true, found, reason: "all that MLmodel names can be read".to_owned() }
            }
        }
    }
}

/// A text that is kept with every attempt.
fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_TOLD_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn told(passed: bool, reason: &str) -> Outcome {
    Outcome { passed, found: String::new(), reason: reason.to_owned() }
}

/// Everything that an approver relies on.
fn evidence(
    subject: &Subject,
    candidate: &VersionOrigin,
    holder: Option<&Holder>,
    gates: &[GateResult],
    survey: &Survey,
) -> Value {
    let gates: Vec<Value> =
        gates.iter().map(|gate| json!([gate.gate, gate.passed, gate.found, gate.reason])).collect();
    json!({
        "model": subject.name,
        "target": subject.target.to_stored(),
        "candidate": candidate.to_stored(),
        "holder": holder.map(|holder| holder.origin.to_stored()),
        "gates": gates,
        "candidate_files": survey.candidate.as_ref().map(files),
        "holder_files": survey.holder.as_ref().map(files),
    })
}

fn files(inspection: &Inspection) -> Value {
    let files = inspection.files.as_ref().map_or(Vec::new(), |files| {
        files.iter().map(|file| json!([file.path, file.etag, file.size_bytes])).collect()
    });
    json!({ "mlmodel": inspection.etag, "files": files })
}

fn hash(evidence: &Value) -> String {
    hexadecimal(&Sha256::digest(evidence.to_string()))
}
