//! Secrets at rest: XChaCha20-Poly1305 under a key that stands outside the book.
//!
//! A sealed secret names its key and is bound to the row and column it stands in, so that none can be read without the key, or be moved
//! to another row. The key file has a line per key, newest first: the first seals, all open.

use std::time::SystemTime;

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{config::KeySource, model::ids::hex};

/// The layout of a sealed secret: this byte, the key's id, the nonce, the ciphertext with its tag.
const LAYOUT: u8 = 1;
const ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// What is wrong with keys or with what they should open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(
        "there is no key to seal tokens with: run `kalends keys generate`, or hand one over as KALENDS_KEY, KALENDS_KEY_FILE or the credential kalends.key"
    )]
    None,
    #[error("line {0} of the key file is no key; each line holds 32 bytes in base64, as `kalends keys generate` writes them")]
    Malformed(usize),
    #[error("{0}")]
    Unreadable(String),
    #[error("a secret in the book was sealed with key {0}, which is not among those at hand; put it back into the key file")]
    Unknown(String),
    #[error("a secret in the book cannot be opened: it was altered, or moved from another row; connect the account again")]
    Altered,
}

/// Where a secret stands. Bound into the seal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) row: Uuid,
    pub(crate) column: &'static str,
}

impl Place {
    /// A column of a connection.
    pub(crate) fn connection(row: Uuid, column: &'static str) -> Self {
        Self { table: "connection", row, column }
    }

    fn bound_to(self, key: &str) -> String {
        format!("{}|{}|{}|{key}", self.table, self.row, self.column)
    }
}

/// Keys, newest first.
pub(crate) struct Keyring {
    keys: Vec<(String, XChaCha20Poly1305)>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

impl KeySource {
    /// Reads the keys.
    ///
    /// # Errors
    /// [`KeyError::None`] if there are none, and what is wrong with those there are.
    pub(crate) fn read(&self) -> Result<Keyring, KeyError> {
        match self {
            Self::Given(text) => Keyring::parse(text),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Keyring::parse(&text.into()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(KeyError::None),
                Err(error) => Err(KeyError::Unreadable(format!("the key file {} cannot be read: {error}", path.display()))),
            },
        }
    }

    /// When what [`KeySource::read`] gives last changed.
    pub(crate) fn changed_at(&self) -> Option<SystemTime> {
        match self {
            Self::Given(_) => None,
            Self::File(path) => std::fs::metadata(path).and_then(|about| about.modified()).ok(),
        }
    }
}

/// A new key, as a line of the key file.
pub(crate) fn generate() -> String {
    STANDARD.encode(rand::random::<[u8; KEY_BYTES]>())
}

impl Keyring {
    fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let lines = text.expose_secret().lines().map(str::trim).enumerate();
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(place, line)| {
            let bytes = STANDARD.decode(line).ok().filter(|bytes| bytes.len() == KEY_BYTES).ok_or(KeyError::Malformed(place + 1))?;
            let key = Key::try_from(bytes.as_slice()).map_err(|_| KeyError::Malformed(place + 1))?;
            Ok((id(&bytes), XChaCha20Poly1305::new(&key)))
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeyError::None) } else { Ok(Self { keys }) }
    }

    /// The key that seals.
    pub(crate) fn newest(&self) -> &str {
        self.keys.first().map_or("", |(id, _)| id)
    }

    /// Seals a secret for one place.
    ///
    /// # Errors
    /// Never with a key of the right length; the cipher's own error stands in the way of a panic.
    pub(crate) fn seal(&self, place: Place, secret: &SecretString) -> Result<Vec<u8>, KeyError> {
        let (id, cipher) = self.keys.first().ok_or(KeyError::None)?;
        let nonce = rand::random::<[u8; NONCE_BYTES]>();
        let bound = place.bound_to(id);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: bound.as_bytes() };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| KeyError::Altered)?;
        Ok([&[LAYOUT], unhex(id).as_slice(), &nonce, &sealed].concat())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// If its key is not here, or it was sealed for another place, or altered.
    pub(crate) fn open(&self, place: Place, sealed: &[u8]) -> Result<SecretString, KeyError> {
        let name = key_of(sealed).ok_or(KeyError::Altered)?;
        let (id, cipher) = self.keys.iter().find(|(id, _)| *id == name).ok_or(KeyError::Unknown(name))?;
        let (nonce, text) = sealed.get(1 + ID_BYTES..).and_then(|rest| rest.split_at_checked(NONCE_BYTES)).ok_or(KeyError::Altered)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| KeyError::Altered)?;
        let bound = place.bound_to(id);
        let opened = cipher.decrypt(&nonce, Payload { msg: text, aad: bound.as_bytes() }).map_err(|_| KeyError::Altered)?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| KeyError::Altered)
    }
}

/// The id of the key that a secret is sealed with.
pub(crate) fn key_of(sealed: &[u8]) -> Option<String> {
    sealed.first().filter(|layout| **layout == LAYOUT)?;
    Some(hex(sealed.get(1..=ID_BYTES)?))
}

/// A digest tells keys apart and tells nothing of them.
fn id(key: &[u8]) -> String {
    hex(&Sha256::digest(key)[..ID_BYTES])
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

/// A digest to find a one-time secret by, so that the book does not hold the secret itself.
pub(crate) fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[&str]) -> Keyring {
        Keyring::parse(&keys.join("\n").into()).expect("keys")
    }

    fn place(column: &'static str) -> Place {
        Place::connection(Uuid::from_u128(7), column)
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_only_unaltered() {
        let key = generate();
        let ring = ring(&[&key]);
        let sealed = ring.seal(place("refresh_token"), &"1//0secret".into()).expect("sealed");
        assert_eq!(ring.open(place("refresh_token"), &sealed).expect("opened").expose_secret(), "1//0secret");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert!(ring.open(place("access_token"), &sealed).is_err());
        let elsewhere = Place::connection(Uuid::from_u128(8), "refresh_token");
        assert!(ring.open(elsewhere, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(ring.open(place("refresh_token"), &altered).is_err(), "byte {at}");
            assert!(ring.open(place("refresh_token"), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_newest_key_seals_and_older_ones_still_open() {
        let (old, new) = (generate(), generate());
        let sealed = ring(&[&old]).seal(place("refresh_token"), &"before".into()).expect("sealed");
        let both = ring(&[&new, &old]);
        assert_eq!(both.open(place("refresh_token"), &sealed).expect("opened").expose_secret(), "before");
        let again = both.seal(place("refresh_token"), &"after".into()).expect("sealed");
        assert_ne!(key_of(&again), key_of(&sealed));
        assert!(matches!(ring(&[&new]).open(place("refresh_token"), &sealed), Err(KeyError::Unknown(_))));
    }

    #[test]
    fn a_key_file_is_checked_line_by_line() {
        assert!(matches!(Keyring::parse(&"# nothing\n".into()), Err(KeyError::None)));
        assert!(matches!(Keyring::parse(&format!("{}\nshort", generate()).into()), Err(KeyError::Malformed(2))));
    }
}
