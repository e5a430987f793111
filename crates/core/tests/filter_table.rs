//! The search grammar against answers recorded from MLflow 3.17.2.
//!
//! `filter_table.jsonl` holds one case per line: which search, the text, and the comparisons MLflow read out of
//! it as `[entity, key, operator, value]`, or null where MLflow refuses the text or fails on it. Columns of
//! integer codes are the exception: `= '1'` is written as `IN [1]` there, and `READY` as its code.

use forebay_core::filter::experiments::{self, ExperimentComparison, ExperimentOrderKey, ExperimentTime};
use forebay_core::filter::logged_models::{
    self, LoggedModelCode, LoggedModelComparison, LoggedModelText, LoggedModelTime,
};
use forebay_core::filter::model_versions::{
    self, ModelVersionComparison, ModelVersionOrderKey, ModelVersionText,
};
use forebay_core::filter::registered_models::{self, RegisteredModelComparison, RegisteredModelOrderKey};
use forebay_core::filter::runs::{
    self, DatasetField, RunComparison, RunNumberAttribute, RunOrderKey, RunTextAttribute,
};
use forebay_core::filter::{CodeOp, Direction, EntryTest, Number, TextOp};
use forebay_core::invalid::Invalid;
use serde_json::{Value, json};

#[test]
fn every_text_is_read_as_mlflow_reads_it() {
    let mut differences = Vec::new();
    for line in include_str!("filter_table.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (search, text) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        let answer = read(search, text);
        if answer.as_ref().unwrap_or(&Value::Null) != &case[2] {
            differences.push(format!("{search} {text:?}\n  expected {}\n  got      {answer:?}", case[2]));
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

fn read(search: &str, text: &str) -> Result<Value, Invalid> {
    let order_by = [text.to_owned()];
    match search {
        "runs" => runs::parse_filter(text).map(|all| all.iter().map(run_comparison).collect()),
        "experiments" => {
            experiments::parse_filter(text).map(|all| all.iter().map(experiment_comparison).collect())
        }
        "models" => logged_models::parse_filter(text).map(|all| all.iter().map(model_comparison).collect()),
        "run_order" => runs::parse_order_by(&order_by).map(|all| run_order(&all[0].key, all[0].direction)),
        "experiment_order" => {
            experiments::parse_order_by(&order_by).map(|all| experiment_order(all[0].key, all[0].direction))
        }
        "registered_models" => {
            registered_models::parse_filter(text).map(|all| all.iter().map(registered_comparison).collect())
        }
        "model_versions" => {
            model_versions::parse_filter(text).map(|all| all.iter().map(version_comparison).collect())
        }
        "registered_model_order" => registered_models::parse_order_by(&order_by)
            .map(|all| registered_order(all[0].key, all[0].direction)),
        "model_version_order" => {
            model_versions::parse_order_by(&order_by).map(|all| version_order(all[0].key, all[0].direction))
        }
        _ => unreachable!("unknown search {search}"),
    }
}

fn run_comparison(comparison: &RunComparison) -> Value {
    match comparison {
        RunComparison::Metric { key, op, value } => json!(["metric", key, op.as_str(), value]),
        RunComparison::Param { key, test } => entry("parameter", key, test),
        RunComparison::Tag { key, test } => entry("tag", key, test),
        RunComparison::NumberAttribute { attribute, op, value: Number::Integer(value) } => {
            json!(["attribute", run_number(*attribute), op.as_str(), value])
        }
        RunComparison::NumberAttribute { attribute, op, value: Number::Float(value) } => {
            json!(["attribute", run_number(*attribute), op.as_str(), value])
        }
        RunComparison::TextAttribute { attribute, op } => text("attribute", run_text(*attribute), op),
        RunComparison::Dataset { field, op } => text("dataset", dataset_field(*field), op),
    }
}

fn experiment_comparison(comparison: &ExperimentComparison) -> Value {
    match comparison {
        ExperimentComparison::Name(op) => text("attribute", "name", op),
        ExperimentComparison::Id(op) => code("attribute", "experiment_id", op),
        ExperimentComparison::Time { attribute, op, value } => {
            json!(["attribute", experiment_time(*attribute), op.as_str(), value])
        }
        ExperimentComparison::Tag { key, test } => entry("tag", key, test),
    }
}

fn model_comparison(comparison: &LoggedModelComparison) -> Value {
    match comparison {
        LoggedModelComparison::Metric { key, op, value } => json!(["metrics", key, op.as_str(), value]),
        LoggedModelComparison::Param { key, op } => text("params", key, op),
        LoggedModelComparison::Tag { key, op } => text("tags", key, op),
        LoggedModelComparison::Time { attribute, op, value } => {
            json!(["attributes", model_time(*attribute), op.as_str(), value])
        }
        LoggedModelComparison::Text { attribute, op } => text("attributes", model_text(*attribute), op),
        LoggedModelComparison::Code { attribute, op } => code("attributes", model_code(*attribute), op),
    }
}

fn registered_comparison(comparison: &RegisteredModelComparison) -> Value {
    match comparison {
        RegisteredModelComparison::Name(op) => text("attribute", "name", op),
        RegisteredModelComparison::Tag { key, op } => text("tag", key, op),
    }
}

fn version_comparison(comparison: &ModelVersionComparison) -> Value {
    match comparison {
        ModelVersionComparison::Text { attribute, op } => text("attribute", version_text(*attribute), op),
        ModelVersionComparison::Version { op, value } => {
            json!(["attribute", "version_number", op.as_str(), value])
        }
        ModelVersionComparison::Tag { key, op } => text("tag", key, op),
    }
}

fn entry(entity: &str, key: &str, test: &EntryTest) -> Value {
    match test {
        EntryTest::Value(op) => text(entity, key, op),
        EntryTest::Missing => json!([entity, key, "IS NULL", null]),
        EntryTest::Present => json!([entity, key, "IS NOT NULL", null]),
    }
}

fn text(entity: &str, key: &str, op: &TextOp) -> Value {
    match op {
        TextOp::Eq(value) => json!([entity, key, "=", value]),
        TextOp::Ne(value) => json!([entity, key, "!=", value]),
        TextOp::Like(value) => json!([entity, key, "LIKE", value]),
        TextOp::ILike(value) => json!([entity, key, "ILIKE", value]),
        TextOp::In(values) => json!([entity, key, "IN", values]),
        TextOp::NotIn(values) => json!([entity, key, "NOT IN", values]),
    }
}

/// A list of one code is what both `=` and `IN` become.
fn code(entity: &str, key: &str, op: &CodeOp) -> Value {
    match op {
        CodeOp::In(codes) => json!([entity, key, "IN", codes]),
        CodeOp::NotIn(codes) => json!([entity, key, "NOT IN", codes]),
    }
}

fn run_order(key: &RunOrderKey, direction: Direction) -> Value {
    let ascending = direction == Direction::Ascending;
    match key {
        RunOrderKey::Metric(key) => json!(["metric", key, ascending]),
        RunOrderKey::Param(key) => json!(["parameter", key, ascending]),
        RunOrderKey::Tag(key) => json!(["tag", key, ascending]),
        RunOrderKey::NumberAttribute(attribute) => json!(["attribute", run_number(*attribute), ascending]),
        RunOrderKey::TextAttribute(attribute) => json!(["attribute", run_text(*attribute), ascending]),
    }
}

fn experiment_order(key: ExperimentOrderKey, direction: Direction) -> Value {
    let name = match key {
        ExperimentOrderKey::Name => "name",
        ExperimentOrderKey::Id => "experiment_id",
        ExperimentOrderKey::Time(time) => experiment_time(time),
    };
    json!(["attribute", name, direction == Direction::Ascending])
}

fn registered_order(key: RegisteredModelOrderKey, direction: Direction) -> Value {
    let name = match key {
        RegisteredModelOrderKey::Name => "name",
        RegisteredModelOrderKey::LastUpdated => "last_updated",
    };
    json!(["attribute", name, direction == Direction::Ascending])
}

fn version_order(key: ModelVersionOrderKey, direction: Direction) -> Value {
    let name = match key {
        ModelVersionOrderKey::Name => "name",
        ModelVersionOrderKey::Version => "version",
        ModelVersionOrderKey::Creation => "creation",
        ModelVersionOrderKey::LastUpdated => "last_updated",
    };
    json!(["attribute", name, direction == Direction::Ascending])
}

fn version_text(attribute: ModelVersionText) -> &'static str {
    match attribute {
        ModelVersionText::Name => "name",
        ModelVersionText::RunId => "run_id",
        ModelVersionText::Source => "source_path",
    }
}

fn run_number(attribute: RunNumberAttribute) -> &'static str {
    match attribute {
        RunNumberAttribute::StartTime => "start_time",
        RunNumberAttribute::EndTime => "end_time",
    }
}

fn run_text(attribute: RunTextAttribute) -> &'static str {
    match attribute {
        RunTextAttribute::RunId => "run_id",
        RunTextAttribute::RunName => "run_name",
        RunTextAttribute::Status => "status",
        RunTextAttribute::UserId => "user_id",
        RunTextAttribute::ArtifactUri => "artifact_uri",
    }
}

