//! The versions of registered models, and where their files are.

use forebay_wire::empty::Empty;
use forebay_wire::model_versions::{
    CreateModelVersion, DeleteModelVersionTag, GetModelVersionDownloadUriResponse, ModelVersion,
    ModelVersionResponse, NamedModelVersion, SearchModelVersions, SearchModelVersionsResponse,
    SetModelVersionTag, TransitionModelVersionStage, UpdateModelVersion,
};

use crate::pages::question;
use crate::{Client, Error, Pages};

const CREATE: &str = "model-versions/create";
const GET: &str = "model-versions/get";
const UPDATE: &str = "model-versions/update";
const TRANSITION_STAGE: &str = "model-versions/transition-stage";
const GET_DOWNLOAD_URI: &str = "model-versions/get-download-uri";

question!(
    GET "model-versions/search",
    SearchModelVersions => SearchModelVersionsResponse,
    model_versions: ModelVersion
);

impl Client {
    /// Makes a version of a registered model out of files that are there already.
    pub async fn create_model_version(&self, message: &CreateModelVersion) -> Result<ModelVersion, Error> {
        the_version(CREATE, self.post(CREATE, message).await?)
    }

    /// A version by its number, in digits.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn get_model_version(&self, name: &str, version: &str) -> Result<ModelVersion, Error> {
        the_version(GET, self.get(GET, &named(name, version)).await?)
    }

    /// Searches versions; `max_results` of the question is the size of a page, at most 200,000.
    pub fn search_model_versions(&self, question: SearchModelVersions) -> Pages<'_, SearchModelVersions> {
        self.pages(question)
    }

    /// Changes the description of a version.
    pub async fn describe_model_version(
        &self,
        name: &str,
        version: &str,
        description: &str,
    ) -> Result<ModelVersion, Error> {
        let message = UpdateModelVersion {
            name: Some(name.to_owned()),
            version: Some(version.to_owned()),
            description: Some(description.to_owned()),
        };
        the_version(UPDATE, self.patch(UPDATE, &message).await?)
    }

    /// Puts a version into another stage.
    pub async fn transition_stage(
        &self,
        message: &TransitionModelVersionStage,
    ) -> Result<ModelVersion, Error> {
        the_version(TRANSITION_STAGE, self.post(TRANSITION_STAGE, message).await?)
    }

    /// Deletes a version; its files stay.
    pub async fn delete_model_version(&self, name: &str, version: &str) -> Result<(), Error> {
        self.delete::<Empty>("model-versions/delete", &named(name, version)).await.map(drop)
    }

    /// Sets a tag of a version over its old value.
    pub async fn set_version_tag(
        &self,
        name: &str,
        version: &str,
        key: &str,
        value: &str,
    ) -> Result<(), Error> {
        let message = SetModelVersionTag {
            name: Some(name.to_owned()),
            version: Some(version.to_owned()),
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        };
        self.post::<Empty>("model-versions/set-tag", &message).await.map(drop)
    }

    /// Deletes a tag of a version.
    pub async fn delete_version_tag(&self, name: &str, version: &str, key: &str) -> Result<(), Error> {
        let message = DeleteModelVersionTag {
            name: Some(name.to_owned()),
            version: Some(version.to_owned()),
            key: Some(key.to_owned()),
        };
        self.delete::<Empty>("model-versions/delete-tag", &message).await.map(drop)
    }

    /// Where the files of a version are.
    pub async fn get_version_download_uri(&self, name: &str, version: &str) -> Result<String, Error> {
        let answer: GetModelVersionDownloadUriResponse =
            self.get(GET_DOWNLOAD_URI, &named(name, version)).await?;
        answer.artifact_uri.ok_or_else(|| Error::missing(GET_DOWNLOAD_URI, "artifact_uri"))
    }
}

fn named(name: &str, version: &str) -> NamedModelVersion {
    NamedModelVersion { name: Some(name.to_owned()), version: Some(version.to_owned()) }
}

fn the_version(endpoint: &str, answer: ModelVersionResponse) -> Result<ModelVersion, Error> {
    answer.model_version.ok_or_else(|| Error::missing(endpoint, "model_version"))
}
