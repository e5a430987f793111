//! The expressions of a view, checked once and then evaluated over any number of batches.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::tree_node::TreeNode;
use datafusion_common::{DataFusionError, Result as Planned};
use datafusion_optimizer::analyzer::type_coercion::TypeCoercionRewriter;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion_sql::sqlparser::ast::{self, visit_expressions};

use super::defect::{Defect, reason};
use super::engine::Engine;
use super::exact::Exact;
use super::functions::Functions;
use super::room::ROOM;
pub(crate) use super::rows::Limits;
use super::rows::{Pace, Unevaluated, evaluate_rows};
use super::text;
use crate::model::name::Name;
use crate::model::on_demand_view::{Computed, OnDemandView};
use crate::model::value_type::ValueType;

/// The stack on which expressions are read. The engine reads them recursively, and without optimization some levels take
/// a hundred kilobytes.
const STACK: usize = 64 << 20;

/// The expressions of one view.
#[derive(Debug)]
pub(crate) struct Compiled {
    view: Name,
    /// The columns that expressions see, in the order of their names.
    columns: SchemaRef,
    features: Vec<Ready>,
}

#[derive(Debug)]
struct Ready {
    name: Name,
    kind: DataType,
    expression: Arc<dyn PhysicalExpr>,
    pace: Pace,
}

/// Why expressions are refused.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Which feature of the view has the mistake; none where the view as a whole has it.
    pub(crate) feature: Option<usize>,
    /// Names view and feature.
    why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// A feature could not be computed for a row, or a batch is not what the expressions were made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) view: Name,
    /// None where the batch is wrong as a whole.
    pub(crate) feature: Option<Name>,
    /// Of the batch, from 0; told as one from 1.
    pub(crate) row: Option<usize>,
    pub(crate) why: String,
}

/// Why a batch has no values.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Its rows have none.
    Failed(Failed),
    /// There is not enough room for those of all its rows; there may be for those of fewer.
    TooMuch,
    /// Somebody asked for an end.
    Ended,
}

impl From<Failed> for Stopped {
    fn from(failed: Failed) -> Self {
        Stopped::Failed(failed)
    }
}

impl std::error::Error for Failed {}

impl Failed {
    /// The same, where the batch comes behind so many rows.
    pub(crate) fn behind(self, n_rows: usize) -> Self {
        Failed { row: self.row.map(|row| n_rows + row), ..self }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on-demand view '{}'", self.view)?;
        if let Some(feature) = &self.feature {
            write!(f, ", feature '{feature}'")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {}", row + 1)?;
        }
        write!(f, ": {}", self.why)
    }
}

impl Compiled {
    /// Reads the expressions of `view`, whose inputs are features by their names with their types.
    pub(crate) fn of(view: &OnDemandView, inputs: &BTreeMap<Name, ValueType>) -> Result<Self, Refused> {
        let of_view =
            |why: String| Refused { feature: None, why: format!("on-demand view '{}': {why}", view.name) };
        let mut named = inputs.clone();
        for (name, kind) in &view.request {
            if named.insert(name.clone(), kind.clone()).is_some() {
                return Err(of_view(format!("'{name}' is both an input and a value of the request")));
            }
        }
        std::thread::scope(|scope| {
            let compile = || Planning::over(named).compile_all(view);
            let compiling = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, compile);
            let thread = compiling.map_err(|error| of_view(error.to_string()))?;
            thread.join().unwrap_or_else(|_| Err(of_view("the engine panicked".to_owned())))
        })
    }

    /// The features of the view, in their order, for the rows of `batch`, which has the inputs and the values of the
    /// request under their names, each of its type. Other columns are not looked at.
    pub(crate) fn evaluate(
        &self,
        batch: &RecordBatch,
        limits: &Limits<'_>,
    ) -> Result<Vec<ArrayRef>, Stopped> {
        let batch = self.columns_of(batch)?;
        let values = self.features.iter().map(|feature| {
            let failed = |row, why| {
                let (view, feature) = (self.view.clone(), Some(feature.name.clone()));
                Stopped::Failed(Failed { view, feature, row: Some(row), why })
            };
            let (expression, kind) = (&*feature.expression, &feature.kind);
            evaluate_rows((expression, kind), &batch, &feature.pace, limits).map_err(|why| match why {
                Unevaluated::Failed(row, error) => failed(row, reason(&error)),
                Unevaluated::TooMuch if batch.num_rows() == 1 => {
                    failed(0, format!("all computed features of a row need more than {} MiB", ROOM >> 20))
                }
                Unevaluated::TooMuch => Stopped::TooMuch,
                Unevaluated::Ended => Stopped::Ended,
            })
        });
        values.collect()
    }

    fn columns_of(&self, batch: &RecordBatch) -> Result<RecordBatch, Failed> {
        let failed = |why| Failed { view: self.view.clone(), feature: None, row: None, why };
        let column = |field: &Arc<Field>| {
            let column = batch.column_by_name(field.name());
            let column = column.ok_or_else(|| failed(format!("there is no column '{}'", field.name())))?;
            if column.data_type() != field.data_type() {
                let (name, found, wanted) = (field.name(), column.data_type(), field.data_type());
                return Err(failed(format!("column '{name}' is {found}, not {wanted}")));
            }
            Ok(Arc::clone(column))
        };
        let columns = self.columns.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.columns), columns, &options)
            .map_err(|error| failed(error.to_string()))
    }
}

