//! A feature store with the definitions of one table, for tests.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::ipc::writer::FileWriter;
use forebay_core::clock::SystemClock;
use forebay_db::Db;
use forebay_lake::Lake;
use forebay_wire::features::{ApplyFeatures, NamedFeatures};
use tokio::runtime::Handle;

use crate::definitions::change::What;
use crate::model::given;
use crate::model::requests::Which;
use crate::moment::Moment;
use crate::{Config, Error, Features, Locations};

/// A feature store, and the folder of its one table.
pub(super) struct Store {
    pub(super) features: Features,
    pub(super) folder: tempfile::TempDir,
}

impl Store {
    pub(super) fn new(db: Db, locations: impl FnOnce(&Path) -> Locations) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("gold")).unwrap();
        write(&folder.path().join("gold/weather.arrow"));
        let config = Config { user_header: None, locations: locations(folder.path()), memory_bytes: 1 << 30 };
        let lake = Lake::local(Handle::current());
        Store { features: Features::new(db, lake, config, Arc::new(SystemClock)), folder }
    }

    pub(super) fn open(db: Db) -> Self {
        Store::new(db, |_| Locations::Everywhere)
    }

    /// The definitions of these tests, changed.
    pub(super) fn yaml(&self, changes: &[(&str, &str)]) -> String {
        let mut yaml =
            YAML.replace("SOURCE", &self.folder.path().join("gold/weather.arrow").display().to_string());
        for (old, new) in changes {
            assert!(yaml.contains(old), "{old}");
            yaml = yaml.replace(old, new);
        }
        yaml
    }

    pub(super) async fn apply(&self, yaml: &str) -> Result<Vec<(String, What, i64)>, Error> {
        let message = ApplyFeatures { yaml: Some(yaml.to_owned()), ..ApplyFeatures::default() };
        let moment = Moment { now_ms: 7, user: Some("ann".to_owned()) };
        let changes = self.features.apply(given::read(message)?, moment).await?;
        Ok(changes.into_iter().map(|change| (change.name.to_string(), change.what, change.version)).collect())
    }

    pub(super) async fn refusal(&self, yaml: &str) -> String {
        self.apply(yaml).await.unwrap_err().to_string()
    }
}

const YAML: &str = "\
entities:
  - name: airport
    keys: [{name: origin, type: string}]
feature_views:
  - name: weather
    source: SOURCE
    entities: [airport]
    key_columns: {origin: station}
    event_time: time_hour
    created_time: loaded_at
    features:
      - {name: temp, type: float64, column: temperature}
      - {name: wind, type: int64}
on_demand_views:
  - name: derived
    inputs: [weather:temp]
    request: [{name: dep_delay, type: float64}]
    features: [{name: temp_c, expression: (temp - 32) / 1.8, type: float64}]
feature_services:
  - name: late
    features: [weather:wind, derived:temp_c]
";

/// The definitions behind the entity and the view.
pub(super) const REST: &str = "\
on_demand_views:
  - name: derived
    inputs: [weather:temp]
    request: [{name: dep_delay, type: float64}]
    features: [{name: temp_c, expression: (temp - 32) / 1.8, type: float64}]
feature_services:
  - name: late
    features: [weather:wind, derived:temp_c]
";

pub(super) fn write(path: &Path) {
    let times = || Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")) as ArrayRef;
    let columns: [(&str, ArrayRef); 5] = [
        ("station", Arc::new(StringArray::from(vec!["JFK"]))),
        ("time_hour", times()),
        ("temperature", Arc::new(Float64Array::from(vec![1.0]))),
        ("loaded_at", times()),
        ("wind", Arc::new(Int32Array::from(vec![1]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = FileWriter::try_new(File::create(path).unwrap(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

pub(super) fn which(name: &str, kind: Option<&str>, version: Option<i64>) -> Which {
    let message = NamedFeatures {
        name: Some(name.to_owned()),
        kind: kind.map(str::to_owned),
        version: version.map(Into::into),
    };
    message.try_into().unwrap()
}
