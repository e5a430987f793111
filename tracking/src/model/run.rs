//! Runs: what is stored of one, and the requests that make and change one.

use forebay_core::columns::ColumnLimits;
use std::fmt;

use forebay_core::invalid::Invalid;
use forebay_wire::enumeration::RunStatus;
use forebay_wire::runs as wire;

use super::columns;
use super::dataset::RunLinks;
use super::experiment::ExperimentId;
use super::lifecycle::Lifecycle;
use super::metric::Metric;
use super::param::Param;
use super::tag::{self, RUN_NAME, Tag};

/// Longest id that a request which logs may name, in characters.
const MAX_ID_CHARS: usize = 256;

/// The id of a run: 32 hexadecimal digits where MLflow or Forebay chose it, any text in a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// An id that this server drew or the database holds.
    pub(crate) fn new(id: String) -> Self {
        RunId(id)
    }

    /// The run that a request names, under the present field name or the one of older clients.
    pub(crate) fn parse(run_id: Option<String>, run_uuid: Option<String>) -> Result<Self, Invalid> {
        let id = [run_id, run_uuid].into_iter().flatten().find(|id| !id.is_empty());
        id.map(RunId).ok_or_else(|| Invalid::missing("run_id"))
    }

    /// As [`RunId::parse`], for requests that also check what an id looks like.
    pub(crate) fn parse_strictly(run_id: Option<String>) -> Result<Self, Invalid> {
        let id = RunId::parse(run_id, None)?;
        let mut chars = id.0.chars();
        let starts_well = chars.next().is_some_and(|first| first.is_ascii_alphanumeric());
        let goes_on_well = chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if starts_well && goes_on_well && id.0.chars().count() <= MAX_ID_CHARS {
            return Ok(id);
        }
        Err(Invalid::value("run_id", &id.0, ""))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The facts about a run itself, as one row holds them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunInfo {
    pub(crate) id: RunId,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) name: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) status: RunStatus,
    /// Milliseconds since the epoch.
    pub(crate) start_time_ms: Option<i64>,
    /// Milliseconds since the epoch.
    pub(crate) end_time_ms: Option<i64>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) artifact_uri: Option<String>,
}

/// A run with what was logged on it, each list in the order of its keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) info: RunInfo,
    /// The latest value of each metric.
    pub(crate) metrics: Vec<Metric>,
    pub(crate) params: Vec<Param>,
    pub(crate) tags: Vec<Tag>,
    /// What went in and came out.
    pub(crate) links: RunLinks,
}

/// A run to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub(crate) experiment_id: ExperimentId,
    /// Absent where a random one is to be drawn.
    pub(crate) name: Option<String>,
    pub(crate) user_id: String,
    /// Milliseconds since the epoch.
    pub(crate) start_time_ms: i64,
    /// One for each key, without the tag that repeats the name.
    pub(crate) tags: Vec<Tag>,
}

impl NewRun {
    /// Checks `runs/create`.
    pub(crate) fn from_wire(req: wire::CreateRun, columns: ColumnLimits) -> Result<Self, Invalid> {
        check_texts(&req, columns)?;
        let tags = req.tags.into_iter();
        let mut tags: Vec<Tag> = tags
            .map(|tag| Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() })
            .collect();
        tag::check_keys_differ(&tags)?;
        let tagged = take_name(&mut tags);
        Ok(NewRun {
            experiment_id: ExperimentId::require(req.experiment_id)?,
            name: agree_on_name(req.run_name.filter(|name| !name.is_empty()), tagged)?,
            user_id: req.user_id.unwrap_or_default(),
            start_time_ms: req.start_time.unwrap_or_default().0,
            tags,
        })
    }
}

fn check_texts(req: &wire::CreateRun, columns: ColumnLimits) -> Result<(), Invalid> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    columns.check("run_name", columns::RUN_NAME, &text(&req.run_name))?;
    columns.check("user_id", columns::RUN_USER, &text(&req.user_id))?;
    for (index, tag) in req.tags.iter().enumerate() {
        let (key, value) = (text(&tag.key), text(&tag.value));
        tag::check_not_reserved(&key, || format!("tags[{index}].key"))?;
        let column = if key == RUN_NAME { columns::RUN_NAME } else { columns::RUN_TAG_VALUE };
        columns.check(&format!("tags[{index}].key"), columns::RUN_TAG_KEY, &key)?;
        columns.check(&format!("tags[{index}].value"), column, &value)?;
    }
    Ok(())
}

/// Takes the name tag out of the tags; an empty one counts as none.
fn take_name(tags: &mut Vec<Tag>) -> Option<String> {
    let position = tags.iter().position(|tag| tag.key == RUN_NAME)?;
    Some(tags.remove(position).value).filter(|name| !name.is_empty())
}

fn agree_on_name(field: Option<String>, tag: Option<String>) -> Result<Option<String>, Invalid> {
    match (field, tag) {
        (Some(field), Some(tag)) if field != tag => Err(Invalid::message(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
             (run_name='{field}', mlflow.runName='{tag}')."
        ))),
        (field, tag) => Ok(field.or(tag)),
    }
}

