//! What an error is in gRPC: a code and its text.

use tonic::{Code, Status};

use crate::engines::EngineError;
use crate::protocols::oip::refusal::Refusal;
use crate::queue::error::ScoreError;
use crate::served::inference::InferenceError;

fn code(error: &InferenceError) -> Code {
    match error {
        InferenceError::Refused(Refusal::Invalid(_)) => Code::InvalidArgument,
        InferenceError::Refused(Refusal::Unwritable(_)) => Code::Internal,
        InferenceError::UnknownModel(_) | InferenceError::UnknownVersion { .. } => Code::NotFound,
        InferenceError::NotReady { .. } => Code::Unavailable,
        InferenceError::FixedModels => Code::Unimplemented,
        InferenceError::Score(error) => code_of_score(error),
    }
}

fn code_of_score(error: &ScoreError) -> Code {
    match error {
        ScoreError::Full { .. } => Code::ResourceExhausted,
        ScoreError::DeadlinePassed(_) => Code::DeadlineExceeded,
        ScoreError::Closed | ScoreError::Engine(EngineError::Lost(_)) => Code::Unavailable,
        // What can never fit is not to be tried again, as callers try again what was too much for now.
        ScoreError::TooLarge { .. }
        | ScoreError::Engine(EngineError::Invalid(_) | EngineError::Failed(_)) => Code::InvalidArgument,
    }
}

impl From<InferenceError> for Status {
    fn from(error: InferenceError) -> Self {
        /// Headers carry the text, and peers refuse headers that are too long.
        const LONGEST: usize = 2000;
        Status::new(code(&error), error.to_string().chars().take(LONGEST).collect::<String>())
    }
}
