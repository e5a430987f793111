//! Where a new version comes from: its source looked up, and refused unless it lies in the artifacts of the run or the
//! logged model that the caller names.

use std::path::{Component, Path, PathBuf};

use forebay_core::invalid::Invalid;
use forebay_db::Tx;

use crate::aliases::get::number_of;
use crate::model::alias::AliasKey;
use crate::model::event::Of;
use crate::model::model_version::{ModelVersion, NewModelVersion};
use crate::model::name::{ModelName, VersionKey};
use crate::model::prompts;
use crate::model::source::{Source, Which, is_within, not_contained, not_in_artifacts};
use crate::model::stage::Stage;
use crate::sql::model_versions::{self, Aliases};
use crate::sql::{registered_model_tags, registered_models};
use crate::{Error, Registry, Result};

/// Where a version comes from, as its row tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// As the caller wrote it, but for an alias or a stage, which may move later.
    pub(super) source: String,
    /// The folder with the files.
    pub(super) location: String,
    /// Empty when no run is known.
    pub(super) run_id: String,
    /// The logged model that is told of the version.
    pub(super) noted_model: Option<String>,
}

/// What a caller says that a source belongs to.
#[derive(Debug, Clone, Copy)]
enum Owner<'a> {
    Run(&'a str),
    Model(&'a str),
    Nobody,
}

impl Owner<'_> {
    /// The field of the request that names it.
    fn field(self) -> &'static str {
        match self {
            Owner::Model(_) => "model_id",
            Owner::Run(_) | Owner::Nobody => "run_id",
        }
    }
}

impl Registry {
    /// Looks the source of a new version up.
    pub(super) async fn origin_of(&self, new: &NewModelVersion) -> Result<Origin> {
        if let Some(pattern) = &self.config.source_pattern {
            pattern.check(&new.source)?;
        }
        if new.is_prompt() {
            check_prompt(&new.source)?;
            return Ok(elsewhere(new));
        }
        let named = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        let source = Source::parse(&new.source)?;
        let (model_id, run_id) = (named(&new.model_id), named(&new.run_id));
        if source == Source::Bucket && model_id.is_none() {
            return Ok(elsewhere(new));
        }
        let mut tx = self.db.read().await?;
        match (source, model_id, run_id) {
            (Source::Version { name, which }, _, _) => self.shared(&mut tx, new, name, which).await,
            (source, Some(model_id), _) => self.of_model(&mut tx, new, source, model_id).await,
            (source, None, Some(run)) => self.of_run(&mut tx, new, source, Owner::Run(&run)).await,
            (source, None, None) => self.of_run(&mut tx, new, source, Owner::Nobody).await,
        }
    }

    /// A version of the same files as another version.
    async fn shared(&self, tx: &mut Tx, new: &NewModelVersion, name: String, which: Which) -> Result<Origin> {
        let other = find_version(tx, &new.source, name, which).await?;
        let other_run = other.run_id.unwrap_or_default();
        let contradicts = new.run_id.as_ref().is_some_and(|run_id| *run_id != other_run)
            || new.model_id.as_ref().is_some_and(|model_id| !model_id.is_empty());
        if contradicts {
            return Err(Invalid::message(format!(
                "Invalid model version source: '{}'. The run_id and model_id request parameters must match the \
                 referenced model version.",
                new.source
            ))
            .into());
        }
        let location = model_versions::find_location(tx, &other.key).await?.unwrap_or_default();
        let source = format!("models:/{}/{}", other.key.name, other.key.version);
        Ok(Origin { source, location, run_id: other_run, noted_model: None })
    }

    /// A version of a logged model.
    async fn of_model(
        &self,
        tx: &mut Tx,
        new: &NewModelVersion,
        source: Source,
        model_id: String,
    ) -> Result<Origin> {
        let text = &new.source;
        let refuse = || not_contained(text, "model_id");
        let model = self.around.lineage.find_model(tx, &model_id).await?;
        let model = match &source {
            Source::LoggedModel(id) if *id != model_id => return Err(refuse().into()),
            Source::Run(_) | Source::Version { .. } => return Err(refuse().into()),
            Source::Local(_) | Source::Proxied => model.ok_or_else(refuse)?,
            Source::LoggedModel(_) | Source::Bucket => {
                model.ok_or_else(|| Error::LoggedModelNotFound(model_id.clone()))?
            }
        };
        let location = match source {
            Source::LoggedModel(_) => model.artifact_location,
            source => {
                check_within(text, source, &model.artifact_location, Owner::Model(&model_id)).await?;
                text.clone()
            }
        };
        let run_id = new.run_id.clone().filter(|id| !id.is_empty()).or(model.source_run_id);
        let run_id = run_id.unwrap_or_default();
        Ok(Origin { source: text.clone(), location, run_id, noted_model: Some(model_id) })
    }

