//! A lake in a folder, and definitions of what is in it.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use forebay_lake::{Append, Format, Lake, NewFile, ScanOptions, Shard, Table, TableOptions, TableWriter};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::locations::Locations;
use crate::model::about::About;
use crate::model::entity::{Entity, Key};
use crate::model::feature_service::FeatureService;
use crate::model::feature_view::{Feature, FeatureView, Holds, KnownAt};
use crate::model::name::Name;
use crate::model::reference::Reference;
use crate::model::value_type::ValueType;
use crate::training_sets::budget::Budget;
use crate::training_sets::build::{Built, Existing, Means, Output, Request, Spine, build_by};
use crate::training_sets::{Blueprint, Error, Progress, Step};

/// Nobody watches.
pub(super) struct Unwatched;

impl Progress for Unwatched {
    fn at(&self, _step: Step<'_>, _done: u64, _of: Option<u64>) {}
}

/// A lake of its own.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    runtime: Runtime,
}

pub(crate) type Column<'a> = (&'a str, ArrayRef);

pub(crate) fn numbers(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int64Array>())
}

pub(crate) fn times(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

pub(crate) fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) fn batch(columns: &[Column<'_>]) -> RecordBatch {
    let columns = columns.iter().map(|(name, column)| (*name, Arc::clone(column), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// So many threads and parts.
pub(crate) fn means(n_threads: u32, n_parts: Option<u32>) -> Means {
    Means { budget: Budget::of_rows(1 << 30, n_threads), n_parts }
}

impl Place {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        Place { folder: tempfile::tempdir().unwrap(), runtime }
    }

    pub(crate) fn lake(&self) -> Lake {
        Lake::local(self.runtime.handle().clone())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file of the format that its name says.
    pub(crate) fn file(&self, name: &str, rows: &RecordBatch) -> String {
        let path = self.path(name);
        let file = NewFile::create(&self.lake(), &path).unwrap();
        let mut writer = TableWriter::start(file, Format::of_path(name).unwrap(), rows.schema_ref()).unwrap();
        writer.write(rows).unwrap();
        writer.finish().unwrap();
        path
    }

    /// Adds a file of rows to a Delta table.
    pub(crate) fn commit(&self, table: &str, part: &str, rows: &RecordBatch) -> String {
        let path = self.path(table);
        let append = Append::to(&self.lake(), &path, rows.schema_ref(), None).unwrap();
        let file = append.folder().create(part).unwrap();
        let mut writer = TableWriter::start(file, Format::Parquet, append.schema()).unwrap();
        writer.write(&append.convert(rows).unwrap()).unwrap();
        writer.finish().unwrap();
        append.commit(&[part.to_owned()]).unwrap();
        path
    }

    pub(crate) fn request(&self, spine: &str, output: &str) -> Request {
        Request {
            spine: Spine::Table(spine.to_owned()),
            event_time: "at".to_owned(),
            output: Output::table(&self.path(output), Existing::Replace),
            as_of_us: None,
            locations: Locations::Everywhere,
            memory_bytes: 1 << 30,
            spill_folder: PathBuf::from(self.folder.path()),
            pin: None,
            job_id: None,
            now_ms: 1_700_000_000_000,
        }
    }

    pub(crate) fn build(&self, blueprint: &Blueprint, request: Request) -> Result<Built, Error> {
        build_by(means(2, None), &self.lake(), blueprint, request, &Unwatched)
    }

    /// All rows of a table.
    pub(crate) fn read(&self, table: &str) -> RecordBatch {
        let table =
            Table::open(&self.lake(), &self.path(table), &TableOptions::default()).map(Arc::new).unwrap();
        let columns = table.schema().fields().iter().map(|field| field.name().clone()).collect();
        let (predicate, max_rows, max_bytes) = (Vec::new(), 1_000, 1 << 20);
        let options = ScanOptions { columns, max_rows, max_bytes, predicate, skip_rows: 0, limit: None };
        let rows = table.scan(Shard::ALL, &options).unwrap();
        let batches: Vec<RecordBatch> = rows.map(|rows| rows.unwrap().batch).collect();
        let schema = batches.first().map_or_else(|| Arc::clone(table.schema()), RecordBatch::schema);
        concat_batches(&schema, &batches).unwrap()
    }
}

pub(crate) fn longs(rows: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    rows[column].as_primitive::<Int64Type>().iter().collect()
}

pub(crate) fn entity(entity: &str, keys: &[(&str, ValueType)]) -> Entity {
    let keys = keys.iter().map(|(key, kind)| Key { name: name(key), kind: kind.clone() }).collect();
    Entity { name: name(entity), keys, about: About::default() }
}

/// A view of whole numbers in columns of their names, whose event time is `at` and whose created time is `created`.
pub(crate) fn view(view: &str, source: &str, of: &str, features: &[&str]) -> FeatureView {
    let feature = |feature: &&str| Feature {
        name: name(feature),
        column: (*feature).to_owned(),
        kind: ValueType::Int64,
        description: None,
    };
    FeatureView {
        name: name(view),
        source: source.to_owned(),
        entities: vec![name(of)],
        key_columns: Vec::new(),
        holds: Holds::Since { event_time: "at".to_owned(), ttl: None },
        created_time: None,
        known_at: KnownAt::EventTime,
        features: features.iter().map(feature).collect(),
        expectations: Vec::new(),
        about: About::default(),
    }
}

/// A service of all features of views.
pub(crate) fn blueprint(entities: Vec<Entity>, views: Vec<FeatureView>) -> Blueprint {
    let of_view = |view: &FeatureView| {
        let name = view.name.clone();
        let refer = move |feature: &Feature| Reference { view: name.clone(), feature: feature.name.clone() };
        view.features.iter().map(refer).collect::<Vec<_>>()
    };
    let features = views.iter().flat_map(of_view).collect();
    let service = FeatureService { name: name("everything"), features, about: About::default() };
    let definitions = json!({"views": views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>()});
    Blueprint { service, service_version: 3, entities, views, on_demand: Vec::new(), definitions }
}

/// One entity, `customer`, whose key is `id`, and a view `orders` of `n` in that table.
pub(crate) fn orders(source: &str) -> Blueprint {
    let customers = entity("customer", &[("id", ValueType::Int64)]);
    blueprint(vec![customers], vec![view("orders", source, "customer", &["n"])])
}
