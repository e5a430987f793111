//! The life of a run: created, tagged, finished, read.

use forebay_wire::datasets::LogInputs;
use forebay_wire::empty::Empty;
use forebay_wire::enumeration::RunStatus;
use forebay_wire::runs::{
    CreateRun, DeleteTag, GetRun, GetRunResponse, LogParam, Run, RunInfo, SetTag, UpdateRun,
    UpdateRunResponse,
};

use crate::{Client, Error};

const CREATE: &str = "runs/create";
const GET: &str = "runs/get";
const UPDATE: &str = "runs/update";

/// A run that was just created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// What everything is logged on.
    pub run_id: String,
    /// Its name, made up by the server when none was given.
    pub run_name: String,
    /// Where its artifacts are: the root that artifact paths start at.
    pub artifact_uri: String,
}

impl Client {
    /// Creates a run. Without a start time the server takes 1970.
    pub async fn create_run(&self, message: &CreateRun) -> Result<NewRun, Error> {
        let answer: GetRunResponse = self.post(CREATE, message).await?;
        let info = answer.run.and_then(|run| run.info).ok_or_else(|| Error::missing(CREATE, "run.info"))?;
        Ok(NewRun {
            run_id: info.run_id.ok_or_else(|| Error::missing(CREATE, "run.info.run_id"))?,
            run_name: info.run_name.unwrap_or_default(),
            artifact_uri: info.artifact_uri.ok_or_else(|| Error::missing(CREATE, "run.info.artifact_uri"))?,
        })
    }

    /// A run with everything that was logged on it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is no such run.
    pub async fn get_run(&self, run_id: &str) -> Result<Run, Error> {
        let message = GetRun { run_id: Some(run_id.to_owned()), ..GetRun::default() };
        let answer: GetRunResponse = self.get(GET, &message).await?;
        answer.run.ok_or_else(|| Error::missing(GET, "run"))
    }

    /// Ends a run; `end_time_ms` is in milliseconds since the epoch.
    pub async fn finish_run(
        &self,
        run_id: &str,
        status: RunStatus,
        end_time_ms: i64,
    ) -> Result<RunInfo, Error> {
        self.update_run(&UpdateRun {
            run_id: Some(run_id.to_owned()),
            status: Some(status),
            end_time: Some(end_time_ms.into()),
            ..UpdateRun::default()
        })
        .await
    }

    /// Goes on with a run that ended, or whose program did.
    pub async fn resume_run(&self, run_id: &str) -> Result<RunInfo, Error> {
        self.update_run(&UpdateRun {
            run_id: Some(run_id.to_owned()),
            status: Some(RunStatus::Running),
            ..UpdateRun::default()
        })
        .await
    }

    async fn update_run(&self, message: &UpdateRun) -> Result<RunInfo, Error> {
        let answer: UpdateRunResponse = self.post(UPDATE, message).await?;
        answer.run_info.ok_or_else(|| Error::missing(UPDATE, "run_info"))
    }

    /// Notes which datasets and logged models a run reads.
    pub async fn log_inputs(&self, message: &LogInputs) -> Result<(), Error> {
        self.post::<Empty>("runs/log-inputs", message).await.map(drop)
    }

    /// Logs a param, at most 6,000 characters long; it can never get another value.
    pub async fn log_param(&self, run_id: &str, key: &str, value: &str) -> Result<(), Error> {
        let message = LogParam {
            run_id: Some(run_id.to_owned()),
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
            ..LogParam::default()
        };
        self.post::<Empty>("runs/log-parameter", &message).await.map(drop)
    }

    /// Sets a tag, at most 8,000 characters long, over its old value.
    pub async fn set_tag(&self, run_id: &str, key: &str, value: &str) -> Result<(), Error> {
        let message = SetTag {
            run_id: Some(run_id.to_owned()),
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
            ..SetTag::default()
        };
        self.post::<Empty>("runs/set-tag", &message).await.map(drop)
    }

    /// Takes a tag away.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when the run has no such tag.
    pub async fn delete_tag(&self, run_id: &str, key: &str) -> Result<(), Error> {
        let message = DeleteTag { run_id: Some(run_id.to_owned()), key: Some(key.to_owned()) };
        self.post::<Empty>("runs/delete-tag", &message).await.map(drop)
    }
}
