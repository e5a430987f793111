//! Which rows of a table are wanted: comparisons of columns with values, all of which have to hold.
//!
//! A comparison does not hold for a null, nor for NaN: whatever the statistics of a file leave out must not be found by
//! looking at its rows.

use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, Scalar, StringArray};
use arrow::compute::kernels::cmp;
use arrow::compute::{
    CastOptions, and, cast, cast_with_options, filter_record_batch, is_not_null, is_null, not,
    prep_null_mask_filter,
};
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::error::ArrowError;

use crate::read::{Decoded, ReadError};
use crate::scan::Defect;

/// A comparison of a column.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Its name.
    pub column: String,
    /// How it is compared.
    pub operator: Operator,
    /// The first value of this array is what it is compared with, in any type that the column's values have; a text is
    /// read as one of them.
    pub value: ArrayRef,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `is null`; there is no value.
    Null,
    /// `is not null`; there is no value.
    NotNull,
}

/// Each as it is written.
const OPERATORS: [(&str, Operator); 8] = [
    (" is not null", Operator::NotNull),
    (" is null", Operator::Null),
    (" >= ", Operator::GreaterOrEqual),
    (" <= ", Operator::LessOrEqual),
    (" != ", Operator::NotEqual),
    (" = ", Operator::Equal),
    (" > ", Operator::Greater),
    (" < ", Operator::Less),
];

/// Comparisons whose values have the types of their columns.
#[derive(Debug, Clone)]
pub(crate) struct Predicate(Arc<[Comparison]>);

impl FromStr for Comparison {
    type Err = String;

    /// Reads `column operator value`, such as `month >= 3` or `tail is not null`.
    fn from_str(text: &str) -> Result<Self, String> {
        let place = |(written, operator): (&str, Operator)| {
            text.find(written).map(|start| (start, written.len(), operator))
        };
        let first = OPERATORS.into_iter().filter_map(place).min_by_key(|(start, ..)| *start);
        let wrong = || format!("'{text}' is no comparison such as 'month >= 3' or 'tail is null'");
        let (start, length, operator) = first.ok_or_else(wrong)?;
        let (column, value) = (text[..start].trim(), text[start + length..].trim());
        let needs_value = !matches!(operator, Operator::Null | Operator::NotNull);
        if column.is_empty() || value.is_empty() == needs_value {
            return Err(wrong());
        }
        let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        let value = Arc::new(StringArray::from(vec![quoted.unwrap_or(value)]));
        Ok(Comparison { column: column.to_owned(), operator, value })
    }
}

impl Comparison {
    /// The same with a value of the column's type.
    fn bind(&self, schema: &Schema) -> Result<Comparison, String> {
        let Comparison { column, operator, value } = self;
        let field = schema.field_with_name(column).map_err(|_| format!("there is no column '{column}'"))?;
        if matches!(operator, Operator::Null | Operator::NotNull) {
            return Ok(self.clone());
        }
        let kind = field.data_type();
        let value = if value.is_empty() { Err("it has no value".to_owned()) } else { Ok(value.slice(0, 1)) }?;
        let wrong = || format!("column '{column}' is {kind} and cannot be compared with {}", shown(&value));
        if kind.is_nested() || value.is_null(0) {
            return Err(wrong());
        }
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let bound = cast_with_options(&value, kind, &strict).map_err(|_| wrong())?;
        // A number must not lose what makes it another number.
        let is_text = matches!(value.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let back = cast(&bound, value.data_type()).map_err(|_| wrong())?;
        if bound.is_null(0) || (!is_text && back.to_data() != value.to_data()) {
            return Err(wrong());
        }
        Ok(Comparison { column: column.clone(), operator: *operator, value: bound })
    }

    /// For which values of a column it holds.
    pub(crate) fn holds(&self, column: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        match self.operator {
            Operator::Null => is_null(column),
            Operator::NotNull => is_not_null(column),
            operator if column.data_type().is_floating() => {
                let value = cast(&self.value, &DataType::Float64)?.as_primitive::<Float64Type>().value(0);
                let column = cast(column, &DataType::Float64)?;
                let holds = |other: f64| operator.holds(other, value);
                Ok(BooleanArray::from_unary(column.as_primitive::<Float64Type>(), holds))
            }
            operator => {
                let value = Scalar::new(Arc::clone(&self.value));
                match operator {
                    Operator::Equal => cmp::eq(column, &value),
                    Operator::NotEqual => cmp::neq(column, &value),
                    Operator::Less => cmp::lt(column, &value),
                    Operator::LessOrEqual => cmp::lt_eq(column, &value),
                    Operator::Greater => cmp::gt(column, &value),
                    Operator::GreaterOrEqual => cmp::gt_eq(column, &value),
                    Operator::Null | Operator::NotNull => Ok(BooleanArray::new_null(column.len())),
                }
            }
        }
    }
}

impl Comparison {
    /// Where it holds for no value between a least and a greatest one; false where one is unknown.
    pub(crate) fn holds_nowhere(
        &self,
        mins: &ArrayRef,
        maxes: &ArrayRef,
    ) -> Result<BooleanArray, ArrowError> {
        let with = |operator| Comparison { operator, ..self.clone() };
        let holds = match self.operator {
            Operator::Less | Operator::LessOrEqual => self.holds(mins)?,
            Operator::Greater | Operator::GreaterOrEqual => self.holds(maxes)?,
            Operator::Equal => {
                and(&with(Operator::LessOrEqual).holds(mins)?, &with(Operator::GreaterOrEqual).holds(maxes)?)?
            }
            Operator::NotEqual | Operator::Null | Operator::NotNull => {
                BooleanArray::from(vec![true; mins.len()])
            }
        };
        Ok(surely(&not(&holds)?))
    }
}

impl Operator {
    /// Whether it holds between two numbers.
    #[expect(clippy::float_cmp, reason = "that is what was asked for")]
    fn holds(self, column: f64, value: f64) -> bool {
        match self {
            Operator::Equal => column == value,
            Operator::NotEqual => column != value && !column.is_nan(),
            Operator::Less => column < value,
            Operator::LessOrEqual => column <= value,
            Operator::Greater => column > value,
            Operator::GreaterOrEqual => column >= value,
            Operator::Null | Operator::NotNull => false,
        }
    }
}

impl Predicate {
    /// Comparisons with columns of a table; none where there are none.
    pub(crate) fn of(comparisons: &[Comparison], schema: &Schema) -> Result<Option<Self>, String> {
        let bound = comparisons.iter().map(|one| one.bind(schema)).collect::<Result<Arc<[_]>, _>>()?;
        Ok((!bound.is_empty()).then_some(Predicate(bound)))
    }

