//! `forebay models versions`.

use anyhow::bail;
use forebay_wire::model_versions::{ModelVersion, SearchModelVersions, SearchModelVersionsResponse};
use forebay_wire::registered_models::RegisteredModel;

use super::{Outcome, Session};
use crate::cli::VersionsArgs;
use crate::shell::output::tell_of_more;
use crate::shell::table::Table;
use crate::shell::words::utc;

/// Versions per page: few requests, and answers that stay small.
const PAGE: i64 = 10_000;

pub(super) async fn run(session: &Session, args: VersionsArgs) -> anyhow::Result<Outcome> {
    // A search for versions of a model that is not there finds none, and in MLflow tells no aliases.
    let model = session.client.get_registered_model(&args.name).await?;
    let question = SearchModelVersions {
        filter: Some(format!("name = {}", quoted(&args.name)?)),
        max_results: Some(PAGE.into()),
        order_by: vec!["version_number DESC".to_owned()],
        page_token: None,
    };
    let mut found = session.client.search_model_versions(question).collect(args.limit.limit).await?;
    for version in &mut found.items {
        version.aliases = aliases(&model, version);
    }
    let answer = SearchModelVersionsResponse { model_versions: found.items, next_page_token: None };
    session.output.show(&answer, || text(&answer.model_versions))?;
    tell_of_more(found.has_more);
    Ok(Outcome::Done)
}

/// A text in the grammar of filters, which knows two quotes and no escapes.
fn quoted(name: &str) -> anyhow::Result<String> {
    match (name.contains('\''), name.contains('"')) {
        (false, _) => Ok(format!("'{name}'")),
        (true, false) => Ok(format!("\"{name}\"")),
        (true, true) => bail!("no filter can hold a name with both ' and \"; rename {name}"),
    }
}

fn aliases(model: &RegisteredModel, version: &ModelVersion) -> Vec<String> {
    let of_version = model.aliases.iter().filter(|alias| alias.version == version.version);
    of_version.filter_map(|alias| alias.alias.clone()).collect()
}

fn text(versions: &[ModelVersion]) -> String {
    let mut table = Table::new(["VERSION", "STAGE", "ALIASES", "CREATED", "RUN", "SOURCE"]);
    for version in versions {
        table.row([
            version.version.clone().into(),
            version.current_stage.clone().into(),
            version.aliases.join(", ").into(),
            utc(version.creation_timestamp).into(),
            version.run_id.clone().into(),
            version.source.clone().into(),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_is_quoted_by_what_it_does_not_hold() {
        assert_eq!(quoted("a\"b").unwrap(), "'a\"b'");
        assert_eq!(quoted("it's").unwrap(), "\"it's\"");
        assert!(quoted("'\"").is_err());
    }
}
