//! Fresh access tokens: one refresh at a time for a grant, across tasks and daemons, and new tokens are in the book before anyone uses them.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use chrono::TimeDelta;
use oauth2::{RefreshToken, TokenResponse};
use secrecy::{ExposeSecret, SecretString};
use tracing::{info, warn};

use super::{
    keys::{KeyError, Keyring, Place},
    questions,
    wire::{GrantError, OAuth, Tokens, judged},
};
use crate::{
    calendar::api::Api,
    clock::Clock,
    config::{KeySource, providers::Apps},
    model::{
        connection::{Connection, ConnectionStatus, Provider, Sealed},
        ids::{ConnectionId, DaemonId},
    },
    store::{self, Store},
};

/// A token is renewed this long before it ends; one that lives only minutes, when a quarter of its life is left.
const MARGIN: TimeDelta = TimeDelta::seconds(120);
/// How long whoever refreshes may take before another tries: longer than a request can.
const CLAIM: TimeDelta = TimeDelta::seconds(90);
/// How often, and how many times, those who wait for him look.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 2_000;
/// What a token lives where the provider does not say.
const LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// Why there is no access.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAccess {
    /// A person has to connect again; she has been asked to.
    #[error("the grant has ended")]
    Ended,
    /// It may pass.
    #[error("{0}")]
    Later(String),
    /// The provider does not know the program any more, such as after its secret expired: an administrator has to act.
    #[error("{0}")]
    App(String),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The keys as they were read last, and when their file had changed by then.
type Known = Option<(Option<SystemTime>, Arc<Keyring>)>;

/// Keeps the secrets of grants, and their tokens fresh.
#[derive(Clone)]
pub(crate) struct Vault {
    store: Store,
    source: KeySource,
    ring: Arc<Mutex<Known>>,
    apps: Arc<Apps>,
    api: Api,
    clock: Clock,
    /// Whose claims these are.
    pub(crate) daemon: DaemonId,
}

/// An access token, and which of the grant's it is.
pub(crate) struct Access {
    pub(crate) token: SecretString,
    pub(crate) version: i64,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("daemon", &self.daemon).finish_non_exhaustive()
    }
}

impl Vault {
    pub(crate) fn new(store: &Store, source: &KeySource, apps: &Apps, api: &Api, clock: &Clock, daemon: DaemonId) -> Self {
        let (store, source, api, clock) = (store.clone(), source.clone(), api.clone(), clock.clone());
        Self { store, source, ring: Arc::default(), apps: Arc::new(apps.clone()), api, clock, daemon }
    }

