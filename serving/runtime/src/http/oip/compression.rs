//! Bodies that came compressed, as clients may on a slow line.

use std::io::{self, Read};

use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};

use super::error::Error;

/// The body as it was before it was compressed; refused when that is longer than a body may be.
pub(super) fn decompress(headers: &HeaderMap, body: Bytes, max_len: usize) -> Result<Bytes, Error> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(body) };
    match encoding.to_str().map(str::to_ascii_lowercase).as_deref() {
        Ok("identity" | "") => Ok(body),
        Ok("gzip") => read(GzDecoder::new(body.as_ref()), max_len),
        Ok("deflate") => read(ZlibDecoder::new(body.as_ref()), max_len),
        Ok(unknown) => Err(Error::Encoding(unknown.to_owned())),
        Err(_) => Err(Error::Encoding("?".to_owned())),
    }
}

fn read(reader: impl Read, max_len: usize) -> Result<Bytes, Error> {
    let one_more = u64::try_from(max_len).unwrap_or(u64::MAX).saturating_add(1);
    let mut body = Vec::new();
    let invalid = |error: io::Error| Error::invalid(format!("the body cannot be decompressed: {error}"));
    reader.take(one_more).read_to_end(&mut body).map_err(invalid)?;
    if body.len() > max_len {
        return Err(Error::BodyTooLong(max_len));
    }
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn read_as(encoding: &'static str, body: Vec<u8>, max_len: usize) -> Result<Bytes, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        decompress(&headers, body.into(), max_len)
    }

    #[test]
    fn both_ways_of_compressing_are_read() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(b"body").unwrap();
        assert_eq!(read_as("gzip", gzip.finish().unwrap(), 4).unwrap(), "body");
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(b"body").unwrap();
        assert_eq!(read_as("deflate", deflate.finish().unwrap(), 4).unwrap(), "body");
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_large() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
        let error = read_as("gzip", gzip.finish().unwrap(), 1000).unwrap_err();
        assert!(matches!(error, Error::BodyTooLong(1000)), "{error}");
        assert!(matches!(read_as("gzip", b"no gzip".to_vec(), 1000), Err(Error::Inference(_))));
        assert!(matches!(read_as("br", Vec::new(), 1000), Err(Error::Encoding(_))));
    }
}
