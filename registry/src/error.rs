//! Everything that the registry can answer instead of success, with its code.

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_db as db;

use crate::model::event_kind::Audience;
use crate::secrets::SecretError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request is missing, malformed or out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No webhook has the id.
    #[error("Webhook with ID {0} not found.")]
    WebhookNotFound(String),
    /// No event subscription has the id.
    #[error("Event subscription with ID {0} not found.")]
    EventSubscriptionNotFound(String),
    /// A secret cannot be stored.
    #[error("the secret of a webhook cannot be stored")]
    Secret(#[from] SecretError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl Error {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Invalid(_) => ErrorCode::InvalidParameterValue,
            Error::WebhookNotFound(_) | Error::EventSubscriptionNotFound(_) => {
                ErrorCode::ResourceDoesNotExist
            }
            Error::Secret(_) => ErrorCode::InternalError,
            Error::Db(error) => error.code(),
        }
    }

    /// Nobody in the audience has the id.
    pub(crate) fn no_webhook(audience: Audience, id: String) -> Self {
        match audience {
            Audience::Webhooks => Error::WebhookNotFound(id),
            Audience::EventSubscriptions => Error::EventSubscriptionNotFound(id),
        }
    }
}
