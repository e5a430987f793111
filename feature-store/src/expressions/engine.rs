//! The engine that evaluates expressions: from what is meant to what computes it, over batches or once for a constant.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, DFSchemaRef, Result, ScalarValue};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_expr::{ColumnarValue, Expr};
use datafusion_physical_expr::expressions::BinaryExpr;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};

use super::room;

/// The engine, for expressions over these columns.
pub(super) struct Engine {
    pub(super) schema: DFSchemaRef,
    session: ExecutionProps,
}

impl Engine {
    pub(super) fn new(schema: Schema, options: Arc<ConfigOptions>) -> Self {
        let schema = DFSchema::try_from(schema).unwrap_or_else(|_| DFSchema::empty());
        let session = ExecutionProps { config_options: Some(options), ..ExecutionProps::new() };
        Engine { schema: Arc::new(schema), session }
    }

    pub(super) fn simplifying(&self) -> SimplifyContext {
        SimplifyContext::builder().with_schema(Arc::clone(&self.schema)).build()
    }

    /// What computes an expression: its sums, differences and products fail when they overflow, and its texts are counted.
    pub(super) fn physical(&self, expr: &Expr) -> Result<Arc<dyn PhysicalExpr>> {
        let context = PhysicalPlanningContext::default();
        let physical = create_physical_expr(expr, &self.schema, &self.session, &context)?;
        let checked = physical.transform_up(|part| {
            let part: Arc<dyn PhysicalExpr> = match part.downcast_ref::<BinaryExpr>() {
                Some(binary) => Arc::new(binary.clone().with_fail_on_overflow(true)),
                None => part,
            };
            Ok(Transformed::yes(room::counted(part, self.schema.as_arrow())?))
        })?;
        Ok(checked.data)
    }

    /// The value of an expression without columns.
    pub(super) fn value(&self, expr: &Expr) -> Result<ScalarValue> {
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)?;
        room::clear();
        match self.physical(expr)?.evaluate(&row)? {
            ColumnarValue::Scalar(value) => Ok(value),
            ColumnarValue::Array(array) => ScalarValue::try_from_array(&array, 0),
        }
    }
}
