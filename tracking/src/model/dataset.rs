//! Datasets and logged models as what goes into a run and comes out of it.

use forebay_core::columns::ColumnLimits;
use forebay_core::text;
use std::collections::HashSet;

use forebay_core::invalid::Invalid;
use forebay_wire::datasets as wire;

use super::columns;
use super::experiment::ExperimentId;
use super::run::RunId;
use super::tag::Tag;

const MAX_NAME_CHARS: usize = 500;
const MAX_DIGEST_CHARS: usize = 36;
const MAX_SOURCE_CHARS: usize = 65_535;
const MAX_SCHEMA_CHARS: usize = 1_048_575;
const MAX_PROFILE_CHARS: usize = 16_777_215;
const MAX_TAG_KEY_CHARS: usize = 255;
const MAX_TAG_VALUE_CHARS: usize = 500;

/// Most experiments in one search for datasets.
const MAX_SEARCHED_EXPERIMENTS: usize = 20;

/// A dataset. Name and digest decide which one it is within its experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dataset {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) source_type: String,
    pub(crate) source: String,
    pub(crate) schema: Option<String>,
    pub(crate) profile: Option<String>,
}

impl TryFrom<wire::Dataset> for Dataset {
    type Error = Invalid;

    /// What is missing is empty, as in MLflow.
    fn try_from(dataset: wire::Dataset) -> Result<Self, Invalid> {
        Ok(Dataset {
            name: within("name", MAX_NAME_CHARS, dataset.name.unwrap_or_default())?,
            digest: within("digest", MAX_DIGEST_CHARS, dataset.digest.unwrap_or_default())?,
            source_type: dataset.source_type.unwrap_or_default(),
            source: within("source", MAX_SOURCE_CHARS, dataset.source.unwrap_or_default())?,
            schema: dataset.schema.map(|schema| within("schema", MAX_SCHEMA_CHARS, schema)).transpose()?,
            profile: dataset
                .profile
                .map(|profile| within("profile", MAX_PROFILE_CHARS, profile))
                .transpose()?,
        })
    }
}

impl From<Dataset> for wire::Dataset {
    fn from(dataset: Dataset) -> Self {
        wire::Dataset {
            name: Some(dataset.name),
            digest: Some(dataset.digest),
            source_type: Some(dataset.source_type),
            source: Some(dataset.source),
            schema: dataset.schema,
            profile: dataset.profile,
        }
    }
}

/// A dataset that a run read; the tags belong to the reading, not to the dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatasetInput {
    pub(crate) dataset: Dataset,
    pub(crate) tags: Vec<Tag>,
}

impl TryFrom<wire::DatasetInput> for DatasetInput {
    type Error = Invalid;

    fn try_from(input: wire::DatasetInput) -> Result<Self, Invalid> {
        Ok(DatasetInput {
            dataset: input.dataset.unwrap_or_default().try_into()?,
            tags: input.tags.into_iter().map(input_tag).collect::<Result<_, _>>()?,
        })
    }
}

fn input_tag(tag: wire::InputTag) -> Result<Tag, Invalid> {
    Ok(Tag {
        key: within("key", MAX_TAG_KEY_CHARS, tag.key.unwrap_or_default())?,
        value: within("value", MAX_TAG_VALUE_CHARS, tag.value.unwrap_or_default())?,
    })
}

impl From<DatasetInput> for wire::DatasetInput {
    fn from(input: DatasetInput) -> Self {
        let tags = input.tags.into_iter();
        wire::DatasetInput {
            tags: tags.map(|tag| wire::InputTag { key: Some(tag.key), value: Some(tag.value) }).collect(),
            dataset: Some(input.dataset.into()),
        }
    }
}

fn within(name: &str, max_chars: usize, text: String) -> Result<String, Invalid> {
    text::check_length(name, max_chars, &text).map(|()| text)
}

/// A logged model that a run made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelOutput {
    pub(crate) model_id: String,
    pub(crate) step: i64,
}

