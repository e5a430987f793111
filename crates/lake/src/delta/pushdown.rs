//! A predicate as the kernel knows it, so that files and row groups without a row of interest are not read.

use arrow::array::ArrayRef;
use delta_kernel::engine::arrow_conversion::scalar::extract_primitive_scalar;
use delta_kernel::expressions::{ColumnName, Expression, Predicate as KernelPredicate, Scalar};

use crate::predicate::{Comparison, Operator, Predicate};

/// What is known to the kernel of comparisons: all of those that `takes` takes and whose values the kernel has a type for.
/// It leaves out what surely does not hold; the rows are looked at anyhow.
pub(super) fn known(predicate: &Predicate, takes: impl Fn(&Comparison) -> bool) -> Option<KernelPredicate> {
    let compared = predicate.comparisons().iter().filter(|comparison| takes(comparison));
    let known: Vec<KernelPredicate> = compared.filter_map(comparison).collect();
    (!known.is_empty()).then(|| KernelPredicate::and_from(known))
}

fn comparison(comparison: &Comparison) -> Option<KernelPredicate> {
    let column = Expression::from(ColumnName::new([comparison.column.as_str()]));
    match comparison.operator {
        Operator::Null => return Some(column.is_null()),
        Operator::NotNull => return Some(column.is_not_null()),
        _ => {}
    }
    let value = Expression::literal(scalar(&comparison.value)?);
    Some(match comparison.operator {
        Operator::Equal => column.eq(value),
        Operator::NotEqual => column.ne(value),
        Operator::Less => column.lt(value),
        Operator::LessOrEqual => column.le(value),
        Operator::Greater => column.gt(value),
        Operator::GreaterOrEqual => column.ge(value),
        Operator::Null | Operator::NotNull => return None,
    })
}

/// Statistics of fractions may have been written with zeros of the other sign, so zero is not looked for in them.
fn scalar(value: &ArrayRef) -> Option<Scalar> {
    match extract_primitive_scalar(value.as_ref(), 0).ok()? {
        Scalar::Double(0.0) | Scalar::Float(0.0) | Scalar::Null(_) => None,
        scalar => Some(scalar),
    }
}
