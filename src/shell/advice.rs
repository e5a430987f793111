//! What to do about an error of the client: a last half sentence, where there is something to say.

use anyhow::anyhow;
use forebay_client::Error;

use super::local::Tables;
use crate::failure;

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Models,
    Promotions,
    Features,
}

impl Topic {
    /// The tables that it needs.
    pub(crate) fn tables(self) -> Tables {
        match self {
            Topic::Models => Tables::Mlflows,
            Topic::Promotions | Topic::Features => Tables::Ours,
        }
    }
}

/// The error with what to do next; `place` is the registry that was asked.
pub(crate) fn added(error: anyhow::Error, place: &str, topic: Topic) -> anyhow::Error {
    let advice = error.downcast_ref::<Error>().and_then(|error| advice(error, place, topic));
    let Some(advice) = advice else {
        return error;
    };
    anyhow!("{}; {advice}", failure::line(&error).trim_end_matches(['.', '\n']))
}

fn advice(error: &Error, place: &str, topic: Topic) -> Option<String> {
    match error {
        Error::Transport(_) => {
            Some(format!("see that a server runs at {place}, or name another with --tracking-uri"))
        }
        // A refusal with a code is the registry's own and says why; one without comes from who guards it.
        Error::Api { status: 401, .. } | Error::Api { status: 403, code: None, .. } => Some(
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, of a user who may"
                .to_owned(),
        ),
        Error::Api { code: Some(code), .. } if code == "RESOURCE_DOES_NOT_EXIST" => Some(match topic {
            Topic::Models => format!("`forebay models list` shows the models of {place}"),
            Topic::Promotions => {
                "`forebay models show` and `forebay models history` tell what there is and was".to_owned()
            }
            Topic::Features => format!("`forebay features list` shows the definitions of {place}"),
        }),
        Error::Api { status: 404 | 405, .. } | Error::Decode { .. } => {
            let what = match topic {
                Topic::Models => return None,
                Topic::Promotions => "promotions and policies",
                Topic::Features => "features",
            };
            Some(format!("{what} need a Forebay server, and {place} seems to be another"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, code: Option<&str>, topic: Topic) -> String {
        let error = Error::Api { code: code.map(str::to_owned), message: "No.\n".to_owned(), status };
        added(error.into(), "http://h", topic).to_string()
    }

    #[test]
    fn a_guard_is_told_who_asks_and_a_rule_of_the_registry_speaks_for_itself() {
        assert!(told(401, None, Topic::Models).contains("MLFLOW_TRACKING_TOKEN"));
        assert!(told(403, None, Topic::Promotions).contains("MLFLOW_TRACKING_TOKEN"));
        let ruled = told(403, Some("PERMISSION_DENIED"), Topic::Promotions);
        assert!(!ruled.contains("MLFLOW_TRACKING_TOKEN"), "{ruled}");
    }

    #[test]
    fn a_server_without_promotions_is_told_apart_from_a_model_that_is_missing() {
        assert!(told(404, None, Topic::Promotions).contains("need a Forebay server, and http://h seems"));
        assert!(!told(404, None, Topic::Models).contains("Forebay server"));
        let missing = told(404, Some("RESOURCE_DOES_NOT_EXIST"), Topic::Models);
        assert!(missing.contains("`forebay models list` shows the models of http://h"), "{missing}");
    }
}
