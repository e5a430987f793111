//! Makes the engine's arithmetic say so when it is wrong: by default its integers wrap around, and one zero among the
//! divisors fails all rows.

use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Result, ScalarValue, plan_err};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, Operator, lit};
use datafusion_functions::core::nullif;

use super::constants;
use super::engine::Engine;
use super::growth::bounded;

/// Functions that the engine knows only as another expression.
const REWRITTEN: [&str; 3] = ["coalesce", "nvl", "nvl2"];

/// How many parts the arguments of one of these may have together. Each level doubles them.
const MAX_PARTS: usize = 1_000;

/// Rewrites expressions whose types were coerced before: divisions by zero give null, no negation wraps around, and what
/// is constant is a literal.
pub(super) struct Exact<'a> {
    engine: &'a Engine,
    context: SimplifyContext,
}

impl<'a> Exact<'a> {
    pub(super) fn over(engine: &'a Engine) -> Self {
        Exact { engine, context: engine.simplifying() }
    }

    pub(super) fn rewrite(&self, expr: Expr) -> Result<Expr> {
        let rewritten = expr.transform_up(|part| {
            let exact = self.part(part)?;
            Ok(Transformed::yes(constants::folded(exact, self.engine)?))
        });
        Ok(rewritten?.data)
    }

    /// A part whose own parts are rewritten.
    fn part(&self, part: Expr) -> Result<Expr> {
        match part {
            Expr::ScalarFunction(call) if REWRITTEN.contains(&call.name()) => self.written_out(call),
            Expr::ScalarFunction(ScalarFunction { func, args }) => {
                Ok(Expr::ScalarFunction(ScalarFunction { func: bounded(func), args }))
            }
            Expr::BinaryExpr(division) if matches!(division.op, Operator::Divide | Operator::Modulo) => {
                self.divide(division)
            }
            // Functions ask for the values of their literals, which coercion has wrapped into casts.
            Expr::Cast(cast) => match *cast.expr {
                Expr::Literal(value, _) => Ok(Expr::Literal(value.cast_to(cast.field.data_type())?, None)),
                _ => Ok(Expr::Cast(cast)),
            },
            Expr::Negative(inner) => {
                let kind = inner.get_type(&self.engine.schema)?;
                if !kind.is_signed_integer() {
                    return Ok(Expr::Negative(inner));
                }
                Ok(lit(ScalarValue::new_zero(&kind)?) - *inner)
            }
            part => Ok(part),
        }
    }

    /// `coalesce` and its like as `CASE`, in which an argument stands twice; one may become another of them first.
    fn written_out(&self, call: ScalarFunction) -> Result<Expr> {
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
        match func.simplify(args, &self.context)? {
            ExprSimplifyResult::Simplified(expr) => self.rewrite(expr),
            ExprSimplifyResult::Original(args) => Ok(Expr::ScalarFunction(ScalarFunction { func, args })),
        }
    }

    fn divide(&self, division: BinaryExpr) -> Result<Expr> {
        let kind = division.right.get_type(&self.engine.schema)?;
        if !(kind.is_integer() || kind.is_decimal()) {
            return Ok(Expr::BinaryExpr(division));
        }
        let zero = ScalarValue::new_zero(&kind)?;
        match &*division.right {
            Expr::Literal(value, _) if *value == zero => {
                plan_err!("a division by 0, which is null in every row")
            }
            Expr::Literal(..) => Ok(Expr::BinaryExpr(division)),
            _ => {
                let right = Box::new(nullif().call(vec![*division.right, lit(zero)]));
                Ok(Expr::BinaryExpr(BinaryExpr { right, ..division }))
            }
        }
    }
}
