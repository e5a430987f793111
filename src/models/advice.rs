//! What to do about an error of the client: a last half sentence, where there is something to say.

use anyhow::anyhow;
use forebay_client::Error;

use super::local::Tables;
use crate::failure;

/// The error with what to do next; `place` is the registry that was asked.
pub(super) fn added(error: anyhow::Error, place: &str, tables: Tables) -> anyhow::Error {
    let advice = error.downcast_ref::<Error>().and_then(|error| advice(error, place, tables));
    let Some(advice) = advice else {
        return error;
    };
    anyhow!("{}; {advice}", failure::line(&error).trim_end_matches(['.', '\n']))
}

fn advice(error: &Error, place: &str, tables: Tables) -> Option<String> {
    match error {
        Error::Transport(_) => {
            Some(format!("see that a server runs at {place}, or name another with --tracking-uri"))
        }
        Error::Api { status: 401 | 403, .. } => Some(
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, of a user who may"
                .to_owned(),
        ),
        Error::Api { code: Some(code), .. } if code == "RESOURCE_DOES_NOT_EXIST" => {
            Some(format!("`forebay models list` shows the models of {place}"))
        }
        Error::Api { status: 404 | 405, .. } | Error::Decode { .. } if tables == Tables::Ours => {
            Some(format!("promotions and policies need a Forebay server, and {place} seems to be another"))
        }
        _ => None,
    }
}
