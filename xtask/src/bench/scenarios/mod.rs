//! What is measured. A scenario is a row of the table: so many connections, each with its requests.

mod artifacts;
mod histories;
mod logging;
mod registry;
mod searches;

use anyhow::Result;

use super::api::Api;
use super::load::Check;
use super::requests::Requests;

/// One kind of load.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) n_connections: usize,
    pub(super) amount: Amount,
    /// How many times MLflow's throughput is the least that will do; the goal is twice that.
    pub(super) floor: f64,
    pub(super) check: Check,
    /// The requests of one connection, after making what they are about.
    pub(super) prepare: fn(Api) -> Result<Requests>,
}

/// What one request is worth, and what it is counted in.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) per_request: f64,
    pub(super) unit: &'static str,
}

const REQUESTS: Amount = Amount { per_request: 1.0, unit: "requests/s" };

/// Those of tracking. Those that read come first: what is written makes the two databases grow apart.
pub(super) fn of_tracking() -> Vec<Scenario> {
    let groups =
        [searches::scenarios(), histories::scenarios(), artifacts::scenarios(), logging::scenarios()];
    groups.into_iter().flatten().collect()
}

/// Those of the model registry, in the same order.
pub(super) fn of_registry() -> Vec<Scenario> {
    registry::scenarios()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_scenario_has_a_name_of_its_own() {
        let all = || of_tracking().into_iter().chain(of_registry());
        let names: BTreeSet<_> = all().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), all().count());
    }
}