/// What is to change about a run; absent fields stay.
#[derive(Debug, Clone)]
pub(crate) struct RunUpdate {
    pub(crate) id: RunId,
    pub(crate) status: Option<RunStatus>,
    /// Milliseconds since the epoch.
    pub(crate) end_time_ms: Option<i64>,
    /// Not empty.
    pub(crate) name: Option<String>,
}

impl RunUpdate {
    /// Checks `runs/update`.
    pub(crate) fn from_wire(req: wire::UpdateRun, columns: ColumnLimits) -> Result<Self, Invalid> {
        let name = req.run_name.filter(|name| !name.is_empty());
        columns.check("run_name", columns::RUN_NAME, name.as_deref().unwrap_or_default())?;
        Ok(RunUpdate {
            id: RunId::parse(req.run_id, req.run_uuid)?,
            status: req.status,
            end_time_ms: req.end_time.map(|time| time.0),
            name,
        })
    }
}

/// One tag of one run, named for deletion.
#[derive(Debug, Clone)]
pub(crate) struct TagName {
    pub(crate) run_id: RunId,
    pub(crate) key: String,
}

impl TryFrom<wire::DeleteTag> for TagName {
    type Error = Invalid;

    fn try_from(req: wire::DeleteTag) -> Result<Self, Invalid> {
        let run_id = RunId::parse(req.run_id, None)?;
        let key = req.key.filter(|key| !key.is_empty()).ok_or_else(|| Invalid::missing("key"))?;
        Ok(TagName { run_id, key })
    }
}

impl From<RunInfo> for wire::RunInfo {
    fn from(info: RunInfo) -> Self {
        wire::RunInfo {
            run_uuid: Some(info.id.0.clone()),
            experiment_id: Some(info.experiment_id.to_string()),
            run_name: info.name,
            user_id: info.user_id.or_else(|| Some(String::new())),
            status: Some(info.status),
            start_time: info.start_time_ms.map(Into::into),
            // The original leaves out an end at 0 and an empty place for artifacts.
            end_time: info.end_time_ms.filter(|time| *time != 0).map(Into::into),
            artifact_uri: info.artifact_uri.filter(|uri| !uri.is_empty()),
            lifecycle_stage: Some(info.lifecycle.as_str().to_owned()),
            run_id: Some(info.id.0),
        }
    }
}

impl From<Run> for wire::Run {
    fn from(run: Run) -> Self {
        let data = wire::RunData {
            metrics: run.metrics.into_iter().map(Into::into).collect(),
            params: run.params.into_iter().map(Into::into).collect(),
            tags: run.tags.into_iter().map(Into::into).collect(),
        };
        let (inputs, outputs) = run.links.into();
        wire::Run {
            info: Some(run.info.into()),
            data: Some(data),
            inputs: Some(inputs),
            outputs: Some(outputs),
        }
    }
}

impl From<Tag> for wire::RunTag {
    fn from(tag: Tag) -> Self {
        wire::RunTag { key: Some(tag.key), value: Some(tag.value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(run_name: Option<&str>, tags: &[(&str, &str)]) -> Result<NewRun, Invalid> {
        let tag = |(key, value): &(&str, &str)| wire::RunTag {
            key: Some((*key).to_owned()),
            value: Some((*value).to_owned()),
        };
        let req = wire::CreateRun {
            experiment_id: Some("0".to_owned()),
            run_name: run_name.map(str::to_owned),
            tags: tags.iter().map(tag).collect(),
            ..wire::CreateRun::default()
        };
        NewRun::from_wire(req, ColumnLimits::Enforced)
    }

    #[test]
    fn the_name_comes_from_the_field_or_the_tag_and_they_must_agree() {
        assert_eq!(create(None, &[]).unwrap().name, None);
        assert_eq!(create(Some(""), &[(RUN_NAME, "")]).unwrap().name, None);
        assert_eq!(create(Some("a"), &[]).unwrap().name.as_deref(), Some("a"));
        assert_eq!(create(Some("a"), &[(RUN_NAME, "a")]).unwrap().name.as_deref(), Some("a"));
        let tagged = create(None, &[("k", "v"), (RUN_NAME, "b")]).unwrap();
        assert_eq!(tagged.name.as_deref(), Some("b"));
        assert_eq!(tagged.tags, [Tag { key: "k".to_owned(), value: "v".to_owned() }]);
        let error = create(Some("a"), &[(RUN_NAME, "b")]).unwrap_err().to_string();
        assert!(error.contains("(run_name='a', mlflow.runName='b')"), "{error}");
    }

    #[test]
    fn a_tag_key_given_twice_is_refused() {
        let error = create(None, &[("k", "1"), ("k", "2")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "Invalid value \"k\" for parameter 'tags' supplied: The key occurs more than once."
        );
    }

    #[test]
    fn a_strict_run_id_is_one_word() {
        for id in ["a", "0f-x_y", &"a".repeat(256)] {
            assert!(RunId::parse_strictly(Some(id.to_owned())).is_ok(), "{id}");
        }
        for id in ["", "../x", "-a", "a b", &"a".repeat(257)] {
            assert!(RunId::parse_strictly(Some(id.to_owned())).is_err(), "{id}");
        }
    }
}
