//! Logged models: a model of an experiment, with its params, tags and metrics, and the files beside it.

use forebay_core::columns::ColumnLimits;
use std::collections::BTreeMap;
use std::fmt;

use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_wire::enumeration::LoggedModelStatus;
use forebay_wire::logged_models as wire;
use forebay_wire::metrics::Metric;

use super::columns;
use super::experiment::ExperimentId;
use super::lifecycle::Lifecycle;
use super::param::Param;
use super::tag::Tag;

/// Logged models are kept to the lengths of PostgreSQL on both databases, as their own rules have no others.
const LENGTHS: ColumnLimits = ColumnLimits::Enforced;

/// Characters that would break the paths and URIs a name becomes a part of.
const FORBIDDEN: [char; 6] = ['/', ':', '.', '%', '"', '\''];

/// The id of a logged model: `m-` and 32 hexadecimal digits where MLflow or Forebay chose it, any text in a
/// question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoggedModelId(String);

impl LoggedModelId {
    /// An id that this server drew or the database holds.
    pub(crate) fn new(id: String) -> Self {
        LoggedModelId(id)
    }

    /// The id in the path of a request.
    pub(crate) fn in_path(id: String) -> Result<Self, Invalid> {
        in_path("model_id", id).map(LoggedModelId)
    }

    /// The id in the body of a request.
    pub(crate) fn require(id: Option<String>) -> Result<Self, Invalid> {
        id.filter(|id| !id.is_empty()).map(LoggedModelId).ok_or_else(|| Invalid::missing("model_id"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoggedModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A segment of a path as text that a database takes: NUL is in no stored text.
pub(crate) fn in_path(name: &str, text: String) -> Result<String, Invalid> {
    if text.contains('\0') {
        return Err(Invalid::value(name, &text, "It contains a NUL character"));
    }
    Ok(text)
}

/// A stored logged model.
#[derive(Debug, Clone)]
pub(crate) struct LoggedModel {
    pub(crate) id: LoggedModelId,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) name: String,
    pub(crate) artifact_location: String,
    /// Milliseconds since the epoch.
    pub(crate) created_ms: i64,
    /// Milliseconds since the epoch; params and tags do not move it.
    pub(crate) updated_ms: i64,
    pub(crate) status: LoggedModelStatus,
    pub(crate) status_message: Option<String>,
    pub(crate) lifecycle: Lifecycle,
    /// Empty where the request that created it had none.
    pub(crate) model_type: Option<String>,
    /// Empty where the request that created it had none.
    pub(crate) source_run_id: Option<String>,
    pub(crate) params: Vec<Param>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) metrics: Vec<ModelMetric>,
}

/// One point that a run logged for a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelMetric {
    pub(crate) key: String,
    /// Finite; 0 where NaN was logged.
    pub(crate) value: Option<f64>,
    /// Milliseconds since the epoch.
    pub(crate) timestamp_ms: i64,
    pub(crate) step: i64,
    pub(crate) run_id: String,
    pub(crate) dataset_name: Option<String>,
    pub(crate) dataset_digest: Option<String>,
}

impl ModelMetric {
    fn into_wire(self, model_id: &LoggedModelId) -> Metric {
        Metric {
            key: Some(self.key),
            value: self.value.map(Into::into),
            timestamp: Some(self.timestamp_ms.into()),
            step: Some(self.step.into()),
            dataset_name: self.dataset_name,
            dataset_digest: self.dataset_digest,
            model_id: Some(model_id.to_string()),
            run_id: Some(self.run_id),
        }
    }
}

impl From<LoggedModel> for wire::LoggedModel {
    fn from(model: LoggedModel) -> Self {
        let metrics = model.metrics.into_iter().map(|metric| metric.into_wire(&model.id));
        let data = wire::LoggedModelData {
            metrics: metrics.collect(),
            params: model.params.into_iter().map(Into::into).collect(),
        };
        let info = wire::LoggedModelInfo {
            model_id: Some(model.id.0),
            experiment_id: Some(model.experiment_id.to_string()),
            name: Some(model.name),
            creation_timestamp_ms: Some(model.created_ms.into()),
            last_updated_timestamp_ms: Some(model.updated_ms.into()),
            artifact_uri: Some(model.artifact_location),
            status: Some(model.status),
            model_type: model.model_type,
            source_run_id: model.source_run_id,
            status_message: model.status_message,
            tags: model.tags.into_iter().map(Into::into).collect(),
            ..wire::LoggedModelInfo::default()
        };
        wire::LoggedModel { info: Some(info), data: Some(data) }
    }
}

impl From<LoggedModel> for wire::LoggedModelResponse {
    fn from(model: LoggedModel) -> Self {
        wire::LoggedModelResponse { model: Some(model.into()) }
    }
}

impl From<Param> for wire::LoggedModelParameter {
    fn from(param: Param) -> Self {
        wire::LoggedModelParameter { key: Some(param.key), value: Some(param.value) }
    }
}

impl From<Tag> for wire::LoggedModelTag {
    fn from(tag: Tag) -> Self {
        wire::LoggedModelTag { key: Some(tag.key), value: Some(tag.value) }
    }
}

/// Whether a deleted model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleted {
    Hidden,
    Shown,
}

