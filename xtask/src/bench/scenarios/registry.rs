//! The model registry: searches and look-ups first, then writes, spread over all models.

use super::{REQUESTS, Scenario};
use crate::bench::content::{N_MODELS, PIPELINE_RUN, model_name};
use crate::bench::load::Check;
use crate::bench::requests::{Draft, Requests, with_query};

const MODELS: &str = "registered_models";
const VERSIONS: &str = "model_versions";
const VERSION: Check = Check::Fields("model_version");
/// Of those that go from model to model.
const N_CONNECTIONS: usize = 16;
const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";
/// The versions between which an alias goes to and fro. It comes from neither, but from the latest.
const TARGETS: [u32; 2] = [4, 7];

pub(super) fn scenarios() -> Vec<Scenario> {
    let scenario = |name, n_connections, check, prepare| Scenario {
        name,
        n_connections,
        amount: REQUESTS,
        floor: 20.0,
        check,
        prepare,
    };
    let search = |name, list, prepare| scenario(name, 1, Check::Rows(list), prepare);
    let walk = |name, check, prepare| scenario(name, N_CONNECTIONS, check, prepare);
    vec![
        search("models-by-name", MODELS, |_| Ok(models("name LIKE '%fraud%'"))),
        search("models-by-tag", MODELS, |_| Ok(models("tags.team = 'risk'"))),
        search("versions-of-model", VERSIONS, |_| {
            Ok(versions(&format!("name = '{}'", model_name(N_MODELS / 2))))
        }),
        search("versions-by-run", VERSIONS, |_| Ok(versions(&format!("run_id = '{PIPELINE_RUN}'")))),
        search("versions-by-tag", VERSIONS, |_| Ok(versions("tags.validation = 'pending'"))),
        walk("get-by-alias", VERSION, |_| Ok(of_each_model(get_by_alias))),
        walk("set-alias", Check::Status, |_| Ok(set_aliases())),
        // The last, because it makes the two databases grow apart.
        walk("create-version", VERSION, |_| Ok(of_each_model(create_version))),
    ]
}

fn models(filter: &str) -> Requests {
    search("/api/2.0/mlflow/registered-models/search", filter)
}

fn versions(filter: &str) -> Requests {
    search("/api/2.0/mlflow/model-versions/search", filter)
}

/// A page of the length that the Python client asks for of models.
fn search(path: &str, filter: &str) -> Requests {
    Requests::get(&with_query(path, &[("filter", filter), ("max_results", "100")]))
}

fn of_each_model(request: impl Fn(&str) -> Requests) -> Requests {
    Requests::in_turn((0..N_MODELS).map(|number| request(&model_name(number))))
}

fn get_by_alias(model: &str) -> Requests {
    Requests::get(&with_query(ALIAS, &[("name", model), ("alias", "champion")]))
}

/// Each model's alias is set to one version, then each model's to the other: every request changes something.
fn set_aliases() -> Requests {
    Requests::in_turn(TARGETS.map(|version| of_each_model(|model| set_alias(model, version))))
}

fn set_alias(model: &str, version: u32) -> Requests {
    let body = format!(r#"{{"name":"{model}","alias":"challenger","version":"{version}"}}"#);
    Draft::default().push(&body).post(ALIAS, 0)
}

/// A version as a pipeline registers it from a bucket, without a run that the server knows.
fn create_version(model: &str) -> Requests {
    let draft = Draft::default().push(&format!(r#"{{"name":"{model}","source":"s3://models/{model}/"#));
    let tag = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":"{value}"}}"#);
    let tags = [tag("framework", "xgboost"), tag("validation", "pending"), tag("commit", "5f0c2d1")];
    let end = format!(r#"","description":"Trained every night.","tags":[{}]}}"#, tags.join(","));
    draft.push_step(0).push(&end).post("/api/2.0/mlflow/model-versions/create", 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::bench::content::N_VERSIONS;

    #[test]
    fn an_alias_goes_between_versions_that_are_there_and_not_the_latest() {
        assert!(TARGETS.iter().all(|version| (1..N_VERSIONS).contains(version)));
    }

    #[test]
    fn a_connection_sets_the_aliases_of_the_same_models_in_each_round() {
        assert!((N_MODELS as usize).is_multiple_of(N_CONNECTIONS));
    }

    #[test]
    fn every_request_of_a_round_sets_another_alias() {
        let mut requests = set_aliases();
        let round: BTreeSet<_> = (0..N_MODELS * 2).map(|_| requests.next().head.to_vec()).collect();
        assert_eq!(round.len(), (N_MODELS * 2) as usize);
        assert!(round.contains(requests.next().head));
    }
}
