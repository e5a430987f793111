//! Protobuf, with a limit on how many fields a message has.
//!
//! An input of two bytes becomes a struct of hundreds, so the length of a message alone would not bound its memory.

use std::marker::PhantomData;

use bytes::Buf;
use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// Most fields of a message, not counting those of messages inside: two for each of 100,000 columns, and some.
const MAX_FIELDS: usize = 300_000;

/// Reads and writes messages.
#[derive(Debug)]
pub(crate) struct BoundedCodec<T, U>(PhantomData<(T, U)>);

/// Reads messages.
#[derive(Debug)]
pub(crate) struct BoundedDecoder<U>(PhantomData<U>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        BoundedCodec(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(PhantomData)
    }
}

impl<U: Message + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        check_fields(message.chunk(), message.remaining())?;
        U::decode(message).map(Some).map_err(|error| invalid(&error.to_string()))
    }
}

fn invalid(reason: &str) -> Status {
    Status::invalid_argument(format!("the message is not as the protocol says: {reason}"))
}

fn check_fields(mut message: &[u8], length: usize) -> Result<(), Status> {
    if message.len() != length {
        return Err(Status::internal("the message is not in one piece"));
    }
    let mut n_fields = 0;
    while message.has_remaining() {
        n_fields += 1;
        if n_fields > MAX_FIELDS {
            return Err(Status::invalid_argument(format!("the message has more than {MAX_FIELDS} fields")));
        }
        let skipped = decode_key(&mut message)
            .and_then(|(tag, wire_type)| skip_field(wire_type, tag, &mut message, DecodeContext::default()));
        skipped.map_err(|error| invalid(&error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn many_tiny_inputs_are_refused_before_they_are_read() {
        let inputs = [0x2a, 0x00].repeat(MAX_FIELDS + 1);
        let status = check_fields(&inputs, inputs.len()).unwrap_err();
        assert_eq!(status.message(), "the message has more than 300000 fields");
        assert!(check_fields(&inputs[2..], inputs.len() - 2).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_counted_or_refused(message in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = check_fields(&message, message.len());
        }
    }
}