    /// A version of artifacts of a run, or of files somewhere else.
    async fn of_run(
        &self,
        tx: &mut Tx,
        new: &NewModelVersion,
        source: Source,
        owner: Owner<'_>,
    ) -> Result<Origin> {
        let text = &new.source;
        match (source, owner) {
            (Source::Bucket, _) => {}
            (Source::Run(id), Owner::Run(run_id)) if id == run_id => {}
            (Source::LoggedModel(_), _) => return Err(not_contained(text, "model_id").into()),
            (Source::Run(_) | Source::Version { .. }, _) | (Source::Proxied, Owner::Nobody) => {
                return Err(not_contained(text, "run_id").into());
            }
            (Source::Local(_), Owner::Nobody) => return Err(not_in_artifacts(text, "run_id").into()),
            (source, Owner::Run(id) | Owner::Model(id)) => {
                let run = self.around.lineage.find_run(tx, id).await?;
                let run = run.ok_or_else(|| not_contained(text, "run_id"))?;
                check_within(text, source, &run.artifact_uri, owner).await?;
            }
        }
        Ok(elsewhere(new))
    }
}

/// Files that are where the caller says, of the run that he names.
fn elsewhere(new: &NewModelVersion) -> Origin {
    Origin {
        source: new.source.clone(),
        location: new.source.clone(),
        run_id: new.run_id.clone().unwrap_or_default(),
        noted_model: None,
    }
}

fn check_prompt(source: &str) -> Result<(), Invalid> {
    if prompts::SOURCES.contains(&source) {
        return Ok(());
    }
    Err(Invalid::message(format!(
        "Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
    )))
}

/// The version that a `models:` URI names.
async fn find_version(tx: &mut Tx, source: &str, name: String, which: Which) -> Result<ModelVersion> {
    ModelName::parse(Some(name.clone()))?;
    if !registered_models::exists(tx, &name).await? {
        return Err(Error::ModelNotFound(name));
    }
    if registered_model_tags::find_kind(tx, &name).await? == Of::Prompt {
        return Err(Invalid::message(format!(
            "Invalid model version source: '{source}'. Prompt versions cannot be used as model version sources."
        ))
        .into());
    }
    let number = match which {
        Which::Number(number) => number,
        Which::Alias(alias) => number_of(tx, AliasKey { name: name.clone(), alias }).await?,
        Which::InStage(stage) => latest(tx, &name, Some(stage)).await?,
        Which::Latest => latest(tx, &name, None).await?,
    };
    let key = VersionKey { name, version: number };
    model_versions::find(tx, &key).await?.ok_or(Error::VersionNotFound(key))
}

/// The highest number of a version in a stage, or of all.
async fn latest(tx: &mut Tx, name: &str, stage: Option<String>) -> Result<i64> {
    let canonical = stage.as_deref().map(Stage::parse).transpose()?;
    let mut versions = model_versions::list_latest(tx, &[name.to_owned()], Aliases::Omitted).await?;
    versions.retain(|version| canonical.is_none_or(|stage| version.stage.as_deref() == Some(stage.as_str())));
    let numbers = versions.iter().map(|version| version.key.version);
    numbers.max().ok_or_else(|| Error::NoVersionInStage { name: name.to_owned(), stage })
}

/// Refuses a source that does not lie in the folder that its owner's artifacts are in.
async fn check_within(text: &str, source: Source, root: &str, owner: Owner<'_>) -> Result<(), Invalid> {
    match source {
        Source::Local(path) => {
            let Ok(Source::Local(root)) = Source::parse(root) else {
                return Err(not_in_artifacts(text, owner.field()));
            };
            let is_inside = tokio::task::spawn_blocking(move || {
                real(Path::new(&path)).starts_with(real(Path::new(&root)))
            });
            if is_inside.await.unwrap_or(false) {
                return Ok(());
            }
            Err(not_in_artifacts(text, owner.field()))
        }
        Source::Proxied if !is_within(text, root) => Err(not_contained(text, owner.field())),
        Source::Proxied
        | Source::Bucket
        | Source::Run(_)
        | Source::LoggedModel(_)
        | Source::Version { .. } => Ok(()),
    }
}

/// A path without links and without `.` and `..`, as far as it exists; what is missing is taken as it is written.
fn real(path: &Path) -> PathBuf {
    let mut real = std::path::absolute("/").unwrap_or_default();
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for part in path.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::Normal(name) => {
                real.push(name);
                real = std::fs::canonicalize(&real).unwrap_or(real);
            }
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    real
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_parents_are_followed_also_where_nothing_is_yet() {
        let folder = tempfile::tempdir().unwrap();
        let home = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::create_dir(home.join("a")).unwrap();
        std::os::unix::fs::symlink(home.join("a"), home.join("link")).unwrap();
        assert_eq!(real(&home.join("link/x/../y")), home.join("a/y"));
        assert_eq!(real(&home.join("link/../b")), home.join("b"));
        assert_eq!(real(&home.join("a/./../../..")), home.parent().unwrap().parent().unwrap());
    }
}
