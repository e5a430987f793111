//! Definitions as somebody gives them, in JSON or in files of YAML, each with the place where it stands.

use std::sync::Arc;

use forebay_core::invalid::Invalid;
use forebay_core::nearest::did_you_mean;
use forebay_wire::feature_definitions as wire;
use forebay_wire::feature_file;
use forebay_wire::features::{ApplyFeatures, FeatureFile};
use forebay_wire::yaml::YamlError;
use forebay_wire::yaml_lines::Lines;

use super::definition::Definition;
use super::kind::Kind;
use super::mistake::Mistake;

/// Most definitions of one request.
const MAX_DEFINITIONS: usize = 5_000;

/// Longest name of a file that errors tell, in characters.
const MAX_FILE_NAME_CHARS: usize = 500;

/// A definition and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(crate) definition: Definition,
    pub(crate) at: At,
}

/// Where a definition stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At {
    document: Arc<Document>,
    /// Such as `feature_views[0]`.
    field: String,
}

#[derive(Debug, PartialEq)]
enum Document {
    Json,
    Yaml { file: Option<String>, lines: Lines },
}

impl At {
    /// The sentence that tells a mistake and where it is.
    pub(crate) fn tell(&self, mistake: &Mistake) -> Invalid {
        let Mistake { field, reason } = mistake.clone().within(&self.field);
        match &*self.document {
            Document::Json => Invalid::message(format!(
                "Invalid value for parameter 'definitions.{field}' supplied: {reason}"
            )),
            Document::Yaml { file, lines } => {
                Invalid::message(format!("{}: {reason}", place(file.as_deref(), lines.of(&field))))
            }
        }
    }
}

/// `weather.yaml, line 7`, or the line alone of what has no name.
fn place(file: Option<&str>, line: u64) -> String {
    file.map_or_else(|| format!("line {line}"), |file| format!("{file}, line {line}"))
}

/// Reads what a request gives: at least one definition, and each once.
pub(crate) fn read(message: ApplyFeatures) -> Result<Vec<Given>, Invalid> {
    let given = match message {
        ApplyFeatures { yaml: Some(yaml), files, definitions: None } if files.is_empty() => {
            yaml_file(None, &yaml)?
        }
        ApplyFeatures { yaml: None, files, definitions: None } if !files.is_empty() => {
            files.into_iter().map(named_file).collect::<Result<Vec<_>, _>>()?.concat()
        }
        ApplyFeatures { yaml: None, files, definitions: Some(definitions) } if files.is_empty() => {
            all(definitions, &Arc::new(Document::Json))?
        }
        _ => return Err(Invalid::message("A request has exactly one of 'yaml', 'files' and 'definitions'.")),
    };
    if given.is_empty() {
        return Err(Invalid::message("There is no definition in it."));
    }
    if given.len() > MAX_DEFINITIONS {
        return Err(Invalid::message(format!("There are more than {MAX_DEFINITIONS} definitions.")));
    }
    Ok(given)
}

fn named_file(file: FeatureFile) -> Result<Vec<Given>, Invalid> {
    let name = file.name.ok_or_else(|| Invalid::missing("files.name"))?;
    let yaml = file.yaml.ok_or_else(|| Invalid::missing("files.yaml"))?;
    let shown: String = name.chars().take(MAX_FILE_NAME_CHARS).collect();
    yaml_file(Some(&shown), &yaml)
}

fn yaml_file(file: Option<&str>, yaml: &str) -> Result<Vec<Given>, Invalid> {
    let documents = feature_file::read(yaml).map_err(|error| of_yaml(file, error))?;
    let mut given = Vec::new();
    for document in documents {
        let place = Arc::new(Document::Yaml { file: file.map(str::to_owned), lines: document.lines });
        given.extend(all(document.definitions, &place)?);
    }
    Ok(given)
}

fn of_yaml(file: Option<&str>, error: YamlError) -> Invalid {
    let place = place(file, error.line);
    let Some(unknown) = error.unknown else {
        return Invalid::message(format!("{place}: {}", error.reason));
    };
    let hint = did_you_mean(&unknown.field, unknown.known.iter().copied());
    let known = if hint.is_empty() { format!("; there are {}", unknown.known.join(", ")) } else { hint };
    Invalid::message(format!("{place}: there is no field '{}' here{known}", unknown.field))
}

fn all(message: wire::FeatureDefinitions, document: &Arc<Document>) -> Result<Vec<Given>, Invalid> {
    let mut given = of_kind(Kind::Entity, message.entities, Definition::Entity, document)?;
    given.extend(of_kind(Kind::FeatureView, message.feature_views, Definition::FeatureView, document)?);
    given.extend(of_kind(Kind::OnDemandView, message.on_demand_views, Definition::OnDemandView, document)?);
    given.extend(of_kind(
        Kind::FeatureService,
        message.feature_services,
        Definition::FeatureService,
        document,
    )?);
    Ok(given)
}

fn of_kind<M, D: TryFrom<M, Error = Mistake>>(
    kind: Kind,
    messages: Vec<M>,
    wrap: fn(D) -> Definition,
    document: &Arc<Document>,
) -> Result<Vec<Given>, Invalid> {
    let one = |(index, message)| {
        let at = At { document: Arc::clone(document), field: format!("{}[{index}]", kind.field()) };
        let definition = D::try_from(message).map_err(|mistake| at.tell(&mistake))?;
        Ok(Given { definition: wrap(definition), at })
    };
    messages.into_iter().enumerate().map(one).collect()
}
#[cfg(test)]
mod tests;
