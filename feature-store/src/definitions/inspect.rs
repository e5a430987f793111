//! What takes longer than a transaction may: tables are opened, and expressions compiled.

use super::plan::Basis;
use super::tables::{self, Why};
use crate::expressions::compiled::Compiled;
use crate::model::definition::Definition;
use crate::model::given::Given;
use crate::model::mistake::Mistake;
use crate::model::on_demand_view::OnDemandView;
use crate::{Error, Features, Result};

impl Features {
    /// Looks at the tables and the expressions of all views that are given.
    pub(super) async fn inspect(&self, given: Vec<Given>, basis: Basis) -> Result<()> {
        let (lake, config) = (self.lake.clone(), self.config.clone());
        let inspect = move || {
            for Given { definition, at } in &given {
                let inspected = match definition {
                    Definition::FeatureView(view) => {
                        let keys = basis.keys.get(&view.name).map_or(&[][..], Vec::as_slice);
                        tables::check(&lake, &config.locations, view, keys)
                    }
                    Definition::OnDemandView(view) => compile(view, &basis).map_err(Why::Wrong),
                    Definition::Entity(_) | Definition::FeatureService(_) => Ok(()),
                };
                inspected.map_err(|why| match why {
                    Why::Wrong(mistake) => Error::Invalid(at.tell(&mistake)),
                    Why::Refused(mistake) => Error::PlaceRefused(at.tell(&mistake).to_string()),
                })?;
            }
            Ok(())
        };
        self.opening.run(inspect).await?
    }
}

/// Compiles all expressions; a mistake has the line of its own.
fn compile(view: &OnDemandView, basis: &Basis) -> Result<(), Mistake> {
    let inputs = basis.inputs.get(&view.name).cloned().unwrap_or_default();
    let compiled = Compiled::of(view, &inputs);
    compiled.map(drop).map_err(|refused| {
        let field = refused.feature.map(|index| format!("features[{index}].expression"));
        Mistake::new(field.unwrap_or_default(), refused.to_string())
    })
}