impl From<wire::GetLoggedModel> for Deleted {
    fn from(req: wire::GetLoggedModel) -> Self {
        match req.allow_deleted {
            Some(text) if text.eq_ignore_ascii_case("true") => Deleted::Shown,
            _ => Deleted::Hidden,
        }
    }
}

/// A logged model to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewLoggedModel {
    pub(crate) experiment_id: ExperimentId,
    /// Absent where a random one is to be drawn.
    pub(crate) name: Option<String>,
    pub(crate) model_type: String,
    /// The run need not exist.
    pub(crate) source_run_id: String,
    /// By key, which may be there twice.
    pub(crate) params: Vec<Param>,
    /// By key, which may be there twice.
    pub(crate) tags: Vec<Tag>,
}

impl TryFrom<wire::CreateLoggedModel> for NewLoggedModel {
    type Error = Invalid;

    fn try_from(req: wire::CreateLoggedModel) -> Result<Self, Invalid> {
        let new = NewLoggedModel {
            experiment_id: ExperimentId::require(req.experiment_id)?,
            name: req.name.filter(|name| !name.is_empty()),
            model_type: req.model_type.unwrap_or_default(),
            source_run_id: req.source_run_id.unwrap_or_default(),
            params: params(req.params)?,
            tags: tags(req.tags)?,
        };
        new.name.as_deref().map_or(Ok(()), check_name)?;
        LENGTHS.check("model_type", columns::MODEL_TYPE, &new.model_type)?;
        LENGTHS.check("source_run_id", columns::MODEL_SOURCE_RUN, &new.source_run_id)?;
        Ok(new)
    }
}

fn check_name(name: &str) -> Result<(), Invalid> {
    if name.contains(FORBIDDEN) {
        let forbidden: Vec<String> = FORBIDDEN.iter().map(python::literal).collect();
        return Err(Invalid::message(format!(
            "Invalid model name ({}) provided. Model name must be a non-empty string and cannot contain the \
             following characters: ({})",
            python::literal(&name),
            forbidden.join(", ")
        )));
    }
    LENGTHS.check("name", columns::MODEL_NAME, name)
}

/// The params of a request, by key, so that two requests touch rows in one order and do not wait for each other;
/// keys may be empty, as in MLflow.
fn params(params: Vec<wire::LoggedModelParameter>) -> Result<Vec<Param>, Invalid> {
    let params = params.into_iter().enumerate().map(|(index, param)| {
        let key = param.key.unwrap_or_default();
        LENGTHS.check(&format!("params[{index}].key"), columns::MODEL_PARAM_KEY, &key)?;
        Ok(Param { key, value: param.value.unwrap_or_default() })
    });
    let mut params = params.collect::<Result<Vec<_>, Invalid>>()?;
    params.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(params)
}

