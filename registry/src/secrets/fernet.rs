//! Fernet: AES-128 in CBC mode under an HMAC, as text. <https://github.com/fernet/spec/blob/master/Spec.md>
//!
//! The crate that has it is under a licence that this project does not take; it is these few lines around the AES and
//! the HMAC that others wrote.

use std::fmt;

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The first byte of a token.
const VERSION: u8 = 0x80;

/// Where the parts of a token end: version, time, initialisation vector; then text, and the signature of all.
const TIME_END: usize = 9;
const IV_END: usize = 25;
const SIGNATURE_LEN: usize = 32;

/// A key: half of it signs, half of it encrypts. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct FernetKey {
    signing: [u8; 16],
    encryption: [u8; 16],
}

/// What was given as a key is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Fernet key is 32 bytes in URL-safe base64, 44 characters")]
pub struct BadKey;

/// A token was not made with this key, or is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

impl FernetKey {
    /// Reads a key as `Fernet.generate_key()` writes it.
    ///
    /// # Errors
    /// [`BadKey`] when it is not 32 bytes in base64.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let bytes = URL_SAFE.decode(text.trim()).map_err(|_| BadKey)?;
        bytes.try_into().map(Self::from_bytes).map_err(|_| BadKey)
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut key = FernetKey { signing: [0; 16], encryption: [0; 16] };
        key.signing.copy_from_slice(&bytes[..16]);
        key.encryption.copy_from_slice(&bytes[16..]);
        key
    }

    /// The text of a key made of these bytes.
    pub(super) fn text(bytes: [u8; 32]) -> String {
        URL_SAFE.encode(bytes)
    }

    /// Makes a token. No two may have the same initialisation vector.
    pub(super) fn seal(&self, text: &str, now_ms: i64, iv: [u8; 16]) -> String {
        let mut token = vec![VERSION];
        token.extend((now_ms / 1_000).to_be_bytes());
        token.extend(iv);
        let cipher = cbc::Encryptor::<Aes128>::new(&self.encryption.into(), &iv.into());
        token.extend(cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes()));
        let signature = self.signature(&token).finalize().into_bytes();
        token.extend(signature);
        URL_SAFE.encode(token)
    }

    /// Reads a token, of whatever age.
    pub(super) fn open(&self, token: &str) -> Result<String, Unreadable> {
        let token = URL_SAFE.decode(token).map_err(|_| Unreadable)?;
        let signed_len = token.len().checked_sub(SIGNATURE_LEN).ok_or(Unreadable)?;
        let (signed, signature) = token.split_at(signed_len);
        self.signature(signed).verify_slice(signature).map_err(|_| Unreadable)?;
        if signed.first() != Some(&VERSION) || signed.len() < IV_END {
            return Err(Unreadable);
        }
        let iv: [u8; 16] = signed[TIME_END..IV_END].try_into().map_err(|_| Unreadable)?;
        let cipher = cbc::Decryptor::<Aes128>::new(&self.encryption.into(), &iv.into());
        let text = cipher.decrypt_padded_vec::<Pkcs7>(&signed[IV_END..]).map_err(|_| Unreadable)?;
        String::from_utf8(text).map_err(|_| Unreadable)
    }

    fn signature(&self, signed: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.signing).expect("a key of any length");
        hmac.update(signed);
        hmac
    }
}

impl fmt::Debug for FernetKey {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("FernetKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the specification: what is sealed at that time and with those bytes.
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
    const TIME_MS: i64 = 499_162_800_000;

    fn iv() -> [u8; 16] {
        std::array::from_fn(|n| u8::try_from(n).unwrap())
    }

    #[test]
    fn tokens_are_those_of_the_specification() {
        let key = FernetKey::parse(KEY).unwrap();
        assert_eq!(key.seal("hello", TIME_MS, iv()), TOKEN);
        assert_eq!(key.open(TOKEN), Ok("hello".to_owned()));
    }

    #[test]
    fn a_token_that_was_changed_or_is_of_another_key_is_unreadable() {
        let key = FernetKey::parse(KEY).unwrap();
        let other = FernetKey::parse(&FernetKey::text([7; 32])).unwrap();
        assert_eq!(other.open(TOKEN), Err(Unreadable));
        for (position, _) in TOKEN.char_indices() {
            let changed = format!("{}A{}", &TOKEN[..position], &TOKEN[position + 1..]);
            assert!(changed == TOKEN || key.open(&changed).is_err(), "{changed}");
            assert!(key.open(&TOKEN[..position]).is_err());
        }
        for nonsense in ["", "plain", &URL_SAFE.encode([0; 100])] {
            assert_eq!(key.open(nonsense), Err(Unreadable));
        }
    }

    #[test]
    fn texts_of_all_lengths_come_back() {
        let key = FernetKey::parse(KEY).unwrap();
        for text in ["", "x", &"é".repeat(8), &"x".repeat(600)] {
            assert_eq!(key.open(&key.seal(text, TIME_MS, iv())), Ok(text.to_owned()));
        }
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        assert_eq!(FernetKey::parse(&format!(" {KEY}\n")), FernetKey::parse(KEY));
        for text in ["", "secret", &URL_SAFE.encode([0; 31]), &URL_SAFE.encode([0; 33])] {
            assert_eq!(FernetKey::parse(text), Err(BadKey), "{text}");
        }
        assert_eq!(format!("{:?}", FernetKey::parse(KEY).unwrap()), "FernetKey(…)");
    }
}
