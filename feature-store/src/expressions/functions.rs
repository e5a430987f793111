//! What an expression may call: functions whose result depends on their arguments alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, TableReference, plan_err};
use datafusion_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, Volatility, WindowUDF};
use datafusion_functions::{core, datetime, math, regex, string, unicode};
use datafusion_sql::sqlparser::ast;
use forebay_core::nearest::did_you_mean;

/// Those of the core that work on plain values; the others look into Arrow's types, files or versions.
const OF_CORE: [&str; 7] = ["coalesce", "greatest", "least", "nullif", "nvl", "nvl2", "overlay"];

/// Those that make a text as long as a number says: one value of them may have 2 GiB.
const OF_ANY_LENGTH: [&str; 3] = ["lpad", "repeat", "rpad"];

/// What people try that looks at more than one row.
const OF_MANY_ROWS: [&str; 22] = [
    "array_agg",
    "avg",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "max",
    "mean",
    "median",
    "min",
    "mode",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
    "stddev",
    "string_agg",
    "sum",
    "var",
];

/// The functions by name, for the planner of SQL.
pub(super) struct Functions {
    known: BTreeMap<String, Arc<ScalarUDF>>,
    /// Those that have another value each time, or each day.
    changing: BTreeSet<String>,
    planners: Vec<Arc<dyn ExprPlanner>>,
    options: Arc<ConfigOptions>,
}

impl Functions {
    pub(super) fn new() -> Self {
        let mut options = ConfigOptions::default();
        options.execution.time_zone = Some("UTC".to_owned());
        let mut functions = Functions {
            known: BTreeMap::new(),
            changing: BTreeSet::new(),
            planners: vec![
                Arc::new(core::planner::CoreFunctionPlanner::default()),
                Arc::new(datetime::planner::DatetimeFunctionPlanner),
                Arc::new(unicode::planner::UnicodeFunctionPlanner),
            ],
            options: Arc::new(options),
        };
        let of_core = core::functions().into_iter().filter(|function| OF_CORE.contains(&function.name()));
        let families = [
            math::functions(),
            string::functions(),
            unicode::functions(),
            regex::functions(),
            datetime::functions(),
        ];
        of_core.chain(families.into_iter().flatten()).for_each(|function| functions.take(&function));
        functions
    }

    fn take(&mut self, function: &Arc<ScalarUDF>) {
        if OF_ANY_LENGTH.contains(&function.name()) {
            return;
        }
        let names = std::iter::once(function.name()).chain(function.aliases().iter().map(String::as_str));
        for name in names.map(str::to_owned) {
            match function.signature().volatility {
                Volatility::Immutable => {
                    self.known.insert(name, Arc::clone(function));
                }
                Volatility::Stable | Volatility::Volatile => {
                    self.changing.insert(name);
                }
            }
        }
    }

    /// Why `name` cannot be called, if it cannot.
    pub(super) fn refusal(&self, name: &str) -> Option<String> {
        let name = name.to_lowercase();
        if self.known.contains_key(&name) {
            return None;
        }
        Some(if self.changing.contains(&name) {
            format!("'{name}' has another value each time; let the request have it as a value")
        } else if OF_MANY_ROWS.contains(&name.as_str()) {
            format!("'{name}' looks at many rows; an expression sees one")
        } else if OF_ANY_LENGTH.contains(&name.as_str()) {
            format!("'{name}' makes texts of any length, which no memory holds")
        } else {
            let names = self.known.keys().map(String::as_str);
            format!("there is no function '{name}'{}", did_you_mean(&name, names))
        })
    }

    /// The session of all expressions: its zone is UTC.
    pub(super) fn session(&self) -> Arc<ConfigOptions> {
        Arc::clone(&self.options)
    }
}

impl ContextProvider for Functions {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        plan_err!("there is no table '{name}'; an expression sees one row")
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(Times))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.known.get(&name.to_lowercase()).cloned()
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, _: &str) -> Option<Arc<AggregateUDF>> {
        None
    }

    fn get_window_meta(&self, _: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.known.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// `TIMESTAMP` as features have it; the planner's own counts nanoseconds, which end in the year 2262.
#[derive(Debug)]
struct Times;

impl TypePlanner for Times {
    fn plan_type_field(&self, written: &ast::DataType) -> Result<Option<FieldRef>> {
        let micros = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let is_time = matches!(written, ast::DataType::Timestamp(None, _) | ast::DataType::Datetime(None));
        Ok(is_time.then(|| Arc::new(Field::new("", micros(), true))))
    }
}
