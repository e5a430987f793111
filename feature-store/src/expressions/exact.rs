//! Makes the engine's arithmetic say so when it is wrong: by default its integers wrap around, and one zero among the
//! divisors fails all rows.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchemaRef, Result, ScalarValue, plan_err};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, Operator, lit};
use datafusion_functions::core::nullif;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::BinaryExpr as PhysicalBinary;

/// Functions that the engine knows only as another expression.
const REWRITTEN: [&str; 3] = ["coalesce", "nvl", "nvl2"];

/// How many parts the arguments of one of these may have together. Each level doubles them.
const MAX_PARTS: usize = 1_000;

/// The same expression, with nulls for divisions by zero and no negation that wraps around. Types were coerced before.
pub(super) fn logical(expr: Expr, schema: &DFSchemaRef) -> Result<Expr> {
    let context = SimplifyContext::builder().with_schema(Arc::clone(schema)).build();
    Ok(expr.transform_up(|part| rewrite(part, schema, &context))?.data)
}

fn rewrite(part: Expr, schema: &DFSchemaRef, context: &SimplifyContext) -> Result<Transformed<Expr>> {
    match part {
        Expr::ScalarFunction(call) if REWRITTEN.contains(&call.name()) => written_out(call, schema, context),
        Expr::BinaryExpr(division) if matches!(division.op, Operator::Divide | Operator::Modulo) => {
            divide(division, schema)
        }
        // Functions ask for the values of their literals, which coercion has wrapped into casts.
        Expr::Cast(cast) => match *cast.expr {
            Expr::Literal(value, _) => {
                Ok(Transformed::yes(Expr::Literal(value.cast_to(cast.field.data_type())?, None)))
            }
            _ => Ok(Transformed::no(Expr::Cast(cast))),
        },
        Expr::Negative(inner) => {
            let kind = inner.get_type(schema)?;
            if !kind.is_signed_integer() {
                return Ok(Transformed::no(Expr::Negative(inner)));
            }
            Ok(Transformed::yes(lit(ScalarValue::new_zero(&kind)?) - *inner))
        }
        part => Ok(Transformed::no(part)),
    }
}

/// `coalesce` and its like as `CASE`, in which an argument stands twice; one may become another of them first.
fn written_out(
    call: ScalarFunction,
    schema: &DFSchemaRef,
    context: &SimplifyContext,
) -> Result<Transformed<Expr>> {
    let ScalarFunction { func, args } = call;
    let mut n_parts = 0;
    for arg in &args {
        arg.apply(|_| {
            n_parts += 1;
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    if n_parts > MAX_PARTS {
        return plan_err!("'{}' is nested in others of its like too deep", func.name());
    }
    match func.simplify(args, context)? {
        ExprSimplifyResult::Simplified(expr) => Ok(Transformed::yes(logical(expr, schema)?)),
        ExprSimplifyResult::Original(args) => {
            Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })))
        }
    }
}

fn divide(division: BinaryExpr, schema: &DFSchemaRef) -> Result<Transformed<Expr>> {
    let kind = division.right.get_type(schema)?;
    let is_nonzero = matches!(&*division.right, Expr::Literal(value, _) if !is_zero(value, &kind)?);
    if is_nonzero || !(kind.is_integer() || kind.is_decimal()) {
        return Ok(Transformed::no(Expr::BinaryExpr(division)));
    }
    let zero = lit(ScalarValue::new_zero(&kind)?);
    let right = Box::new(nullif().call(vec![*division.right, zero]));
    Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr { right, ..division })))
}

fn is_zero(value: &ScalarValue, kind: &DataType) -> Result<bool> {
    Ok(*value == ScalarValue::new_zero(kind)?)
}

/// The same expression, whose sums, differences and products fail when they overflow.
pub(super) fn physical(expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    let checked = expr.transform_up(|part| {
        let Some(binary) = part.downcast_ref::<PhysicalBinary>() else { return Ok(Transformed::no(part)) };
        let checked = binary.clone().with_fail_on_overflow(true);
        Ok(Transformed::yes(Arc::new(checked) as Arc<dyn PhysicalExpr>))
    })?;
    Ok(checked.data)
}
