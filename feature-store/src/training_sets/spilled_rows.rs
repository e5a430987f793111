//! Rows of features as they lie in the files of parts.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt64Type};

use super::feature_rows::View;
use super::joined::Reading;
use crate::join::side::{FeatureRows, N_TIMES, Order};

/// Columns that take nulls and have numbers for names.
pub(crate) fn schema(kinds: &[DataType]) -> SchemaRef {
    let field = |(number, kind): (usize, &DataType)| Field::new(number.to_string(), kind.clone(), true);
    Arc::new(Schema::new(kinds.iter().enumerate().map(field).collect::<Vec<_>>()))
}

/// What the views of a list give a row of the spine: of each its times and its features.
pub(crate) fn result_schema(reading: &Reading<'_>, views: &[usize]) -> SchemaRef {
    let of_view = |view: &usize| {
        let times = std::iter::repeat_n(DataType::Int64, N_TIMES);
        times.chain(reading.view(*view).kinds()).collect::<Vec<_>>()
    };
    schema(&views.iter().flat_map(of_view).collect::<Vec<_>>())
}

/// The types of [`columns`].
pub(crate) fn kinds(view: &View<'_>) -> Vec<DataType> {
    let plan = view.plan;
    let n_times = 1 + usize::from(plan.until.is_some()) + usize::from(plan.view.created_time.is_some());
    let mut kinds: Vec<DataType> = view.keys.iter().map(|key| key.kind.arrow()).collect();
    kinds.extend(std::iter::repeat_n(DataType::Int64, n_times));
    kinds.push(DataType::UInt64);
    kinds.extend(view.kinds());
    kinds
}

/// Keys, times, order and features.
pub(crate) fn columns(rows: FeatureRows) -> Vec<ArrayRef> {
    let FeatureRows { keys, event, until, created, features, order } = rows;
    let order = order.numbers(event.len());
    let time = |time: Int64Array| -> ArrayRef { Arc::new(time) };
    let times = [Some(event), until, created].into_iter().flatten().map(time);
    let order: ArrayRef = Arc::new(order);
    keys.into_iter().chain(times).chain([order]).chain(features).collect()
}

/// The rows of [`columns`].
pub(crate) fn rows(view: &View<'_>, batch: &RecordBatch) -> FeatureRows {
    let mut columns = batch.columns()[view.keys.len()..].iter();
    let mut time = |is_there: bool| {
        let column = if is_there { columns.next() } else { None };
        column.map(|column| column.as_primitive::<Int64Type>().clone())
    };
    let event = time(true).unwrap_or_else(|| Int64Array::new_null(batch.num_rows()));
    let until = time(view.plan.until.is_some());
    let created = time(view.plan.view.created_time.is_some());
    let order = columns.next().map(|column| column.as_primitive::<UInt64Type>().clone());
    FeatureRows {
        keys: batch.columns()[..view.keys.len()].to_vec(),
        event,
        until,
        created,
        order: order.map_or(Order::From(1), Order::Each),
        features: columns.cloned().collect(),
    }
}
