//! A file as an HTTP answer: always an attachment, with ranges, validators and the right type.
//!
//! Artifacts are the work of strangers. As attachments with `nosniff` no browser runs them as pages of ours.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::content::{content_disposition, content_type};
use super::range::{Span, requested_span};
use crate::Result;
use crate::artifacts::store::OpenArtifact;

/// The answer to a GET or HEAD with the headers `request`. The latter reads nothing of the file.
pub(super) async fn respond(
    artifact: OpenArtifact,
    method: &Method,
    request: &HeaderMap,
) -> Result<Response> {
    let size = artifact.size_bytes;
    let validators = Validators::of(&artifact);
    if validators.are_known(request) {
        return Ok((StatusCode::NOT_MODIFIED, validators.headers()).into_response());
    }
    let range = header(request, &RANGE).filter(|_| validators.allow_range(request));
    let (status, span, content_range) = match requested_span(range, size) {
        Span::Whole => (StatusCode::OK, 0..size, None),
        Span::Part(part) => {
            let content_range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            (StatusCode::PARTIAL_CONTENT, part, Some([(CONTENT_RANGE, content_range)]))
        }
        Span::Unsatisfiable => {
            let content_range = [(CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, content_range).into_response());
        }
    };
    let headers = [
        (CONTENT_TYPE, content_type(&artifact.name)),
        (CONTENT_DISPOSITION, content_disposition(&artifact.name)),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CONTENT_LENGTH, (span.end - span.start).to_string()),
    ];
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => Body::from_stream(artifact.read(span).await?),
    };
    Ok((status, headers, content_range, validators.headers(), body).into_response())
}

/// What tells one state of a file from another.
struct Validators {
    etag: String,
    modified: SystemTime,
}

impl Validators {
    fn of(artifact: &OpenArtifact) -> Self {
        let since_epoch = artifact.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let own = format!("\"{:x}-{:x}\"", since_epoch.as_nanos(), artifact.size_bytes);
        let etag = artifact.etag.clone().filter(|etag| is_tag(etag)).unwrap_or(own);
        Validators { etag, modified: artifact.modified }
    }

    fn headers(&self) -> [(HeaderName, String); 2] {
        [(ETAG, self.etag.clone()), (LAST_MODIFIED, self.last_modified())]
    }

    fn last_modified(&self) -> String {
        httpdate::fmt_http_date(self.modified)
    }

    /// Whether the client has this state already.
    fn are_known(&self, request: &HeaderMap) -> bool {
        if let Some(tags) = header(request, &IF_NONE_MATCH) {
            let mut tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
            return tags.any(|tag| tag == "*" || tag == self.etag);
        }
        let since = header(request, &IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        // HTTP dates have whole seconds, so both sides are compared as such dates.
        since.is_some_and(|since| {
            httpdate::parse_http_date(&self.last_modified()).is_ok_and(|modified| modified <= since)
        })
    }

    /// Whether a part may be sent: the client has no other part yet, or one of this state.
    fn allow_range(&self, request: &HeaderMap) -> bool {
        header(request, &IF_RANGE).is_none_or(|state| state == self.etag || state == self.last_modified())
    }
}

/// Whether a store's tag can be compared with what clients send.
fn is_tag(etag: &str) -> bool {
    let inner = etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"'));
    inner.is_some_and(|tag| tag.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',')))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::local::LocalStore;
    use crate::model::artifact_path::ArtifactPath;

    #[tokio::test]
    async fn a_head_has_the_headers_of_a_get_and_reads_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.txt"), "content").unwrap();
        let store = LocalStore::new(folder.path().to_owned());
        let answer = async |method: Method| {
            let artifact = store.open(&ArtifactPath::parse("x.txt").unwrap()).await.unwrap();
            let (parts, body) = respond(artifact, &method, &HeaderMap::new()).await.unwrap().into_parts();
            (parts.status, parts.headers, axum::body::to_bytes(body, 100).await.unwrap())
        };
        let (head, get) = (answer(Method::HEAD).await, answer(Method::GET).await);
        assert_eq!((head.0, &head.1, &head.2[..]), (get.0, &get.1, &b""[..]));
        assert_eq!((&head.1[CONTENT_LENGTH], &get.2[..]), (&"7".parse().unwrap(), &b"content"[..]));
    }
}
