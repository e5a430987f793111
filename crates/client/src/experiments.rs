//! Experiments, found by their names.

use forebay_wire::experiments::{
    CreateExperiment, CreateExperimentResponse, Experiment, GetExperimentByName, GetExperimentResponse,
};

use crate::{Client, Error};

const CREATE: &str = "experiments/create";
const GET_BY_NAME: &str = "experiments/get-by-name";

impl Client {
    /// Creates an experiment and returns its id.
    ///
    /// # Errors
    /// `RESOURCE_ALREADY_EXISTS` when the name is taken, also by a deleted experiment.
    pub async fn create_experiment(&self, name: &str) -> Result<String, Error> {
        let message = CreateExperiment { name: Some(name.to_owned()), ..CreateExperiment::default() };
        let answer: CreateExperimentResponse = self.post(CREATE, &message).await?;
        answer.experiment_id.ok_or_else(|| Error::missing(CREATE, "experiment_id"))
    }

    /// The experiment with that name, deleted or not.
    pub async fn find_experiment(&self, name: &str) -> Result<Option<Experiment>, Error> {
        let message = GetExperimentByName { experiment_name: Some(name.to_owned()) };
        match self.get::<GetExperimentResponse>(GET_BY_NAME, &message).await {
            Ok(answer) => {
                answer.experiment.map(Some).ok_or_else(|| Error::missing(GET_BY_NAME, "experiment"))
            }
            Err(error) if error.has_code("RESOURCE_DOES_NOT_EXIST") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The id of the experiment with that name, which is created if there is none; also right when others do
    /// the same at the same time.
    pub async fn find_or_create_experiment(&self, name: &str) -> Result<String, Error> {
        if let Some(experiment) = self.find_experiment(name).await? {
            return experiment.experiment_id.ok_or_else(|| Error::missing(GET_BY_NAME, "experiment_id"));
        }
        let taken = match self.create_experiment(name).await {
            Err(error) if error.has_code("RESOURCE_ALREADY_EXISTS") => error,
            done => return done,
        };
        let experiment = self.find_experiment(name).await?;
        experiment.and_then(|experiment| experiment.experiment_id).ok_or(taken)
    }
}
