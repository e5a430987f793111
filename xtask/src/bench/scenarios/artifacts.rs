//! One large file through the server, to and from a local folder.

use super::{Amount, Scenario};
use crate::bench::load::Check;
use crate::bench::requests::Requests;

const PATH: &str = "/api/2.0/mlflow-artifacts/artifacts/bench/large.bin";
const MIB: usize = 1024 * 1024;
const N_BLOCKS: usize = 256;
const FILE: Amount = Amount { per_request: 256.0, unit: "MiB/s" };

pub(super) fn scenarios() -> Vec<Scenario> {
    let file =
        |name, check, prepare| Scenario { name, n_connections: 1, amount: FILE, floor: 1.0, check, prepare };
    vec![
        file("artifact-upload", Check::Status, |_| Ok(upload())),
        file("artifact-download", Check::Bytes(N_BLOCKS * MIB), |api| {
            api.send(upload())?;
            Ok(Requests::get(PATH))
        }),
    ]
}

fn upload() -> Requests {
    Requests::put(PATH, vec![b'x'; MIB], N_BLOCKS)
}
