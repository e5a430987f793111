//! Logged models: made, filled with files, finished, and linked to the run that trained them; and found again.

use bytes::Bytes;
use forebay_wire::datasets::{LogOutputs, ModelOutput};
use forebay_wire::empty::Empty;
use forebay_wire::enumeration::LoggedModelStatus;
use forebay_wire::logged_models::{
    CreateLoggedModel, FinalizeLoggedModel, GetLoggedModel, LoggedModel, LoggedModelResponse,
    SearchLoggedModels, SearchLoggedModelsResponse,
};
use forebay_wire::model_versions::{CreateModelVersion, ModelVersion};
use forebay_wire::registered_models::CreateRegisteredModel;
use percent_encoding::utf8_percent_encode;
use reqwest::Method;

use crate::artifacts::SEGMENT;
use crate::pages::question;
use crate::{Client, Error, Pages};

const CREATE: &str = "logged-models";

question!(
    POST "logged-models/search",
    SearchLoggedModels => SearchLoggedModelsResponse,
    models: LoggedModel
);

/// A logged model that was just made and has no files yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewModel {
    /// Such as `m-0123456789abcdef0123456789abcdef`.
    pub model_id: String,
    /// Where its files go: the root that their paths start at.
    pub artifact_uri: String,
}

impl NewModel {
    /// The URI under which everyone loads the model.
    pub fn uri(&self) -> String {
        format!("models:/{}", self.model_id)
    }
}

impl Client {
    /// Makes a logged model, whose files come later. With a source run its metrics find the model too.
    pub async fn create_logged_model(&self, message: &CreateLoggedModel) -> Result<NewModel, Error> {
        let model = the_model(CREATE, self.post(CREATE, message).await?)?;
        let info = model.info.ok_or_else(|| Error::missing(CREATE, "model.info"))?;
        Ok(NewModel {
            model_id: info.model_id.ok_or_else(|| Error::missing(CREATE, "model.info.model_id"))?,
            artifact_uri: info
                .artifact_uri
                .ok_or_else(|| Error::missing(CREATE, "model.info.artifact_uri"))?,
        })
    }

    /// A logged model.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn get_logged_model(&self, model_id: &str) -> Result<LoggedModel, Error> {
        let endpoint = endpoint(model_id);
        the_model(&endpoint, self.get(&endpoint, &GetLoggedModel::default()).await?)
    }

    /// Searches logged models; `max_results` of the question is the size of a page.
    pub fn search_logged_models(&self, question: SearchLoggedModels) -> Pages<'_, SearchLoggedModels> {
        self.pages(question)
    }

    /// Says that the files of a logged model are all there, or that they will never be.
    pub async fn finalize_logged_model(
        &self,
        model_id: &str,
        status: LoggedModelStatus,
    ) -> Result<LoggedModel, Error> {
        let endpoint = endpoint(model_id);
        let message = FinalizeLoggedModel { model_id: Some(model_id.to_owned()), status: Some(status) };
        the_model(&endpoint, self.ask(Method::PATCH, &endpoint, &message).await?)
    }

    /// Makes a logged model with all of its files: `files` gets the new model and gives their paths and contents. With
    /// a source run the model becomes an output of it, at step 0. When a file cannot be written, the model stays as
    /// one whose upload failed.
    pub async fn log_model(
        &self,
        message: &CreateLoggedModel,
        files: impl FnOnce(&NewModel) -> Vec<(String, Vec<u8>)>,
    ) -> Result<NewModel, Error> {
        let model = self.create_logged_model(message).await?;
        if let Err(error) = self.upload_files(&model.artifact_uri, files(&model)).await {
            // What is told is why the upload failed, whatever becomes of this.
            let _ = self.finalize_logged_model(&model.model_id, LoggedModelStatus::UploadFailed).await;
            return Err(error);
        }
        if let Some(run_id) = &message.source_run_id {
            self.log_model_output(run_id, &model.model_id, 0).await?;
        }
        self.finalize_logged_model(&model.model_id, LoggedModelStatus::Ready).await?;
        Ok(model)
    }

    /// Notes that a run made a logged model.
    pub async fn log_model_output(&self, run_id: &str, model_id: &str, step: i64) -> Result<(), Error> {
        let output = ModelOutput { model_id: Some(model_id.to_owned()), step: Some(step.into()) };
        let message = LogOutputs { run_id: Some(run_id.to_owned()), models: Some(vec![output]) };
        self.post::<Empty>("runs/outputs", &message).await.map(drop)
    }

    /// Makes a logged model the next version of a registered model, which is created if there is none.
    pub async fn register_logged_model(
        &self,
        name: &str,
        model: &NewModel,
        run_id: Option<&str>,
    ) -> Result<ModelVersion, Error> {
        let registered =
            CreateRegisteredModel { name: Some(name.to_owned()), ..CreateRegisteredModel::default() };
        match self.create_registered_model(&registered).await {
            Err(error) if error.has_code("RESOURCE_ALREADY_EXISTS") => {}
            done => drop(done?),
        }
        let message = CreateModelVersion {
            name: Some(name.to_owned()),
            source: Some(model.artifact_uri.clone()),
            run_id: run_id.map(str::to_owned),
            model_id: Some(model.model_id.clone()),
            ..CreateModelVersion::default()
        };
        self.create_model_version(&message).await
    }

    async fn upload_files(&self, artifact_uri: &str, files: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        for (path, content) in files {
            self.upload_artifact(artifact_uri, &path, Bytes::from(content)).await?;
        }
        Ok(())
    }
}

fn endpoint(model_id: &str) -> String {
    format!("{CREATE}/{}", utf8_percent_encode(model_id, SEGMENT))
}

fn the_model(endpoint: &str, answer: LoggedModelResponse) -> Result<LoggedModel, Error> {
    answer.model.ok_or_else(|| Error::missing(endpoint, "model"))
}
