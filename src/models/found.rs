//! Finding the version that a command names.

use anyhow::bail;
use forebay_serving::ModelUri;
use forebay_wire::model_versions::ModelVersion;

use super::Session;
use crate::cli::VersionArgs;

/// What a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Model(String),
    Version { name: String, version: String },
    Alias { name: String, alias: String },
}

impl Named {
    /// Without a number or an alias beside it, a name is read as a `models:/` address, and else is cut at its last `@`.
    pub(super) fn of(args: VersionArgs) -> Self {
        let VersionArgs { name, version, alias } = args;
        match (version, alias) {
            (Some(version), _) => Named::Version { name, version: version.to_string() },
            (None, Some(alias)) => Named::Alias { name, alias },
            (None, None) => match name.parse() {
                Ok(ModelUri::Version { name, version }) => {
                    Named::Version { name, version: version.to_string() }
                }
                Ok(ModelUri::Alias { name, alias }) => Named::Alias { name, alias },
                _ => Named::at_sign(name),
            },
        }
    }

    fn at_sign(name: String) -> Self {
        match name.rsplit_once('@') {
            Some((name, alias)) => Named::Alias { name: name.to_owned(), alias: alias.to_owned() },
            None => Named::Model(name),
        }
    }
}

/// The version that is named, with its name and number for the next requests.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) number: String,
    pub(super) version: ModelVersion,
}

/// Asks for the version that is named.
pub(super) async fn version(session: &Session, named: Named) -> anyhow::Result<Found> {
    let (name, version) = match named {
        Named::Model(name) => bail!(
            "which version of {name}? Add --version N, or write {name}@ALIAS; `forebay models versions` lists them"
        ),
        Named::Version { name, version } => {
            let found = session.client.get_model_version(&name, &version).await?;
            (name, found)
        }
        Named::Alias { name, alias } => {
            let found = session.client.get_version_by_alias(&name, &alias).await?;
            (name, found)
        }
    };
    let Some(number) = version.version.clone() else { bail!("the server gives that version no number") };
    Ok(Found { name, number, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, version: Option<i64>, alias: Option<&str>) -> Named {
        Named::of(VersionArgs { name: name.to_owned(), version, alias: alias.map(str::to_owned) })
    }

    #[test]
    fn a_name_is_cut_at_its_last_at_sign_unless_something_else_names_the_version() {
        let alias = |name: &str, alias: &str| Named::Alias { name: name.to_owned(), alias: alias.to_owned() };
        assert_eq!(named("m", None, None), Named::Model("m".to_owned()));
        assert_eq!(named("m@a@b", None, None), alias("m@a", "b"));
        assert_eq!(named("m@a", None, Some("b")), alias("m@a", "b"));
        let version = |name: &str| Named::Version { name: name.to_owned(), version: "2".to_owned() };
        assert_eq!(named("m@a", Some(2), None), version("m@a"));
        assert_eq!(named("models:/m/2", None, None), version("m"));
        assert_eq!(named("models:/m@a", None, None), alias("m", "a"));
    }
}
