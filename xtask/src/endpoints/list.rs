//! The list of MLflow's endpoints, kept in `data/endpoints.txt`.

use anyhow::{Context, Result, bail};

use crate::routes::Route;

const LIST: &str = include_str!("../../data/endpoints.txt");

/// Endpoints that belong together, under MLflow's word for them.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) endpoints: Vec<Endpoint>,
}

/// One method and path, before `/api` or `/ajax-api` is put in front.
pub(super) struct Endpoint {
    pub(super) method: String,
    pub(super) path: String,
    prefixes: &'static [&'static str],
}

impl Endpoint {
    /// Every place where MLflow serves it.
    pub(super) fn places(&self) -> Vec<Route> {
        self.prefixes
            .iter()
            .map(|prefix| Route::new(&self.method, &format!("{prefix}{}", self.path)))
            .collect()
    }
}

/// All groups, in the order of the list.
pub(super) fn read() -> Result<Vec<Group>> {
    parse(LIST)
}

fn parse(text: &str) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            groups.push(Group { name: name.to_owned(), endpoints: Vec::new() });
            continue;
        }
        let endpoint = parse_endpoint(line).with_context(|| format!("endpoints.txt: '{line}'"))?;
        groups.last_mut().context("an endpoint before the first group")?.endpoints.push(endpoint);
    }
    Ok(groups)
}

fn parse_endpoint(line: &str) -> Result<Endpoint> {
    let [method, place, path] = line.split(' ').collect::<Vec<_>>()[..] else {
        bail!("expected method, place and path");
    };
    let prefixes: &[&str] = match place {
        "root" => &[""],
        "api" => &["/api"],
        "ajax" => &["/ajax-api"],
        "both" => &["/api", "/ajax-api"],
        _ => bail!("'{place}' is none of root, api, ajax, both"),
    };
    Ok(Endpoint { method: method.to_owned(), path: path.to_owned(), prefixes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_pair_of_the_release() {
        let n_endpoints: usize = read().unwrap().iter().map(|group| group.endpoints.len()).sum();
        assert_eq!(n_endpoints, 333);
    }

    #[test]
    fn an_endpoint_for_both_is_served_in_two_places() {
        let places = parse_endpoint("GET both /2.0/mlflow/runs/get").unwrap().places();
        let paths: Vec<_> = places.iter().map(|route| route.path.as_str()).collect();
        assert_eq!(paths, ["/api/2.0/mlflow/runs/get", "/ajax-api/2.0/mlflow/runs/get"]);
    }

    #[test]
    fn a_line_that_is_no_endpoint_is_refused() {
        assert!(parse_endpoint("GET nowhere /x").is_err());
        assert!(parse_endpoint("GET /x").is_err());
        assert!(parse("GET root /x").is_err());
    }
}
