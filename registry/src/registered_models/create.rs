//! Registering a model, or a prompt.

use forebay_db::Tx;

use crate::error::Kind;
use crate::model::event::{Event, Of};
use crate::model::registered_model::{NewRegisteredModel, RegisteredModel};
use crate::moment::Moment;
use crate::sql::{registered_model_tags, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Registers a model under a free name.
    ///
    /// # Errors
    /// [`Error::NameTaken`] and [`Error::NameTakenByOtherKind`].
    pub(crate) async fn create_registered_model(
        &self,
        new: NewRegisteredModel,
        moment: Moment,
    ) -> Result<RegisteredModel> {
        self.db.write((new, moment), |tx, (new, moment)| Box::pin(create(tx, new, moment))).await
    }
}

async fn create(tx: &mut Tx, new: &NewRegisteredModel, moment: &Moment) -> Result<RegisteredModel> {
    let (name, now_ms) = (new.name.as_str(), moment.now_ms);
    if registered_models::insert(tx, new, now_ms).await? == 0 {
        return Err(taken(tx, new).await?);
    }
    registered_model_tags::upsert(tx, name, &new.tags).await?;
    let description = Some(new.description.clone());
    moment.record(tx, &Event::model_created(name.to_owned(), new.tags.clone(), description)).await?;
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