/// The tags of a request, by key; those with one key stay in their order.
fn tags(tags: Vec<wire::LoggedModelTag>) -> Result<Vec<Tag>, Invalid> {
    let tags = tags.into_iter().enumerate().map(|(index, tag)| {
        let key = tag.key.unwrap_or_default();
        LENGTHS.check(&format!("tags[{index}].key"), columns::MODEL_TAG_KEY, &key)?;
        Ok(Tag { key, value: tag.value.unwrap_or_default() })
    });
    let mut tags = tags.collect::<Result<Vec<_>, Invalid>>()?;
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(tags)
}

/// The end of a model's making.
#[derive(Debug, Clone)]
pub(crate) struct FinalizeLoggedModel {
    pub(crate) id: LoggedModelId,
    pub(crate) status: LoggedModelStatus,
}

impl TryFrom<wire::FinalizeLoggedModel> for FinalizeLoggedModel {
    type Error = Invalid;

    /// The body names the model; MLflow does not look at the path here.
    fn try_from(req: wire::FinalizeLoggedModel) -> Result<Self, Invalid> {
        let id = LoggedModelId::require(req.model_id)?;
        Ok(FinalizeLoggedModel { id, status: req.status.ok_or_else(|| Invalid::missing("status"))? })
    }
}

/// Params to be added to a model.
#[derive(Debug, Clone)]
pub(crate) struct LogModelParams {
    pub(crate) id: LoggedModelId,
    /// By key, which may be there twice.
    pub(crate) params: Vec<Param>,
}

impl LogModelParams {
    /// Checks `logged-models/{id}/params`: the body must name a model, but the path decides which one it is.
    pub(crate) fn from_wire(req: wire::LogLoggedModelParams, id: LoggedModelId) -> Result<Self, Invalid> {
        LoggedModelId::require(req.model_id)?;
        Ok(LogModelParams { id, params: params(req.params)? })
    }
}

/// Tags to be set on a model.
#[derive(Debug, Clone)]
pub(crate) struct SetModelTags {
    pub(crate) id: LoggedModelId,
    /// By key.
    pub(crate) tags: BTreeMap<String, String>,
}

impl SetModelTags {
    /// Checks `logged-models/{id}/tags`; of two tags with one key the last counts.
    pub(crate) fn from_wire(req: wire::SetLoggedModelTags, id: LoggedModelId) -> Result<Self, Invalid> {
        let tags = tags(req.tags)?.into_iter().map(|tag| (tag.key, tag.value));
        Ok(SetModelTags { id, tags: tags.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(name: &str) -> Result<NewLoggedModel, Invalid> {
        let req = wire::CreateLoggedModel {
            experiment_id: Some("0".to_owned()),
            name: Some(name.to_owned()),
            ..wire::CreateLoggedModel::default()
        };
        NewLoggedModel::try_from(req)
    }

    #[test]
    fn a_name_that_would_break_a_path_is_refused_in_mlflows_words() {
        let expected = "Invalid model name ('a/b') provided. Model name must be a non-empty string and cannot \
                        contain the following characters: ('/', ':', '.', '%', '\"', \"'\")";
        assert_eq!(create("a/b").unwrap_err().to_string(), expected);
        assert!(create("a'b").unwrap_err().to_string().contains("(\"a'b\") provided"));
        assert_eq!(create("").unwrap().name, None);
        assert!(create(&"n".repeat(500)).is_ok());
        assert!(create(&"n".repeat(501)).is_err());
    }

    #[test]
    fn of_two_tags_with_one_key_the_last_counts() {
        let tag =
            |value: &str| wire::LoggedModelTag { key: Some("k".to_owned()), value: Some(value.to_owned()) };
        let req = wire::SetLoggedModelTags { model_id: None, tags: vec![tag("old"), tag("new")] };
        let set = SetModelTags::from_wire(req, LoggedModelId::new("m".to_owned())).unwrap();
        assert_eq!(set.tags, BTreeMap::from([("k".to_owned(), "new".to_owned())]));
    }

    #[test]
    fn a_long_key_is_named_with_its_place() {
        let param = wire::LoggedModelParameter { key: Some("k".repeat(256)), value: None };
        let error = params(vec![wire::LoggedModelParameter::default(), param]).unwrap_err().to_string();
        assert!(error.contains("for parameter 'params[1].key'"), "{error}");
    }
}