    /// The keys, read again if their file changed.
    ///
    /// # Errors
    /// If there are none, or they cannot be read.
    pub(crate) fn keys(&self) -> Result<Arc<Keyring>, KeyError> {
        let changed = self.source.changed_at();
        let mut ring = self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, known)) = ring.as_ref().filter(|(at, _)| *at == changed) {
            return Ok(known.clone());
        }
        let read = Arc::new(self.source.read()?);
        *ring = Some((changed, read.clone()));
        Ok(read)
    }

    /// The address of a feed.
    pub(crate) async fn address(&self, id: ConnectionId) -> Result<SecretString, NoAccess> {
        let (connection, sealed) = self.store.read().await?.connection(id).await?;
        let address = sealed.address.filter(|_| connection.status == ConnectionStatus::Active).ok_or(NoAccess::Ended)?;
        Ok(self.keys()?.open(Place::connection(id.0, "address"), &address)?)
    }

    /// An access token that the provider should take; another one than that of the version `refused`, which it did not.
    pub(crate) async fn access(&self, id: ConnectionId, refused: Option<i64>) -> Result<Access, NoAccess> {
        let vault = self.clone();
        // A task of its own: a caller that gives up must not lose tokens between the provider's answer and the book.
        let work = tokio::spawn(async move { vault.until_fresh(id, refused).await });
        work.await.unwrap_or_else(|_| Err(NoAccess::Later("renewing the token ended unexpectedly".to_owned())))
    }

    #[expect(clippy::disallowed_methods, reason = "waits for whoever refreshes the same grant, in this program or another")]
    async fn until_fresh(&self, id: ConnectionId, refused: Option<i64>) -> Result<Access, NoAccess> {
        let mut first = None;
        for _ in 0..LOOKS_MAX {
            let (connection, sealed) = self.store.read().await?.connection(id).await?;
            if connection.status != ConnectionStatus::Active {
                return Err(NoAccess::Ended);
            }
            // What was renewed since this began is as fresh as it gets, however short its life.
            let is_new = connection.version > *first.get_or_insert(connection.version);
            let is_fresh = is_new || connection.access_until.is_some_and(|until| until > self.clock.now());
            if let Some(token) = sealed.access_token.as_ref().filter(|_| is_fresh && refused != Some(connection.version)) {
                let token = self.keys()?.open(Place::connection(id.0, "access_token"), token)?;
                return Ok(Access { token, version: connection.version });
            }
            if self.claim(&connection).await? {
                self.refresh(&connection, &sealed).await?;
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
        Err(NoAccess::Later("another daemon has been renewing the token for too long".to_owned()))
    }

    async fn claim(&self, connection: &Connection) -> Result<bool, NoAccess> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        // A claim of its own for each try: tasks of one daemon wait for each other too.
        let claimed = tx.claim_refresh(connection.id, connection.version, self.daemon, now, now + CLAIM).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Trades the refresh token in. What comes of it is in the book when this returns.
    async fn refresh(&self, connection: &Connection, sealed: &Sealed) -> Result<(), NoAccess> {
        let answer = self.ask(connection, sealed).await;
        match answer {
            Ok((tokens, keys)) => self.keep(connection, sealed, &tokens, &keys).await,
            Err(Failed::Grant(GrantError::Ended(why))) => self.ended(connection, &why).await,
            Err(failed) => {
                let mut tx = self.store.write().await?;
                tx.release_refresh(connection.id, self.daemon).await?;
                tx.commit().await?;
                match failed {
                    Failed::Key(error) => Err(error.into()),
                    Failed::Grant(error @ GrantError::App(_)) => Err(NoAccess::App(error.to_string())),
                    Failed::Grant(error) => Err(NoAccess::Later(error.to_string())),
                }
            }
        }
    }

    async fn ask(&self, connection: &Connection, sealed: &Sealed) -> Result<(Tokens, Arc<Keyring>), Failed> {
        let none = || Failed::Grant(GrantError::App(format!("providers.{} has no client_id in kalends.yaml", connection.provider)));
        let app = self.apps.of(connection.provider).ok_or_else(none)?;
        let keys = self.keys()?;
        let place = Place::connection(connection.id.0, "refresh_token");
        let token = keys.open(place, sealed.refresh_token.as_deref().unwrap_or_default())?;
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let oauth = OAuth::new(&app.client, &self.api)?;
        let request = oauth.client().exchange_refresh_token(&token);
        let tokens = request.request_async(&oauth.http).await.map_err(judged)?;
        Ok((tokens, keys))
    }

    async fn keep(&self, connection: &Connection, before: &Sealed, tokens: &Tokens, keys: &Keyring) -> Result<(), NoAccess> {
        let now = self.clock.now();
        let sealed = seal(connection.id, tokens, keys)?;
        // Google hands out no new refresh token; Microsoft always does, and then the old one must not be used again.
        let refresh_token = sealed.refresh_token.or_else(|| before.refresh_token.clone());
        let sealed = Sealed { refresh_token, ..sealed };
        let mut tx = self.store.write().await?;
        tx.save_tokens(connection.id, connection.version, &sealed, Some(now + usable(tokens)), now).await?;
        tx.commit().await?;
        info!(connection.id = %connection.id, "Renewed the token of a connection.");
        Ok(())
    }

    /// The provider takes the grant no more. If other tokens came in meanwhile it spoke of the old ones.
    async fn ended(&self, connection: &Connection, why: &str) -> Result<(), NoAccess> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        if !tx.end_connection(connection.id, connection.version, ConnectionStatus::NeedsReconnect).await? {
            return Ok(());
        }
        let staff = tx.staff_member(connection.staff).await?;
        questions::needs_reconnect(&mut tx, connection, &staff, why, now).await?;
        tx.commit().await?;
        warn!(connection.id = %connection.id, "A connection has ended at its provider; a person has to connect again.");
        Err(NoAccess::Ended)
    }
}

enum Failed {
    Grant(GrantError),
    Key(KeyError),
}

impl From<GrantError> for Failed {
    fn from(error: GrantError) -> Self {
        Self::Grant(error)
    }
}

impl From<KeyError> for Failed {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

/// Tokens as they are kept.
pub(super) fn seal(id: ConnectionId, tokens: &Tokens, keys: &Keyring) -> Result<Sealed, KeyError> {
    let access: SecretString = tokens.access_token().secret().clone().into();
    let refresh = tokens.refresh_token().map(|token| SecretString::from(token.secret().clone()));
    Ok(Sealed {
        access_token: Some(keys.seal(Place::connection(id.0, "access_token"), &access)?),
        refresh_token: refresh.map(|token| keys.seal(Place::connection(id.0, "refresh_token"), &token)).transpose()?,
        address: None,
    })
}

/// How long an access token is used before it is renewed.
pub(super) fn usable(tokens: &Tokens) -> TimeDelta {
    let lifetime = tokens.expires_in().and_then(|lifetime| TimeDelta::from_std(lifetime).ok());
    let lifetime = lifetime.map_or(LIFETIME, |lifetime| lifetime.min(TimeDelta::days(1)));
    lifetime - MARGIN.min(lifetime / 4)
}

/// What a connection of this provider is called when it is asked about.
pub(super) fn command(provider: Provider, email: &str) -> String {
    match provider {
        Provider::Feed => format!("kalends calendar add ics --staff {email} --url-file FILE"),
        _ => format!("kalends connect {provider} --staff {email}"),
    }
}
