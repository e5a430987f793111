//! From texts to values. A text that is none of its column's values is a defect of its row, never another value.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, PrimitiveBuilder, RecordBatch,
    StringArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema, SchemaRef,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use crate::read::{Decoded, ReadError};
use crate::scan::{Defect, Raw, shortened};

/// What pandas writes and reads for nothing.
const NOTHING: [&str; 10] = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "None", "NaN"];

/// Whole numbers below this are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Longest text that an error repeats, in characters.
const MAX_QUOTE: usize = 60;

/// What a column of that type is decoded to from JSON: whole numbers and dates as texts, so that 3.5 does not become 3.
pub(crate) fn json_type(wanted: &DataType) -> DataType {
    let is_checked = wanted.is_integer() || wanted.is_temporal() || *wanted == DataType::Boolean;
    if is_checked { DataType::Utf8 } else { wanted.clone() }
}

/// Gives the wanted columns their types.
pub(crate) fn typed(texts: &RecordBatch, wanted: &SchemaRef) -> Result<Decoded, ReadError> {
    let (mut columns, mut defects) = (Vec::new(), Vec::new());
    for field in wanted.fields() {
        let name = field.name();
        let column = texts.column_by_name(name).ok_or_else(|| format!("there is no column '{name}'"))?;
        let Some(texts) = column.as_any().downcast_ref::<StringArray>().filter(|_| !is_text(field)) else {
            columns.push(Arc::clone(column));
            continue;
        };
        let (values, wrong) = parse(texts, field.data_type())?;
        columns.push(values);
        defects.extend(wrong.into_iter().map(|row| no_value(row, field, texts.value(row))));
    }
    let defects = one_of_each_row(defects);
    let nullable = wanted.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
    Ok(Decoded { batch: RecordBatch::try_new(schema, columns)?, defects })
}

/// The defect of a text that is no value of its column.
pub(crate) fn no_value(row: usize, field: &Field, text: &str) -> Defect {
    let (name, quote) = (field.name(), text.chars().take(MAX_QUOTE).collect::<String>());
    let reason = format!("column '{name}': '{quote}' is no {}", field.data_type());
    Defect { row, reason, raw: Raw::Cells(vec![(name.clone(), shortened(text))]) }
}

/// Whether a float was written in digits. Then it is no infinity, and one that becomes one is too large for its type.
pub(crate) fn is_number(float: &str) -> bool {
    float.contains(|letter: char| letter.is_ascii_digit())
}

/// The first defect of every row, with the cells of all.
pub(crate) fn one_of_each_row(mut defects: Vec<Defect>) -> Vec<Defect> {
    defects.sort_by_key(|defect| defect.row);
    defects.dedup_by(|next, first| {
        if next.row == first.row
            && let (Raw::Cells(more), Raw::Cells(cells)) = (&mut next.raw, &mut first.raw)
        {
            cells.append(more);
        }
        next.row == first.row
    });
    defects
}

fn is_text(field: &Field) -> bool {
    *field.data_type() == DataType::Utf8
}

/// The values, and the rows whose texts are none.
fn parse(texts: &StringArray, to: &DataType) -> Result<(ArrayRef, Vec<usize>), ReadError> {
    Ok(match to {
        DataType::Int8 => integers::<Int8Type>(texts),
        DataType::Int16 => integers::<Int16Type>(texts),
        DataType::Int32 => integers::<Int32Type>(texts),
        DataType::Int64 => integers::<Int64Type>(texts),
        DataType::UInt8 => integers::<UInt8Type>(texts),
        DataType::UInt16 => integers::<UInt16Type>(texts),
        DataType::UInt32 => integers::<UInt32Type>(texts),
        DataType::UInt64 => integers::<UInt64Type>(texts),
        DataType::Float32 => {
            let fits = |text: &str, number: &f32| number.is_finite() || !is_number(text);
            numbers::<Float32Type>(texts, |text| text.parse().ok().filter(|number| fits(text, number)))
        }
        DataType::Float64 => {
            let fits = |text: &str, number: &f64| number.is_finite() || !is_number(text);
            numbers::<Float64Type>(texts, |text| text.parse().ok().filter(|number| fits(text, number)))
        }
        DataType::Boolean => booleans(texts),
        other => {
            let values =
                cast_with_options(texts, other, &CastOptions { safe: true, ..CastOptions::default() })?;
            let is_wrong = |row: &usize| values.is_null(*row) && !is_nothing(texts, *row);
            let wrong = (0..texts.len()).filter(is_wrong).collect();
            (values, wrong)
        }
    })
}

