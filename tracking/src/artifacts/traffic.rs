//! What is counted of artifacts, by the kind of store. Without a registry nothing is.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::StoreError;

/// What keeps the artifacts of a store.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoreKind {
    Local,
    S3,
    Google,
    Azure,
}

/// What is done with artifacts, as a label.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    List,
    Open,
    Upload,
    Delete,
}

const OPERATIONS: [Operation; 4] = [Operation::List, Operation::Open, Operation::Upload, Operation::Delete];

const OK: &str = "ok";
const REFUSED: &str = "refused";
const FAILED: &str = "failed";

/// The meters of all kinds of stores; by default they count nothing.
#[derive(Clone, Default)]
pub(crate) struct Traffic {
    local: Meter,
    s3: Meter,
    google: Meter,
    azure: Meter,
}

/// What is counted of one kind of store, or nothing. All clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Option<Arc<Counted>>);

#[derive(Debug)]
struct Counted {
    store: &'static str,
    uploaded_bytes: Counter,
    downloaded_bytes: Counter,
    operations: Family<Ended, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Moved {
    store: &'static str,
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    store: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

impl Traffic {
    /// Meters that count into `registry`.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let (bytes, operations) = (Family::default(), Family::default());
        registry.register(
            "forebay_artifact_bytes",
            "Bytes of artifacts that passed through this server",
            bytes.clone(),
        );
        registry.register(
            "forebay_artifact_operations",
            "Operations on artifact stores, by how they ended",
            operations.clone(),
        );
        let meter = |store| Meter::counting(store, &bytes, &operations);
        Traffic { local: meter("local"), s3: meter("s3"), google: meter("gcs"), azure: meter("azure") }
    }

    /// The meter of a kind of store.
    pub(super) fn of(&self, kind: StoreKind) -> Meter {
        let meter = match kind {
            StoreKind::Local => &self.local,
            StoreKind::S3 => &self.s3,
            StoreKind::Google => &self.google,
            StoreKind::Azure => &self.azure,
        };
        meter.clone()
    }
}

impl Meter {
    fn counting(
        store: &'static str,
        bytes: &Family<Moved, Counter>,
        operations: &Family<Ended, Counter>,
    ) -> Self {
        let moved = |operation| bytes.get_or_create_owned(&Moved { store, operation });
        for operation in OPERATIONS.map(Operation::label) {
            for outcome in [OK, REFUSED, FAILED] {
                // A rate needs a zero to start from.
                drop(operations.get_or_create(&Ended { store, operation, outcome }));
            }
        }
        Meter(Some(Arc::new(Counted {
            store,
            uploaded_bytes: moved("upload"),
            downloaded_bytes: moved("download"),
            operations: operations.clone(),
        })))
    }

    /// So many bytes came from a caller.
    pub(super) fn uploaded(&self, n_bytes: usize) {
        if let Some(counted) = &self.0 {
            counted.uploaded_bytes.inc_by(n_bytes as u64);
        }
    }

    /// So many bytes go to a caller.
    pub(super) fn downloaded(&self, n_bytes: usize) {
        if let Some(counted) = &self.0 {
            counted.downloaded_bytes.inc_by(n_bytes as u64);
        }
    }

    /// An operation ended.
    pub(super) fn ended<T>(&self, operation: Operation, result: &Result<T, StoreError>) {
        let Some(counted) = &self.0 else { return };
        let outcome = match result {
            Ok(_) => OK,
            Err(error) if error.code().http_status() < 500 => REFUSED,
            Err(_) => FAILED,
        };
        let ended = Ended { store: counted.store, operation: operation.label(), outcome };
        counted.operations.get_or_create(&ended).inc();
    }
}

impl Operation {
    fn label(self) -> &'static str {
        match self {
            Operation::List => "list",
            Operation::Open => "open",
            Operation::Upload => "upload",
            Operation::Delete => "delete",
        }
    }
}
