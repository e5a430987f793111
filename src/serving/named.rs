//! Models as the command line names them.

use anyhow::{Context as _, bail};
use forebay_serving::ModelUri;

/// A model, and the name under which it is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NamedModel {
    pub(super) name: String,
    pub(super) uri: ModelUri,
}

impl NamedModel {
    /// Reads all of them; no two may have one name.
    pub(super) fn parse_all(texts: &[String]) -> anyhow::Result<Vec<Self>> {
        let mut models: Vec<Self> = Vec::with_capacity(texts.len());
        for text in texts {
            let model = NamedModel::parse(text)?;
            if models.iter().any(|other| other.name == model.name) {
                bail!(
                    "--model-uri {text}: there is a model '{}' already; name it, as in NAME={}",
                    model.name,
                    model.uri
                );
            }
            models.push(model);
        }
        Ok(models)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let (name, uri) = match text.split_once('=') {
            Some((name, uri)) if is_name(name) => (Some(name.to_owned()), uri),
            _ => (None, text),
        };
        let uri: ModelUri = uri.parse().with_context(|| format!("--model-uri {text}"))?;
        let name = name.unwrap_or_else(|| own_name(&uri));
        if !is_name(&name) {
            bail!("--model-uri {text}: '{name}' is no name for an address; name it, as in NAME={uri}");
        }
        Ok(NamedModel { name, uri })
    }
}

/// What a model is called by itself.
fn own_name(uri: &ModelUri) -> String {
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    match uri {
        ModelUri::Version { name, .. }
        | ModelUri::Alias { name, .. }
        | ModelUri::Stage { name, .. }
        | ModelUri::Latest { name } => name.clone(),
        ModelUri::LoggedModel(model_id) => model_id.clone(),
        ModelUri::Run { .. } | ModelUri::Bucket(_) => last(&uri.to_string()),
        ModelUri::Folder(path) => last(&path.to_string_lossy()),
    }
}

/// Whether a name can stand in a path as it is.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte);
    !name.is_empty() && name.bytes().all(is_plain) && name.trim() == name && name != "." && name != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> Result<Vec<String>, String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let models = NamedModel::parse_all(&texts).map_err(|error| format!("{error:#}"))?;
        Ok(models.into_iter().map(|model| model.name).collect())
    }

    #[test]
    fn a_model_is_called_as_it_is_registered_or_as_it_is_told() {
        assert_eq!(names(&["models:/churn@champion", "b=models:/churn/2"]).unwrap(), ["churn", "b"]);
        assert_eq!(names(&["runs:/0123456789abcdef0123456789abcdef/best"]).unwrap(), ["best"]);
        assert_eq!(names(&["models:/catalog.schema.churn/1"]).unwrap(), ["catalog.schema.churn"]);
    }

    #[test]
    fn two_models_need_two_names() {
        let error = names(&["models:/churn/1", "models:/churn/2"]).unwrap_err();
        assert!(error.contains("name it, as in NAME=models:/churn/2"), "{error}");
    }
}
