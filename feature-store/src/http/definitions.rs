//! Handlers of definitions.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::feature_file;
use forebay_wire::features as wire;

use super::caller::Caller;
use crate::definitions::change::{Change, FieldChange, What};
use crate::model::definition::message;
use crate::model::given;
use crate::model::kept::Kept;
use crate::model::requests::{Which, kind};
use crate::{Features, Result};

pub(super) async fn plan(
    State(features): State<Features>,
    Message(req): Message<wire::ApplyFeatures>,
) -> Result<Pretty<wire::FeatureChanges>> {
    Ok(changes(features.plan(given::read(req)?).await?.changes))
}

pub(super) async fn apply(
    State(features): State<Features>,
    Caller(user): Caller,
    Message(req): Message<wire::ApplyFeatures>,
) -> Result<Pretty<wire::FeatureChanges>> {
    Ok(changes(features.apply(given::read(req)?, features.moment(user)).await?))
}

pub(super) async fn list(
    State(features): State<Features>,
    Message(req): Message<wire::ListFeatures>,
) -> Result<Pretty<wire::KeptFeaturesList>> {
    let definitions = features.list(kind(req.kind)?).await?.iter().map(heading).collect();
    Ok(Pretty(wire::KeptFeaturesList { definitions }))
}

pub(super) async fn get(
    State(features): State<Features>,
    Message(req): Message<wire::NamedFeatures>,
) -> Result<Pretty<wire::KeptFeaturesResponse>> {
    let definition = Some(whole(&features.get(&req.try_into()?).await?));
    Ok(Pretty(wire::KeptFeaturesResponse { definition }))
}

pub(super) async fn history(
    State(features): State<Features>,
    Message(req): Message<wire::NamedFeatures>,
) -> Result<Pretty<wire::KeptFeaturesList>> {
    let which: Which = req.try_into()?;
    let definitions = features.history(&which).await?.iter().map(heading).collect();
    Ok(Pretty(wire::KeptFeaturesList { definitions }))
}

pub(super) async fn delete(
    State(features): State<Features>,
    Caller(user): Caller,
    Message(req): Message<wire::NamedFeatures>,
) -> Result<Pretty<wire::KeptFeaturesResponse>> {
    let gone = features.delete(req.try_into()?, features.moment(user)).await?;
    Ok(Pretty(wire::KeptFeaturesResponse { definition: Some(heading(&gone)) }))
}

pub(super) async fn service(
    State(features): State<Features>,
    Message(req): Message<wire::GetServiceDefinitions>,
) -> Result<Pretty<wire::ServiceDefinitions>> {
    let which: Which = req.try_into()?;
    let service = features.service(&which).await?;
    Ok(Pretty(wire::ServiceDefinitions {
        name: Some(which.name.to_string()),
        version: Some(service.version.into()),
        definitions: Some(message(&service.definitions)),
    }))
}

fn changes(changes: Vec<Change>) -> Pretty<wire::FeatureChanges> {
    Pretty(wire::FeatureChanges { changes: changes.into_iter().map(change).collect() })
}

fn change(change: Change) -> wire::FeatureChange {
    let (word, fields) = match change.what {
        What::Created => ("created", Vec::new()),
        What::Changed(fields) => ("changed", fields),
        What::Unchanged => ("unchanged", Vec::new()),
    };
    let field = |FieldChange { field, from, to }| wire::FieldChange { field: Some(field), from, to };
    wire::FeatureChange {
        kind: Some(change.kind.as_str().to_owned()),
        name: Some(change.name.to_string()),
        change: Some(word.to_owned()),
        version: Some(change.version.into()),
        fields: fields.into_iter().map(field).collect(),
    }
}

/// What lists tell of a version.
fn heading(kept: &Kept) -> wire::KeptFeatures {
    wire::KeptFeatures {
        kind: Some(kept.kind.as_str().to_owned()),
        name: Some(kept.name.to_string()),
        version: Some(kept.version.into()),
        creation_timestamp: Some(kept.created_ms.into()),
        created_by: kept.created_by.clone(),
        is_deleted: Some(kept.definition.is_none()),
        yaml: None,
        definitions: None,
    }
}

/// A version with the definition itself.
fn whole(kept: &Kept) -> wire::KeptFeatures {
    let definitions = message(&kept.definition);
    wire::KeptFeatures {
        yaml: Some(feature_file::write(&definitions)),
        definitions: Some(definitions),
        ..heading(kept)
    }
}