/// Everything that went into a run and came out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunLinks {
    pub(crate) datasets: Vec<DatasetInput>,
    /// Ids of the logged models that the run read.
    pub(crate) model_inputs: Vec<String>,
    pub(crate) model_outputs: Vec<ModelOutput>,
}

impl From<RunLinks> for (wire::RunInputs, wire::RunOutputs) {
    fn from(links: RunLinks) -> Self {
        let model_inputs = links.model_inputs.into_iter();
        let model_outputs = links.model_outputs.into_iter();
        let inputs = wire::RunInputs {
            dataset_inputs: links.datasets.into_iter().map(Into::into).collect(),
            model_inputs: model_inputs
                .map(|model_id| wire::ModelInput { model_id: Some(model_id) })
                .collect(),
        };
        let outputs = wire::RunOutputs {
            model_outputs: model_outputs
                .map(|output| wire::ModelOutput {
                    model_id: Some(output.model_id),
                    step: Some(output.step.into()),
                })
                .collect(),
        };
        (inputs, outputs)
    }
}

/// Datasets and models to be recorded as read by a run.
#[derive(Debug, Clone)]
pub(crate) struct LogInputs {
    pub(crate) run_id: RunId,
    /// By name and digest, each pair once.
    pub(crate) datasets: Vec<DatasetInput>,
    /// Ids of logged models, which need not exist; in their order, as datasets are.
    pub(crate) models: Vec<String>,
}

impl LogInputs {
    /// Checks `runs/log-inputs`; of two datasets with the same name and digest the first counts.
    pub(crate) fn from_wire(req: wire::LogInputs, columns: ColumnLimits) -> Result<Self, Invalid> {
        let run_id = RunId::parse_strictly(req.run_id)?;
        let inputs = req.datasets.into_iter().map(DatasetInput::try_from);
        let mut seen = HashSet::new();
        let mut datasets: Vec<DatasetInput> = inputs.collect::<Result<_, _>>()?;
        for (index, input) in datasets.iter().enumerate() {
            let field = format!("datasets[{index}].dataset.source_type");
            columns.check(&field, columns::DATASET_SOURCE_TYPE, &input.dataset.source_type)?;
        }
        datasets.retain(|input| seen.insert((input.dataset.name.clone(), input.dataset.digest.clone())));
        // One order for all requests, so that two that share datasets do not wait for each other.
        datasets
            .sort_by(|a, b| (&a.dataset.name, &a.dataset.digest).cmp(&(&b.dataset.name, &b.dataset.digest)));
        let models = req.models.into_iter().enumerate();
        let models = models.map(|(index, model)| model_id(model.model_id, index, columns));
        let mut models = models.collect::<Result<Vec<_>, _>>()?;
        models.sort();
        Ok(LogInputs { run_id, datasets, models })
    }
}

fn model_id(given: Option<String>, index: usize, columns: ColumnLimits) -> Result<String, Invalid> {
    let model_id = given.unwrap_or_default();
    columns.check(&format!("models[{index}].model_id"), columns::INPUT_MODEL_ID, &model_id)?;
    Ok(model_id)
}

/// Models to be recorded as made by a run.
#[derive(Debug, Clone)]
pub(crate) struct LogOutputs {
    pub(crate) run_id: RunId,
    /// By id; the models need not exist.
    pub(crate) models: Vec<ModelOutput>,
}

impl LogOutputs {
    /// Checks `runs/outputs`.
    pub(crate) fn from_wire(req: wire::LogOutputs, columns: ColumnLimits) -> Result<Self, Invalid> {
        let run_id = RunId::parse(req.run_id, None)?;
        let models = req.models.ok_or_else(|| Invalid::missing("models"))?.into_iter().enumerate();
        let models = models.map(|(index, model)| {
            let model_id = model_id(model.model_id, index, columns)?;
            Ok(ModelOutput { model_id, step: model.step.unwrap_or_default().0 })
        });
        let mut models = models.collect::<Result<Vec<_>, Invalid>>()?;
        models.sort_by(|a, b| a.model_id.cmp(&b.model_id));
        Ok(LogOutputs { run_id, models })
    }
}