fn is_nothing(texts: &StringArray, row: usize) -> bool {
    texts.is_null(row) || NOTHING.contains(&texts.value(row).trim())
}

fn integers<T: ArrowPrimitiveType>(texts: &StringArray) -> (ArrayRef, Vec<usize>)
where
    T::Native: TryFrom<i128>,
{
    numbers::<T>(texts, |text| T::Native::try_from(whole(text)?).ok())
}

/// `3.0` is a whole number, too: it is how pandas writes those of a column with nulls.
fn whole(text: &str) -> Option<i128> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(i128::from(number));
    }
    if let Ok(number) = text.parse::<i128>() {
        return Some(number);
    }
    let number = text.parse::<f64>().ok().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
    Some(number as i128)
}

fn numbers<T: ArrowPrimitiveType>(
    texts: &StringArray,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> (ArrayRef, Vec<usize>) {
    let mut values: PrimitiveBuilder<T> = PrimitiveArray::<T>::builder(texts.len());
    let mut wrong = Vec::new();
    for (row, text) in texts.iter().enumerate() {
        let value = text.and_then(|text| parse(text.trim()));
        values.append_option(value);
        if value.is_none() && !is_nothing(texts, row) {
            wrong.push(row);
        }
    }
    (Arc::new(values.finish()), wrong)
}

fn booleans(texts: &StringArray) -> (ArrayRef, Vec<usize>) {
    let value = |text: &str| match text.trim() {
        "true" | "True" | "TRUE" | "1" => Some(true),
        "false" | "False" | "FALSE" | "0" => Some(false),
        _ => None,
    };
    let values: BooleanArray = texts.iter().map(|text| text.and_then(value)).collect();
    let wrong = (0..texts.len()).filter(|row| values.is_null(*row) && !is_nothing(texts, *row)).collect();
    (Arc::new(values), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray as _;

    fn parsed(texts: &[&str], to: &DataType) -> (ArrayRef, Vec<usize>) {
        parse(&StringArray::from(texts.to_vec()), to).unwrap()
    }

    #[test]
    fn a_text_becomes_a_value_without_loss_or_is_a_defect() {
        let (values, wrong) = parsed(&["3", "3.0", "3.5", "", "NA", "2147483648", "x"], &DataType::Int32);
        assert_eq!(values.as_primitive::<Int32Type>().iter().flatten().collect::<Vec<_>>(), [3, 3]);
        assert_eq!(wrong, [2, 5, 6]);
        let (values, wrong) = parsed(&["True", "false", "2"], &DataType::Boolean);
        assert_eq!(
            (values.as_boolean().value(0), values.as_boolean().value(1), wrong),
            (true, false, vec![2])
        );
        let (values, wrong) = parsed(&["9007199254740993", "9223372036854775807"], &DataType::Int64);
        assert_eq!(values.as_primitive::<Int64Type>().values(), &[9_007_199_254_740_993, i64::MAX]);
        assert!(wrong.is_empty());
    }

    #[test]
    fn not_a_number_is_a_number() {
        let (values, wrong) = parsed(&["NaN", "inf", "-1e3"], &DataType::Float64);
        let values = values.as_primitive::<Float64Type>();
        assert!(values.value(0).is_nan() && values.value(1).is_infinite() && wrong.is_empty());
    }

    #[test]
    fn a_number_that_its_type_cannot_hold_is_a_defect() {
        assert_eq!(parsed(&["1e400", "1e300", "-1e400", "-inf"], &DataType::Float64).1, [0, 2]);
        assert_eq!(parsed(&["1e39", "1e38", "Infinity"], &DataType::Float32).1, [0]);
    }
}
