//! The body of an upload, which may last as long as it keeps coming.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::timeout;

/// How long an upload may stand still before its caller counts as gone.
const MAX_SILENCE: Duration = Duration::from_mins(1);

/// Why no more of a body came.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error(transparent)]
    Broken(#[from] axum::Error),
    #[error("nothing came for {} seconds", MAX_SILENCE.as_secs())]
    Stalled,
}

/// The body in pieces; it ends after its first error.
pub(super) fn chunks(body: Body) -> impl Stream<Item = Result<Bytes, BodyError>> {
    stream::unfold(Some(body.into_data_stream()), |body| async {
        let mut body = body?;
        let chunk = next(&mut body).await?;
        let rest = chunk.is_ok().then_some(body);
        Some((chunk, rest))
    })
}

async fn next(body: &mut BodyDataStream) -> Option<Result<Bytes, BodyError>> {
    match timeout(MAX_SILENCE, body.next()).await {
        Ok(chunk) => chunk.map(|chunk| chunk.map_err(BodyError::from)),
        Err(_) => Some(Err(BodyError::Stalled)),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::artifacts::StoreError;
    use crate::artifacts::local::LocalStore;
    use crate::model::artifact_path::{ArtifactPath, NewArtifact};

    /// A body whose second half never comes.
    fn half() -> Body {
        let half = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"half"))]);
        Body::from_stream(half.chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_stands_still_ends_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_owned());
        let new = NewArtifact::parse(ArtifactPath::parse("a/x").unwrap()).unwrap();
        let stored = store.upload(&new, chunks(half())).await;
        let Err(StoreError::BrokenUpload { reason, .. }) = stored else { panic!("{stored:?}") };
        assert_eq!(reason, "nothing came for 60 seconds");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_keeps_coming_may_take_long() {
        let slow = stream::iter(["a", "b", "c"]).then(|chunk| async move {
            tokio::time::advance(MAX_SILENCE * 9 / 10).await;
            Ok::<_, Infallible>(chunk)
        });
        let all: Vec<_> = chunks(Body::from_stream(slow)).map(Result::unwrap).collect().await;
        assert_eq!(all, ["a", "b", "c"]);
    }
}