/// A search for the datasets of some experiments.
#[derive(Debug, Clone)]
pub(crate) struct SearchDatasets {
    /// 1 to 20.
    pub(crate) experiment_ids: Vec<ExperimentId>,
}

impl TryFrom<wire::SearchDatasets> for SearchDatasets {
    type Error = Invalid;

    fn try_from(req: wire::SearchDatasets) -> Result<Self, Invalid> {
        match req.experiment_ids.len() {
            0 => Err(Invalid::message("SearchDatasets request must specify at least one experiment_id.")),
            1..=MAX_SEARCHED_EXPERIMENTS => {
                let ids = req.experiment_ids.iter().map(|id| ExperimentId::parse(id));
                Ok(SearchDatasets { experiment_ids: ids.collect::<Result<_, _>>()? })
            }
            n_ids => Err(Invalid::message(format!(
                "SearchDatasets request cannot specify more than {MAX_SEARCHED_EXPERIMENTS} experiment_ids. \
                 Received {n_ids} experiment_ids."
            ))),
        }
    }
}

/// A dataset as the web UI offers it in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatasetSummary {
    pub(crate) experiment_id: ExperimentId,
    pub(crate) name: String,
    pub(crate) digest: String,
    /// What it was read for, such as `training`.
    pub(crate) context: Option<String>,
}

impl From<DatasetSummary> for wire::DatasetSummary {
    fn from(summary: DatasetSummary) -> Self {
        wire::DatasetSummary {
            experiment_id: Some(summary.experiment_id.to_string()),
            name: Some(summary.name),
            digest: Some(summary.digest),
            context: summary.context,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, digest: &str, context: &str) -> wire::DatasetInput {
        let dataset = wire::Dataset {
            name: Some(name.to_owned()),
            digest: Some(digest.to_owned()),
            ..wire::Dataset::default()
        };
        let tag = wire::InputTag { key: Some("context".to_owned()), value: Some(context.to_owned()) };
        wire::DatasetInput { tags: vec![tag], dataset: Some(dataset) }
    }

    #[test]
    fn the_first_of_two_equal_datasets_counts() {
        let datasets = vec![input("b", "1", "first"), input("a", "1", "x"), input("b", "1", "second")];
        let run_id = Some("r".to_owned());
        let req = wire::LogInputs { run_id, datasets, models: Vec::new() };
        let req = LogInputs::from_wire(req, ColumnLimits::Enforced).unwrap();
        let read: Vec<_> = req
            .datasets
            .iter()
            .map(|input| (input.dataset.name.as_str(), input.tags[0].value.as_str()))
            .collect();
        assert_eq!(read, [("a", "x"), ("b", "first")]);
    }

    #[test]
    fn a_text_over_its_limit_is_named_as_mlflow_names_it() {
        let error = DatasetInput::try_from(input("d", &"1".repeat(37), "")).unwrap_err();
        assert_eq!(error.to_string(), "'digest' exceeds the maximum length of 36 characters");
        let error = DatasetInput::try_from(input("d", "1", &"v".repeat(501))).unwrap_err();
        assert_eq!(error.to_string(), "'value' exceeds the maximum length of 500 characters");
        assert!(DatasetInput::try_from(wire::DatasetInput::default()).is_ok());
    }

    #[test]
    fn outputs_must_be_given_but_may_be_none() {
        let run_id = Some("r".to_owned());
        let req = wire::LogOutputs { run_id: run_id.clone(), models: None };
        assert_eq!(
            LogOutputs::from_wire(req, ColumnLimits::Enforced).unwrap_err(),
            Invalid::missing("models")
        );
        let req = wire::LogOutputs { run_id, models: Some(Vec::new()) };
        assert!(LogOutputs::from_wire(req, ColumnLimits::Enforced).is_ok());
    }
}