/// What all expressions of a view are read with.
struct Planning {
    inputs: BTreeMap<Name, ValueType>,
    functions: Functions,
    engine: Engine,
}

impl Planning {
    fn over(inputs: BTreeMap<Name, ValueType>) -> Self {
        let field = |(name, kind): (&Name, &ValueType)| Field::new(name.as_str(), kind.arrow(), true);
        let schema = Schema::new(inputs.iter().map(field).collect::<Vec<_>>());
        let functions = Functions::new();
        let engine = Engine::new(schema, functions.session());
        Planning { inputs, functions, engine }
    }

    fn compile_all(&self, view: &OnDemandView) -> Result<Compiled, Refused> {
        let ready = |(index, feature): (usize, &Computed)| {
            self.compile(feature).map_err(|defect| {
                let why = format!("on-demand view '{}', feature '{}': {defect}", view.name, feature.name);
                Refused { feature: Some(index), why }
            })
        };
        let features = view.features.iter().enumerate().map(ready).collect::<Result<_, _>>()?;
        Ok(Compiled { view: view.name.clone(), columns: Arc::clone(self.engine.schema.inner()), features })
    }

    fn compile(&self, feature: &Computed) -> Result<Ready, Defect> {
        let written = text::parse(&feature.expression, &self.inputs, &self.functions)?;
        let planned = self.plan(&written).and_then(|expression| {
            let kind = expression.data_type(self.engine.schema.as_arrow())?;
            Ok((expression, kind))
        });
        let (expression, found) = planned.map_err(|error| self.locate(&written, &error))?;
        if !(feature.kind.takes(&found) || found == DataType::Null) {
            let why = format!(
                "the result is {found}, which does not become {} without a loss; write CAST(… AS …) around it",
                feature.kind
            );
            return Err(Defect::of_all(why));
        }
        let (name, kind) = (feature.name.clone(), feature.kind.arrow());
        Ok(Ready { name, kind, expression, pace: Pace::new() })
    }

    fn plan(&self, written: &ast::Expr) -> Planned<Arc<dyn PhysicalExpr>> {
        let options = ParserOptions::new()
            .with_enable_ident_normalization(false)
            .with_map_string_types_to_utf8view(false);
        let planner = SqlToRel::new_with_options(&self.functions, options);
        let schema = &self.engine.schema;
        let expr = planner.sql_to_expr(written.clone(), schema, &mut PlannerContext::new())?;
        let expr = expr.rewrite(&mut TypeCoercionRewriter::new(schema))?.data;
        self.engine.physical(&Exact::over(&self.engine).rewrite(expr)?)
    }

    /// The smallest part that fails by itself is to blame.
    fn locate(&self, written: &ast::Expr, error: &DataFusionError) -> Defect {
        let mut parts = Vec::new();
        let _ = visit_expressions(written, |part| {
            parts.push(part.clone());
            std::ops::ControlFlow::<()>::Continue(())
        });
        let failing = parts.iter().rev().find_map(|part| Some((part, self.plan(part).err()?)));
        failing.map_or_else(
            || Defect::of(written, reason(error)),
            |(part, error)| Defect::of(part, reason(&error)),
        )
    }
}
