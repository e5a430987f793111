//! Whether tables have what feature views say of them.

use arrow::datatypes::{DataType, Field, Schema};
use forebay_core::causes::with_causes;
use forebay_core::nearest::did_you_mean;
use forebay_lake::{Lake, Table, TableOptions, TextTypes};

use crate::join::times;
use crate::locations::Locations;
use crate::model::entity::Key;
use crate::model::feature_view::FeatureView;
use crate::model::mistake::Mistake;
use crate::model::value_type::ValueType;

/// Why a table will not do.
pub(super) enum Why {
    Wrong(Mistake),
    /// Callers may not have it read.
    Refused(Mistake),
}

impl From<Mistake> for Why {
    fn from(mistake: Mistake) -> Self {
        Why::Wrong(mistake)
    }
}

/// Opens the table of a view whose keys these are, and looks at its columns.
pub(super) fn check(lake: &Lake, locations: &Locations, view: &FeatureView, keys: &[Key]) -> Result<(), Why> {
    let of_view = |reason: String| Mistake::new("source", format!("feature view '{}': {reason}", view.name));
    locations.check(&view.source).map_err(|reason| Why::Refused(of_view(reason)))?;
    let unusable =
        |error: forebay_lake::Error| of_view(format!("its table cannot be opened: {}", with_causes(&error)));
    let text = TextTypes { wanted: view.column_types(keys), ..TextTypes::default() };
    let options = TableOptions { text, ..TableOptions::default() };
    let table = Table::open(lake, &view.source, &options).map_err(unusable)?;
    let files = table.files().iter().map(|file| file.uri.as_str());
    locations.check_files(files).map_err(|reason| Why::Refused(of_view(reason)))?;
    Ok(columns(view, keys, table.schema())?)
}

/// Whether the columns that a view names are there and of the right types.
fn columns(view: &FeatureView, keys: &[Key], schema: &Schema) -> Result<(), Mistake> {
    for key in keys {
        let named = view.key_columns.iter().any(|(name, _)| *name == key.name);
        let field = if named { format!("key_columns.{}", key.name) } else { "key_columns".to_owned() };
        let column = view.key_column(&key.name);
        let kind = find(view, schema, &field, column)?;
        check_type(view, &format!("key '{}'", key.name), &key.kind, (column, kind))
            .map_err(|reason| Mistake::new(field, reason))?;
    }
    for (field, column) in view.times() {
        let kind = find(view, schema, field, column)?;
        if times::check(column, kind).is_err() {
            let reason =
                format!("column '{column}' of '{}' is no timestamp and no date but {kind}", view.source);
            return Err(Mistake::new(field, reason));
        }
    }
    for (index, feature) in view.features.iter().enumerate() {
        let field = |name: &str| format!("features[{index}].{name}");
        let kind = find(view, schema, &field("column"), &feature.column)?;
        check_type(view, &format!("feature '{}'", feature.name), &feature.kind, (&feature.column, kind))
            .map_err(|reason| Mistake::new(field("type"), reason))?;
    }
    Ok(())
}

fn find<'a>(
    view: &FeatureView,
    schema: &'a Schema,
    field: &str,
    column: &str,
) -> Result<&'a DataType, Mistake> {
    let found = schema.field_with_name(column).ok().map(Field::data_type);
    found.ok_or_else(|| {
        let hint = did_you_mean(column, schema.fields().iter().map(|column| column.name().as_str()));
        Mistake::new(field, format!("the table '{}' has no column '{column}'{hint}", view.source))
    })
}

/// Whether what has the type `wanted` can be read from a column of that name and type.
fn check_type(
    view: &FeatureView,
    what: &str,
    wanted: &ValueType,
    (column, kind): (&str, &DataType),
) -> Result<(), String> {
    if wanted.takes(kind) {
        return Ok(());
    }
    let source = &view.source;
    Err(format!(
        "{what} of type {wanted} cannot be read from column '{column}' of '{source}', which is {kind}"
    ))
}
