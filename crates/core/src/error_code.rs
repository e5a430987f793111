//! The error codes of MLflow's REST API and the HTTP status each of them is answered with.
//!
//! The status hangs on the code alone, so no crate below the HTTP layer has to know a number.

/// The `error_code` of an MLflow error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A field has a value that is not allowed.
    InvalidParameterValue,
    /// The name is taken, also by a deleted resource.
    ResourceAlreadyExists,
    /// The request contradicts itself or the state of what it names.
    BadRequest,
    /// The named resource is not there.
    ResourceDoesNotExist,
    /// As `ResourceDoesNotExist`, for the newer groups of the API.
    NotFound,
    /// No such route.
    EndpointNotFound,
    /// The caller is known and may not do this.
    PermissionDenied,
    /// The caller is not known.
    Unauthenticated,
    /// As `Unauthenticated`, for the account behind the caller.
    CustomerUnauthorized,
    /// The server has no such feature.
    NotImplemented,
    /// The server cannot answer now; trying again may help.
    TemporarilyUnavailable,
    /// The server ran out of time.
    DeadlineExceeded,
    /// As `ResourceAlreadyExists`, for the newer groups of the API.
    AlreadyExists,
    /// Somebody else changed the resource first.
    ResourceConflict,
    /// The transaction lost against another one.
    Aborted,
    /// The caller hung up.
    Cancelled,
    /// Too many requests.
    RequestLimitExceeded,
    /// A quota is used up.
    ResourceExhausted,
    /// A fault of the server.
    InternalError,
    /// The server's stored state contradicts itself.
    InvalidState,
    /// The server lost what it had acknowledged.
    DataLoss,
}

impl ErrorCode {
    /// The name on the wire, such as `INVALID_PARAMETER_VALUE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::BadRequest => "BAD_REQUEST",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::NotFound => "NOT_FOUND",
            Self::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::CustomerUnauthorized => "CUSTOMER_UNAUTHORIZED",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::ResourceConflict => "RESOURCE_CONFLICT",
            Self::Aborted => "ABORTED",
            Self::Cancelled => "CANCELLED",
            Self::RequestLimitExceeded => "REQUEST_LIMIT_EXCEEDED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::InternalError => "INTERNAL_ERROR",
            Self::InvalidState => "INVALID_STATE",
            Self::DataLoss => "DATA_LOSS",
        }
    }

    /// The HTTP status MLflow answers this code with; the stock client retries 408, 429, 500, 502, 503 and 504.
    pub fn http_status(self) -> u16 {
        match self {
            Self::InvalidParameterValue | Self::ResourceAlreadyExists | Self::BadRequest => 400,
            Self::Unauthenticated | Self::CustomerUnauthorized => 401,
            Self::PermissionDenied => 403,
            Self::ResourceDoesNotExist | Self::NotFound | Self::EndpointNotFound => 404,
            Self::AlreadyExists | Self::ResourceConflict | Self::Aborted => 409,
            Self::RequestLimitExceeded | Self::ResourceExhausted => 429,
            Self::Cancelled => 499,
            Self::InternalError | Self::InvalidState | Self::DataLoss => 500,
            Self::NotImplemented => 501,
            Self::TemporarilyUnavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn a_callers_mistake_is_never_a_status_that_the_client_retries() {
        for code in
            [ErrorCode::InvalidParameterValue, ErrorCode::BadRequest, ErrorCode::ResourceAlreadyExists]
        {
            assert_eq!(code.http_status(), 400, "{}", code.as_str());
        }
    }
}
