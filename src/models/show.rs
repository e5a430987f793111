//! `forebay models show`: a model, or one version of it.

use forebay_wire::model_versions::{ModelVersion, ModelVersionResponse};
use forebay_wire::registered_models::{RegisteredModel, RegisteredModelResponse};

use super::found::{self, Named};
use super::list::{aliases, latest};
use super::{Outcome, Session};
use crate::cli::VersionArgs;
use crate::shell::table::{Cell, Table};
use crate::shell::words::utc;

pub(super) async fn run(session: &Session, args: VersionArgs) -> anyhow::Result<Outcome> {
    match Named::of(args) {
        Named::Model(name) => {
            let model = session.client.get_registered_model(&name).await?;
            let text = model_text(&model);
            let answer = RegisteredModelResponse { registered_model: Some(model) };
            session.output.show(&answer, || text)?;
        }
        named => {
            let version = found::version(session, named).await?.version;
            let text = version_text(&version);
            let answer = ModelVersionResponse { model_version: Some(version) };
            session.output.show(&answer, || text)?;
        }
    }
    Ok(Outcome::Done)
}

fn model_text(model: &RegisteredModel) -> String {
    let tags = model.tags.iter().map(|tag| pair(tag.key.as_deref(), tag.value.as_deref()));
    let stages = model.latest_versions.iter().map(|version| {
        let stage = version.current_stage.as_deref().unwrap_or_default();
        format!("{} in stage {stage}", version.version.as_deref().unwrap_or_default())
    });
    let latest = latest(model);
    let latest = if stages.len() == 1 { Cell::from(latest) } else { stages.collect::<Vec<_>>().into() };
    let table = Table::of_pairs([
        ("Name", model.name.clone().into()),
        ("Description", model.description.clone().into()),
        ("Created", utc(model.creation_timestamp).into()),
        ("Updated", utc(model.last_updated_timestamp).into()),
        ("Latest", latest),
        ("Aliases", aliases(model).into()),
        ("Tags", tags.collect::<Vec<_>>().into()),
    ]);
    table.to_string()
}

fn version_text(version: &ModelVersion) -> String {
    let tags = version.tags.iter().map(|tag| pair(tag.key.as_deref(), tag.value.as_deref()));
    let status = version.status.as_ref().and_then(|status| serde_json::to_value(status).ok());
    let status = status.and_then(|status| Some(status.as_str()?.to_owned()));
    let table = Table::of_pairs([
        ("Name", version.name.clone().into()),
        ("Version", version.version.clone().into()),
        ("Aliases", version.aliases.join(", ").into()),
        ("Stage", version.current_stage.clone().into()),
        ("Status", status.into()),
        ("Status message", version.status_message.clone().into()),
        ("Description", version.description.clone().into()),
        ("Created", utc(version.creation_timestamp).into()),
        ("Updated", utc(version.last_updated_timestamp).into()),
        ("Run", version.run_id.clone().into()),
        ("Source", version.source.clone().into()),
        ("Tags", tags.collect::<Vec<_>>().into()),
    ]);
    table.to_string()
}

fn pair(key: Option<&str>, value: Option<&str>) -> String {
    format!("{}={}", key.unwrap_or_default(), value.unwrap_or_default())
}
