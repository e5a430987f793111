//! Artifact listings in GraphQL.

use async_graphql::{InputObject, SimpleObject};
use forebay_wire::artifacts as wire;

use super::fault::Fault;
use super::scalar::{LongString, list, long, text};

#[derive(InputObject)]
#[graphql(name = "MlflowListArtifactsInput")]
pub(super) struct ListArtifacts {
    pub(super) run_id: Option<String>,
    pub(super) run_uuid: Option<String>,
    pub(super) path: Option<String>,
    pub(super) page_token: Option<String>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowListArtifactsResponse")]
pub(super) struct ListArtifactsResponse {
    root_uri: Option<String>,
    files: Option<Vec<FileInfo>>,
    next_page_token: Option<String>,
    api_error: Option<Fault>,
}

#[derive(SimpleObject)]
#[graphql(name = "MlflowFileInfo")]
struct FileInfo {
    path: Option<String>,
    is_dir: Option<bool>,
    file_size: Option<LongString>,
}

impl From<wire::ListArtifactsResponse> for ListArtifactsResponse {
    fn from(listing: wire::ListArtifactsResponse) -> Self {
        ListArtifactsResponse {
            root_uri: text(listing.root_uri),
            files: list(listing.files),
            next_page_token: text(listing.next_page_token),
            api_error: None,
        }
    }
}

impl From<wire::FileInfo> for FileInfo {
    fn from(file: wire::FileInfo) -> Self {
        FileInfo {
            path: text(file.path),
            is_dir: Some(file.is_dir.unwrap_or_default()),
            file_size: long(file.file_size),
        }
    }
}
