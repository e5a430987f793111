//! Frames, in which both sides of a worker's socket speak: the length of the header in 4 bytes, the length of the body
//! in 8, all little-endian; then a header of JSON, and a body.

use std::io::{self, Read, Write};

use serde_json::Value;

/// Longest header, in bytes: room for the names and shapes of a hundred thousand tensors.
const MAX_HEADER_LEN: u64 = 64 * 1024 * 1024;

/// Longest body of an answer, in bytes.
const MAX_BODY_LEN: u64 = 2 * 1024 * 1024 * 1024;

/// Most bytes that are set aside before any of them came.
const MAX_RESERVED: u64 = 16 * 1024 * 1024;

/// A message to a worker or from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    /// What the body is.
    pub(super) header: Value,
    /// A table, tensors or JSON.
    pub(super) body: Vec<u8>,
}

/// Writes a frame.
pub(super) fn send(to: &mut impl Write, frame: &Frame) -> io::Result<()> {
    let header = frame.header.to_string();
    let header_len = u32::try_from(header.len()).map_err(io::Error::other)?;
    let mut start = Vec::with_capacity(12 + header.len());
    start.extend_from_slice(&header_len.to_le_bytes());
    start.extend_from_slice(&(frame.body.len() as u64).to_le_bytes());
    start.extend_from_slice(header.as_bytes());
    to.write_all(&start)?;
    to.write_all(&frame.body)
}

/// Reads a frame.
///
/// # Errors
/// The other side is gone, or does not speak in frames.
pub(super) fn receive(from: &mut impl Read) -> io::Result<Frame> {
    let (mut header_len, mut body_len) = ([0; 4], [0; 8]);
    from.read_exact(&mut header_len)?;
    from.read_exact(&mut body_len)?;
    let header = read(from, u64::from(u32::from_le_bytes(header_len)), MAX_HEADER_LEN)?;
    let header = serde_json::from_slice(&header)?;
    let body = read(from, u64::from_le_bytes(body_len), MAX_BODY_LEN)?;
    Ok(Frame { header, body })
}

fn read(from: &mut impl Read, len: u64, max_len: u64) -> io::Result<Vec<u8>> {
    if len > max_len {
        let words = format!("an answer of {len} bytes, where {max_len} are the most");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(len.min(MAX_RESERVED)).unwrap_or(0));
    let n_read = from.take(len).read_to_end(&mut bytes)?;
    if (n_read as u64) < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let frame = Frame { header: json!({"kind": "json"}), body: b"[1]".to_vec() };
        let mut bytes = Vec::new();
        send(&mut bytes, &frame).unwrap();
        assert_eq!(receive(&mut bytes.as_slice()).unwrap(), frame);
        bytes.pop();
        let error = receive(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_it_is_read() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&2_u32.to_le_bytes());
        bytes.extend_from_slice(&u64::MAX.to_le_bytes());
        bytes.extend_from_slice(b"{}");
        let error = receive(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an answer of 18446744073709551615 bytes, where 2147483648 are the most"
        );
    }
}
