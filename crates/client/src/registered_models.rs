//! Registered models: made, found, changed, and their aliases and tags.

use forebay_wire::empty::Empty;
use forebay_wire::model_versions::{ModelVersion, ModelVersionResponse};
use forebay_wire::registered_models::{
    CreateRegisteredModel, DeleteRegisteredModelTag, GetLatestVersions, GetLatestVersionsResponse,
    NamedAlias, NamedRegisteredModel, RegisteredModel, RegisteredModelResponse, RenameRegisteredModel,
    SearchRegisteredModels, SearchRegisteredModelsResponse, SetRegisteredModelAlias, SetRegisteredModelTag,
    UpdateRegisteredModel,
};

use crate::pages::question;
use crate::{Client, Error, Pages};

const CREATE: &str = "registered-models/create";
const GET: &str = "registered-models/get";
const UPDATE: &str = "registered-models/update";
const RENAME: &str = "registered-models/rename";
const ALIAS: &str = "registered-models/alias";

question!(
    GET "registered-models/search",
    SearchRegisteredModels => SearchRegisteredModelsResponse,
    registered_models: RegisteredModel
);

impl Client {
    /// Creates a registered model.
    ///
    /// # Errors
    /// `RESOURCE_ALREADY_EXISTS` when the name is taken.
    pub async fn create_registered_model(
        &self,
        message: &CreateRegisteredModel,
    ) -> Result<RegisteredModel, Error> {
        the_model(CREATE, self.post(CREATE, message).await?)
    }

    /// The registered model with that name.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn get_registered_model(&self, name: &str) -> Result<RegisteredModel, Error> {
        the_model(GET, self.get(GET, &named(name)).await?)
    }

    /// Searches registered models; `max_results` of the question is the size of a page, at most 1,000.
    pub fn search_registered_models(
        &self,
        question: SearchRegisteredModels,
    ) -> Pages<'_, SearchRegisteredModels> {
        self.pages(question)
    }

    /// Changes the description of a registered model.
    pub async fn describe_registered_model(
        &self,
        name: &str,
        description: &str,
    ) -> Result<RegisteredModel, Error> {
        let message =
            UpdateRegisteredModel { name: Some(name.to_owned()), description: Some(description.to_owned()) };
        the_model(UPDATE, self.patch(UPDATE, &message).await?)
    }

    /// Gives a registered model another name.
    pub async fn rename_registered_model(
        &self,
        name: &str,
        new_name: &str,
    ) -> Result<RegisteredModel, Error> {
        let message =
            RenameRegisteredModel { name: Some(name.to_owned()), new_name: Some(new_name.to_owned()) };
        the_model(RENAME, self.post(RENAME, &message).await?)
    }

    /// Deletes a registered model with all of its versions.
    pub async fn delete_registered_model(&self, name: &str) -> Result<(), Error> {
        self.delete::<Empty>("registered-models/delete", &named(name)).await.map(drop)
    }

    /// The highest version of a model in each of these stages, or in every stage when none is named.
    pub async fn list_latest_versions(
        &self,
        name: &str,
        stages: &[&str],
    ) -> Result<Vec<ModelVersion>, Error> {
        let message = GetLatestVersions {
            name: Some(name.to_owned()),
            stages: stages.iter().map(|stage| (*stage).to_owned()).collect(),
        };
        let answer: GetLatestVersionsResponse =
            self.post("registered-models/get-latest-versions", &message).await?;
        Ok(answer.model_versions)
    }

    /// Lets an alias stand for a version, whatever it stood for before.
    pub async fn set_model_alias(&self, name: &str, alias: &str, version: &str) -> Result<(), Error> {
        let message = SetRegisteredModelAlias {
            name: Some(name.to_owned()),
            alias: Some(alias.to_owned()),
            version: Some(version.to_owned()),
        };
        self.post::<Empty>(ALIAS, &message).await.map(drop)
    }

    /// The version that an alias stands for.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE`, as in MLflow, when the model has no such alias.
    pub async fn get_version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion, Error> {
        let answer: ModelVersionResponse = self.get(ALIAS, &named_alias(name, alias)).await?;
        answer.model_version.ok_or_else(|| Error::missing(ALIAS, "model_version"))
    }

    /// Deletes an alias; the version stays.
    pub async fn delete_model_alias(&self, name: &str, alias: &str) -> Result<(), Error> {
        self.delete::<Empty>(ALIAS, &named_alias(name, alias)).await.map(drop)
    }

    /// Sets a tag of a registered model over its old value.
    pub async fn set_model_tag(&self, name: &str, key: &str, value: &str) -> Result<(), Error> {
        let message = SetRegisteredModelTag {
            name: Some(name.to_owned()),
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        };
        self.post::<Empty>("registered-models/set-tag", &message).await.map(drop)
    }

    /// Deletes a tag of a registered model.
    pub async fn delete_model_tag(&self, name: &str, key: &str) -> Result<(), Error> {
        let message = DeleteRegisteredModelTag { name: Some(name.to_owned()), key: Some(key.to_owned()) };
        self.delete::<Empty>("registered-models/delete-tag", &message).await.map(drop)
    }
}

fn named(name: &str) -> NamedRegisteredModel {
    NamedRegisteredModel { name: Some(name.to_owned()) }
}

fn named_alias(name: &str, alias: &str) -> NamedAlias {
    NamedAlias { name: Some(name.to_owned()), alias: Some(alias.to_owned()) }
}

fn the_model(endpoint: &str, answer: RegisteredModelResponse) -> Result<RegisteredModel, Error> {
    answer.registered_model.ok_or_else(|| Error::missing(endpoint, "registered_model"))
}