    pub(crate) fn comparisons(&self) -> &[Comparison] {
        &self.0
    }

    /// Those of its comparisons that are about some columns; none where there are none.
    pub(crate) fn about(&self, is_about: impl Fn(&str) -> bool) -> Option<Self> {
        let about = self.0.iter().filter(|comparison| is_about(&comparison.column)).cloned();
        let about: Arc<[Comparison]> = about.collect();
        (!about.is_empty()).then_some(Predicate(about))
    }

    /// The rows that are wanted, and those that cannot be read, with the first columns only.
    pub(crate) fn filter(&self, rows: &Decoded, n_columns: usize) -> Result<Decoded, ReadError> {
        let mut is_wanted = BooleanArray::from(vec![true; rows.batch.num_rows()]);
        for comparison in self.comparisons() {
            let column = rows.batch.column_by_name(&comparison.column);
            let column = column.ok_or_else(|| format!("there is no column '{}'", comparison.column))?;
            let holds = comparison.holds(column)?;
            is_wanted = and(&is_wanted, &surely(&holds))?;
        }
        let mut kept: Vec<bool> = is_wanted.values().iter().collect();
        for defect in &rows.defects {
            kept[defect.row] = true;
        }
        let n_before = |row: usize| kept[..row].iter().filter(|is_kept| **is_kept).count();
        let defects =
            rows.defects.iter().map(|defect| Defect { row: n_before(defect.row), ..defect.clone() });
        let defects = defects.collect();
        let columns: Vec<usize> = (0..n_columns).collect();
        let batch = filter_record_batch(&rows.batch, &BooleanArray::from(kept.clone()))?.project(&columns)?;
        Ok(Decoded { batch, defects })
    }
}

/// Null is no.
fn surely(holds: &BooleanArray) -> BooleanArray {
    if holds.null_count() == 0 { holds.clone() } else { prep_null_mask_filter(holds) }
}

fn shown(value: &ArrayRef) -> String {
    let text = cast(value, &DataType::Utf8).ok().filter(|text| text.is_valid(0));
    text.map_or_else(|| "null".to_owned(), |text| format!("'{}'", text.as_string::<i32>().value(0)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array};
    use arrow::datatypes::Field;

    use super::*;

    fn holds(text: &str, column: &ArrayRef) -> Vec<Option<bool>> {
        let schema = Schema::new(vec![Field::new("x", column.data_type().clone(), true)]);
        let comparison: Comparison = text.parse().unwrap();
        comparison.bind(&schema).unwrap().holds(column).unwrap().iter().collect()
    }

    #[test]
    fn a_comparison_holds_for_no_null_and_no_nan() {
        let floats =
            || Arc::new(Float64Array::from(vec![Some(-0.0), Some(f64::NAN), None, Some(2.0)])) as ArrayRef;
        assert_eq!(holds("x >= 0", &floats()), [Some(true), Some(false), None, Some(true)]);
        assert_eq!(holds("x != 2.0", &floats()), [Some(true), Some(false), None, Some(false)]);
        assert_eq!(holds("x is null", &floats()), [false, false, true, false].map(Some));
        assert_eq!(holds("x is not null", &floats()), [true, true, false, true].map(Some));
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        assert_eq!(holds("x < 2", &whole), [true, false, false].map(Some));
        assert_eq!(holds("x = 2", &whole), [false, true, false].map(Some));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a = b", "c"]));
        assert_eq!(holds("x = 'a = b'", &texts), [true, false].map(Some));
    }

    #[test]
    fn a_value_that_is_none_of_its_column_is_refused() {
        let schema = Schema::new(vec![Field::new("n", DataType::Int32, true)]);
        for (text, expected) in [
            ("n = 3.5", "column 'n' is Int32 and cannot be compared with '3.5'"),
            ("n > 3000000000", "column 'n' is Int32 and cannot be compared with '3000000000'"),
            ("m = 1", "there is no column 'm'"),
        ] {
            assert_eq!(text.parse::<Comparison>().unwrap().bind(&schema).unwrap_err(), expected);
        }
        let value = Arc::new(Float64Array::from(vec![3.5]));
        let half = Comparison { column: "n".to_owned(), operator: Operator::Less, value };
        assert!(half.bind(&schema).is_err());
        for text in ["n", "n =", " = 3", "n is null 3", "n ~ 3"] {
            assert!(text.parse::<Comparison>().is_err(), "{text}");
        }
    }
}
