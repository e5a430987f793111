//! Registering a model, or a prompt.

use forebay_db::Tx;

use crate::error::Kind;
use crate::model::event::Of;
use crate::model::registered_model::{NewRegisteredModel, RegisteredModel};
use crate::sql::{registered_model_tags, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Registers a model under a free name.
    ///
    /// # Errors
    /// [`Error::NameTaken`] and [`Error::NameTakenByOtherKind`].
    pub(crate) async fn create_registered_model(&self, new: NewRegisteredModel) -> Result<RegisteredModel> {
        let input = (new, self.now_ms());
        self.db.write(input, |tx, (new, now_ms)| Box::pin(create(tx, new, *now_ms))).await
    }
}

async fn create(tx: &mut Tx, new: &NewRegisteredModel, now_ms: i64) -> Result<RegisteredModel> {
    let name = new.name.as_str();
    if registered_models::insert(tx, new, now_ms).await? == 0 {
        return Err(taken(tx, new).await?);
    }
    registered_model_tags::upsert(tx, name, &new.tags).await?;
    Ok(RegisteredModel {
        name: name.to_owned(),
        creation_time_ms: Some(now_ms),
        last_updated_time_ms: Some(now_ms),
        description: Some(new.description.clone()),
        latest_versions: Vec::new(),
        tags: new.tags.clone(),
        aliases: Vec::new(),
    })
}

async fn taken(tx: &mut Tx, new: &NewRegisteredModel) -> Result<Error> {
    let name = new.name.as_str().to_owned();
    let kind = |of| if of == Of::Prompt { Kind::Prompt } else { Kind::Model };
    let (new, old) = (kind(Of::tags(&new.tags)), kind(registered_model_tags::find_kind(tx, &name).await?));
    Ok(if new == old {
        Error::NameTaken { kind: new, name }
    } else {
        Error::NameTakenByOtherKind { new, name }
    })
}
