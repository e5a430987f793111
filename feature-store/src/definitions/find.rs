//! One definition, a version of it, and all its versions.

use forebay_core::invalid::Invalid;
use forebay_db::Tx;

use crate::model::kept::Kept;
use crate::model::kind::Kind;
use crate::model::requests::Which;
use crate::sql::feature_definitions;
use crate::{Error, Features, Result};

impl Features {
    /// A version of a definition; the last one where none is named, unless that deleted it.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::Invalid`] for a name of several kinds.
    pub(crate) async fn get(&self, which: &Which) -> Result<Kept> {
        let mut tx = self.db.read().await?;
        let kind = only_kind(&mut tx, which).await?;
        get(&mut tx, kind, which).await
    }

    /// All versions of a definition, the latest first; also of one that was deleted.
    ///
    /// # Errors
    /// As of [`Features::get`].
    pub(crate) async fn history(&self, which: &Which) -> Result<Vec<Kept>> {
        let mut tx = self.db.read().await?;
        let kind = only_kind(&mut tx, which).await?;
        let versions = feature_definitions::list_versions(&mut tx, kind, &which.name).await?;
        if versions.is_empty() { Err(Error::not_found(which)) } else { Ok(versions) }
    }
}

/// As [`Features::get`], of a kind.
pub(super) async fn get(tx: &mut Tx, kind: Kind, which: &Which) -> Result<Kept> {
    let found = match which.version {
        Some(version) => feature_definitions::find_version(tx, kind, &which.name, version).await?,
        None => feature_definitions::find_last(tx, kind, &which.name).await?,
    };
    found.filter(|kept| kept.definition.is_some()).ok_or_else(|| Error::not_found(which))
}

/// The kind that is meant: the one that is named, else the only one that has the name, or that had it once.
pub(super) async fn only_kind(tx: &mut Tx, which: &Which) -> Result<Kind> {
    if let Some(kind) = which.kind {
        return Ok(kind);
    }
    let (mut current, mut former) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        match feature_definitions::find_last(tx, kind, &which.name).await? {
            Some(Kept { definition: Some(_), .. }) => current.push(kind),
            Some(_) => former.push(kind),
            None => {}
        }
    }
    let kinds = if current.is_empty() { former } else { current };
    match kinds.as_slice() {
        [] => Err(Error::not_found(which)),
        [kind] => Ok(*kind),
        several => {
            let words: Vec<_> = several.iter().map(|kind| kind.as_str()).collect();
            let why = format!("several kinds have the name; say which with 'kind': {}", words.join(" or "));
            Err(Invalid::value("name", which.name.as_str(), &why).into())
        }
    }
}
