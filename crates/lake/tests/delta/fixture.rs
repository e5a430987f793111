//! A table whose log is written line by line, so that a test says exactly what is in it.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int32Array, Int64Array, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type};
use delta_kernel::actions::deletion_vector_writer::{KernelDeletionVector, StreamingDeletionVectorWriter};
use forebay_lake::{
    AsOf, Comparison, Error, Format, Lake, NewFile, ScanOptions, Shard, Table, TableOptions, TableWriter,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A folder that becomes a table.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    runtime: Runtime,
}

impl Place {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Place { folder: tempfile::tempdir().unwrap(), runtime }
    }

    pub(crate) fn lake(&self) -> Lake {
        Lake::local(self.runtime.handle().clone())
    }

    /// Writes a commit.
    pub(crate) fn commit(&self, version: u64, actions: &[Value]) {
        let lines: Vec<String> = actions.iter().map(ToString::to_string).collect();
        self.write_log(&format!("{version:020}.json"), &lines.join("\n"));
    }

    pub(crate) fn write_log(&self, name: &str, content: &str) {
        let log = self.folder.path().join("_delta_log");
        fs::create_dir_all(&log).unwrap();
        fs::write(log.join(name), content).unwrap();
    }

    /// Writes a data file, and gives the action that adds it.
    pub(crate) fn add(&self, name: &str, columns: &[(&str, ArrayRef)]) -> Value {
        let columns = columns.iter().map(|(name, column)| (*name, Arc::clone(column), true));
        self.add_batch(name, &RecordBatch::try_from_iter_with_nullable(columns).unwrap())
    }

    pub(crate) fn add_batch(&self, name: &str, batch: &RecordBatch) -> Value {
        let path = self.folder.path().join(name);
        let file = NewFile::create(&self.lake(), path.to_str().unwrap()).unwrap();
        let mut writer = TableWriter::start(file, Format::Parquet, batch.schema_ref()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        let size = fs::metadata(&path).unwrap().len();
        let stats = json!({"numRecords": batch.num_rows()}).to_string();
        json!({"add": {"path": name, "partitionValues": {}, "size": size, "modificationTime": 1_700_000_000_000_i64,
            "dataChange": true, "stats": stats}})
    }

    /// Marks rows of an added file as deleted.
    pub(crate) fn delete(&self, add: &mut Value, rows: &[u64]) {
        let mut deleted = KernelDeletionVector::new();
        deleted.add_deleted_row_indexes(rows);
        let path = self.folder.path().join("deleted.bin");
        let mut file = fs::File::create(&path).unwrap();
        let mut writer = StreamingDeletionVectorWriter::new(&mut file);
        let written = writer.write_deletion_vector(deleted).unwrap();
        writer.finalize().unwrap();
        add["add"]["deletionVector"] = json!({"storageType": "p", "pathOrInlineDv": format!("file://{}", path.display()),
            "offset": written.offset, "sizeInBytes": written.size_in_bytes, "cardinality": written.cardinality});
    }

    pub(crate) fn open(&self, as_of: Option<AsOf>) -> Result<Arc<Table>, Error> {
        let options = TableOptions { as_of, ..TableOptions::default() };
        Table::open(&self.lake(), self.folder.path().to_str().unwrap(), &options).map(Arc::new)
    }

    /// All rows of all columns.
    pub(crate) fn rows(&self, as_of: Option<AsOf>) -> Result<RecordBatch, Error> {
        let table = self.open(as_of)?;
        let columns: Vec<&str> = table.schema().fields().iter().map(|field| field.name().as_str()).collect();
        scan(&table, &columns, &[])
    }

    /// The ids of the latest version, in their order, or why they cannot be read.
    pub(crate) fn ids(&self, as_of: Option<AsOf>) -> Result<Vec<i64>, String> {
        let told = |error: Error| error.to_string();
        let rows = self.open(as_of).and_then(|table| scan(&table, &["id"], &[])).map_err(told)?;
        Ok(ids(&rows))
    }
}

/// Some columns of the rows for which all of some comparisons hold.
pub(crate) fn scan(table: &Arc<Table>, columns: &[&str], predicate: &[&str]) -> Result<RecordBatch, Error> {
    let predicate = predicate.iter().map(|text| text.parse::<Comparison>().unwrap()).collect();
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let schema = table
        .schema()
        .project(&columns.iter().map(|name| table.schema().index_of(name).unwrap()).collect::<Vec<_>>());
    let options =
        ScanOptions { columns, max_rows: 3, max_bytes: 1 << 20, predicate, skip_rows: 0, limit: None };
    let batches = table.scan(Shard::ALL, &options)?.map(|rows| rows.map(|rows| rows.batch));
    let batches = batches.collect::<Result<Vec<_>, _>>()?;
    assert!(batches.iter().all(|batch| batch.num_rows() <= 3));
    let schema = batches.first().map_or_else(|| Arc::new(schema.unwrap()), RecordBatch::schema);
    Ok(concat_batches(&schema, &batches).unwrap())
}

pub(crate) fn ids(rows: &RecordBatch) -> Vec<i64> {
    let column = cast(&rows["id"], &DataType::Int64).unwrap();
    let mut ids = column.as_primitive::<Int64Type>().values().to_vec();
    ids.sort_unstable();
    ids
}

pub(crate) fn longs(values: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

pub(crate) fn integers(values: std::ops::Range<i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

/// The protocol of tables without features.
pub(crate) fn plain_protocol() -> Value {
    json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
}

pub(crate) fn protocol(features: &[&str]) -> Value {
    json!({"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features,
        "writerFeatures": features}})
}

/// Columns as name, type and notes.
pub(crate) fn metadata(columns: &[(&str, &str, Value)], partitions: &[&str], configuration: &Value) -> Value {
    let field = |(name, kind, notes): &(&str, &str, Value)| json!({"name": name, "type": kind, "nullable": true, "metadata": notes});
    let schema = json!({"type": "struct", "fields": columns.iter().map(field).collect::<Vec<_>>()});
    json!({"metaData": {"id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9", "format": {"provider": "parquet", "options": {}},
        "schemaString": schema.to_string(), "partitionColumns": partitions, "configuration": configuration,
        "createdTime": 1_700_000_000_000_i64}})
}

/// A column of ids.
pub(crate) fn only_ids() -> Value {
    metadata(&[("id", "long", json!({}))], &[], &json!({}))
}
