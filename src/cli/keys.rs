//! `keys`: what tokens are sealed with.

use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::Context;

use super::{Outcome, answer};
use crate::{
    app::App,
    config::{Config, KeySource},
    grants::keys::{Keyring, Place, generate, key_of},
    model::{connection::Sealed, ids::ConnectionId, words::counted},
    store::Error,
};

/// Times the whole book is gone through; daemons that renew tokens meanwhile learn of the new key from its file.
const ROUNDS_MAX: usize = 20;

/// Makes the key file.
pub(crate) fn make(config: &Config) -> anyhow::Result<Outcome> {
    let path = file(config)?;
    anyhow::ensure!(!path.exists(), "{} is there already; a new key is added by: kalends keys rotate", path.display());
    write(path, &format!("{}\n", generate()))?;
    answer(&format!("made {}; keep a copy apart from the book's: without it every account has to be connected again", path.display()));
    Ok(Outcome::Done)
}

fn file(config: &Config) -> anyhow::Result<&Path> {
    match &config.keys {
        KeySource::File(path) => Ok(path),
        KeySource::Given(_) => {
            anyhow::bail!("the key was handed over from outside, so it is changed there: put a new line first and keep the old")
        }
    }
}

/// Only its owner may read it; and it is there whole or not at all.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let cannot = || format!("cannot write {}", path.display());
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).with_context(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)?;
    std::fs::rename(&fresh, path).with_context(cannot)
}

/// Puts a new key before the others and seals everything anew, while daemons go on.
pub(crate) async fn rotate(app: &App) -> anyhow::Result<Outcome> {
    if let KeySource::File(path) = &app.config.keys {
        let old = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        write(path, &format!("{}\n{old}", generate()))?;
    }
    let mut sealed = 0;
    for _ in 0..ROUNDS_MAX {
        let ring = app.vault.keys()?;
        let (done, left) = round(app, &ring).await?;
        sealed += done;
        if left == 0 && done == 0 {
            answer(&format!(
                "{} sealed with key {}; once no copy of the book from before is needed, the old lines of the key file may go",
                counted(sealed, "secret is", "secrets are"),
                ring.newest()
            ));
            return Ok(Outcome::Done);
        }
    }
    anyhow::bail!("secrets are still written with the old key: does every daemon see the new one? then run it again")
}

/// Goes through the book once: how many secrets were sealed anew, and how many changed hands meanwhile.
async fn round(app: &App, ring: &Keyring) -> anyhow::Result<(usize, usize)> {
    let all = app.store.read().await?.connections().await?;
    let (mut done, mut left) = (0, 0);
    for connection in all {
        let mut tx = app.store.write().await?;
        let (now, sealed) = tx.connection(connection.id).await?;
        let (fresh, count) = anew(now.id, &sealed, ring)?;
        if count == 0 {
            continue;
        }
        match tx.reseal_connection(now.id, now.version, &fresh).await {
            Ok(()) => {
                tx.commit().await?;
                done += count;
            }
            Err(Error::Outdated(_)) => left += count,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((done, left))
}

fn anew(id: ConnectionId, sealed: &Sealed, ring: &Keyring) -> anyhow::Result<(Sealed, usize)> {
    let mut count = 0;
    let mut one = |column: &'static str, secret: &Option<Vec<u8>>| -> anyhow::Result<Option<Vec<u8>>> {
        let place = Place::connection(id.0, column);
        match secret {
            Some(old) if key_of(old).as_deref() != Some(ring.newest()) => {
                count += 1;
                Ok(Some(ring.seal(place, &ring.open(place, old)?)?))
            }
            as_it_is => Ok(as_it_is.clone()),
        }
    };
    let fresh = Sealed {
        access_token: one("access_token", &sealed.access_token)?,
        refresh_token: one("refresh_token", &sealed.refresh_token)?,
        address: one("address", &sealed.address)?,
    };
    Ok((fresh, count))
}
