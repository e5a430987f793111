//! `forebay models list`.

use forebay_wire::registered_models::{
    RegisteredModel, SearchRegisteredModels, SearchRegisteredModelsResponse,
};

use super::{Outcome, Session};
use crate::cli::ListArgs;
use crate::shell::output::tell_of_more;
use crate::shell::table::Table;
use crate::shell::words::utc;

/// As many as a page may have.
const PAGE: i64 = 1_000;

pub(super) async fn run(session: &Session, args: ListArgs) -> anyhow::Result<Outcome> {
    let question = SearchRegisteredModels {
        filter: args.filter,
        max_results: Some(PAGE.into()),
        ..SearchRegisteredModels::default()
    };
    let found = session.client.search_registered_models(question).collect(args.limit.limit).await?;
    let answer = SearchRegisteredModelsResponse { registered_models: found.items, next_page_token: None };
    session.output.show(&answer, || text(&answer.registered_models))?;
    tell_of_more(found.has_more);
    Ok(Outcome::Done)
}

fn text(models: &[RegisteredModel]) -> String {
    let mut table = Table::new(["NAME", "LATEST", "ALIASES", "UPDATED", "DESCRIPTION"]);
    for model in models {
        table.row([
            model.name.clone().into(),
            latest(model).into(),
            aliases(model).into(),
            utc(model.last_updated_timestamp).into(),
            model.description.clone().into(),
        ]);
    }
    table.to_string()
}

/// The highest number of all stages.
pub(super) fn latest(model: &RegisteredModel) -> String {
    let numbers =
        model.latest_versions.iter().filter_map(|version| version.version.as_deref()?.parse::<i64>().ok());
    numbers.max().map_or_else(String::new, |number| number.to_string())
}

/// `champion=3, challenger=4`
pub(super) fn aliases(model: &RegisteredModel) -> String {
    let aliases = model.aliases.iter().map(|alias| {
        format!(
            "{}={}",
            alias.alias.as_deref().unwrap_or_default(),
            alias.version.as_deref().unwrap_or_default()
        )
    });
    aliases.collect::<Vec<_>>().join(", ")
}
