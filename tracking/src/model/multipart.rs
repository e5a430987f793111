//! Requests about multipart uploads through the proxy.

use forebay_core::invalid::Invalid;
use forebay_wire::artifacts as wire;
use forebay_wire::number::Int64;

use super::artifact_path::{ArtifactPath, NewArtifact};

/// Most parts of an upload: what S3 takes.
const MAX_PARTS: u16 = 10_000;

/// An upload that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateUpload {
    pub(crate) artifact: NewArtifact,
    pub(crate) n_parts: u16,
}

/// An upload that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingUploadId {
    pub(crate) artifact: NewArtifact,
    /// The store's own name for it; empty on stores that have none.
    pub(crate) upload_id: String,
}

/// An upload whose parts are all there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompleteUpload {
    pub(crate) artifact: NewArtifact,
    pub(crate) upload_id: String,
    /// What the store called each part, in their order.
    pub(crate) etags: Vec<String>,
}

impl CreateUpload {
    /// `folder` is what the address names, and the message says which file goes there.
    pub(crate) fn from_wire(
        req: wire::CreateMultipartUpload,
        folder: &ArtifactPath,
    ) -> Result<Self, Invalid> {
        let artifact = file(req.path, folder)?;
        let Int64(given) = req.num_parts.unwrap_or_default();
        let n_parts = u16::try_from(given).ok().filter(|n_parts| *n_parts <= MAX_PARTS);
        let n_parts = n_parts.ok_or_else(|| {
            Invalid::message(format!("num_parts must be between 0 and {MAX_PARTS}, not {given}."))
        })?;
        Ok(CreateUpload { artifact, n_parts })
    }
}

impl CompleteUpload {
    /// As [`CreateUpload::from_wire`].
    pub(crate) fn from_wire(
        req: wire::CompleteMultipartUpload,
        folder: &ArtifactPath,
    ) -> Result<Self, Invalid> {
        let artifact = file(req.path, folder)?;
        if req.parts.is_empty() {
            return Err(Invalid::missing("parts"));
        }
        let etags = req.parts.into_iter().zip(1..).map(|(part, number)| etag(part, number));
        let etags = etags.collect::<Result<_, Invalid>>()?;
        Ok(CompleteUpload { artifact, upload_id: req.upload_id.unwrap_or_default(), etags })
    }
}

impl PendingUploadId {
    /// As [`CreateUpload::from_wire`].
    pub(crate) fn from_wire(req: wire::AbortMultipartUpload, folder: &ArtifactPath) -> Result<Self, Invalid> {
        let artifact = file(req.path, folder)?;
        Ok(PendingUploadId { artifact, upload_id: req.upload_id.unwrap_or_default() })
    }
}

/// The last name of the caller's own path, in `folder`.
fn file(path: Option<String>, folder: &ArtifactPath) -> Result<NewArtifact, Invalid> {
    let path = path.filter(|path| !path.is_empty()).ok_or_else(|| Invalid::missing("path"))?;
    let name = path.rsplit('/').next().unwrap_or_default();
    NewArtifact::parse(folder.join(&ArtifactPath::parse(name)?))
}

fn etag(part: wire::MultipartUploadPart, number: i64) -> Result<String, Invalid> {
    match part.part_number {
        Some(Int64(given)) if given == number => Ok(part.etag.unwrap_or_default()),
        given => Err(Invalid::message(format!(
            "parts must be in the order of their numbers, from 1 and without a gap: part {number} has the number \
             {}.",
            given.map_or("none".to_owned(), |Int64(given)| given.to_string())
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> ArtifactPath {
        ArtifactPath::parse("1/run/artifacts").unwrap()
    }

    fn create(path: &str, n_parts: i64) -> Result<CreateUpload, Invalid> {
        let num_parts = Some(Int64(n_parts));
        let req = wire::CreateMultipartUpload { path: Some(path.to_owned()), num_parts };
        CreateUpload::from_wire(req, &folder())
    }

    #[test]
    fn a_file_goes_to_the_folder_of_the_address_under_its_last_name() {
        let created = create("/somewhere/model.bin", 2).unwrap();
        assert_eq!(created.artifact.path().as_str(), "1/run/artifacts/model.bin");
        for path in ["", "folder/", "..", "a/%2e%2e", "a/%2e%2e%2fb"] {
            assert!(create(path, 2).is_err(), "{path}");
        }
        assert!(create("x", 10_001).is_err() && create("x", -1).is_err());
    }

    #[test]
    fn parts_are_numbered_without_a_gap() {
        let complete = |numbers: &[i64]| {
            let part = |number: &i64| wire::MultipartUploadPart {
                part_number: Some(Int64(*number)),
                etag: Some(format!("e{number}")),
                url: None,
            };
            let parts = numbers.iter().map(part).collect();
            let req = wire::CompleteMultipartUpload { path: Some("x".to_owned()), upload_id: None, parts };
            CompleteUpload::from_wire(req, &folder())
        };
        assert_eq!(complete(&[1, 2]).unwrap().etags, ["e1", "e2"]);
        for numbers in [&[][..], &[2], &[1, 3], &[2, 1]] {
            assert!(complete(numbers).is_err(), "{numbers:?}");
        }
    }
}