fn dataset_field(field: DatasetField) -> &'static str {
    match field {
        DatasetField::Name => "name",
        DatasetField::Digest => "digest",
        DatasetField::Context => "context",
    }
}

fn experiment_time(time: ExperimentTime) -> &'static str {
    match time {
        ExperimentTime::Creation => "creation_time",
        ExperimentTime::LastUpdate => "last_update_time",
    }
}

fn model_time(time: LoggedModelTime) -> &'static str {
    match time {
        LoggedModelTime::Creation => "creation_timestamp_ms",
        LoggedModelTime::LastUpdated => "last_updated_timestamp_ms",
    }
}

fn model_text(attribute: LoggedModelText) -> &'static str {
    match attribute {
        LoggedModelText::ModelId => "model_id",
        LoggedModelText::Name => "name",
        LoggedModelText::ModelType => "model_type",
        LoggedModelText::SourceRunId => "source_run_id",
        LoggedModelText::ArtifactLocation => "artifact_location",
        LoggedModelText::LifecycleStage => "lifecycle_stage",
        LoggedModelText::StatusMessage => "status_message",
    }
}

fn model_code(attribute: LoggedModelCode) -> &'static str {
    match attribute {
        LoggedModelCode::ExperimentId => "experiment_id",
        LoggedModelCode::Status => "status",
    }
}
