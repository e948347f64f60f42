//! Feeds: calendars that somebody publishes at a secret address. Having one read, and giving it another address. The address is asked
//! once before anything is kept, is sealed at rest, and stands nowhere else: what is shown of it is its host and its end.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{App, sources};
use crate::{
    calendar::feed,
    grants::keys::{KeyError, Place, digest},
    model::{
        audit::Act,
        connection::{Connection, ConnectionStatus, Provider, Sealed},
        ids::{self, CalendarId, ConnectionId, StaffId},
        staff::{Calendar, Privacy, Source, Staff, Whose},
    },
    store::{self, Tx},
};

/// A feed that someone wants read.
pub(crate) struct Wanted<'a> {
    pub(crate) staff: &'a Staff,
    pub(crate) address: &'a SecretString,
    /// What to call it; by what is shown of its address if none is given.
    pub(crate) name: Option<String>,
    /// Address of the person the calendar belongs to; hers if none is given.
    pub(crate) owner: Option<String>,
    pub(crate) whose: Whose,
    pub(crate) privacy: Privacy,
}

/// Why it is not read. No message holds more of the address than may be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdded {
    #[error("this feed is read already; it stands among the calendars")]
    Known,
    #[error(transparent)]
    Refused(#[from] feed::Refused),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl App {
    /// Has a feed read from now on.
    pub(crate) async fn add_feed(&self, who: &str, wanted: Wanted<'_>) -> Result<Calendar, NotAdded> {
        let Wanted { staff, address, name, owner, whose, privacy } = wanted;
        let (connection, sealed) = self.grant(staff.id, address).await?;
        let calendar = Calendar {
            id: CalendarId(ids::fresh()),
            staff: staff.id,
            name: name.unwrap_or_else(|| connection.email.clone()),
            location: connection.email.clone(),
            connection: Some(connection.id),
            owner: owner.unwrap_or_else(|| staff.email().to_owned()).to_lowercase(),
            whose,
            privacy,
            position: 0,
        };
        let now = connection.connected_at;
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff.id).await?;
        unknown(&mut tx, &connection).await?;
        tx.save_connection(&connection, &sealed).await?;
        let calendar = sources::begin(&mut tx, calendar, now).await?.ok_or(NotAdded::Known)?;
        let told = json!({ "privacy": privacy, "whose": whose });
        tx.audit(&[Act::new(who, "add", now, "calendar", &calendar.id).of(staff.id).to(told)]).await?;
        tx.commit().await?;
        Ok(calendar)
    }

    /// Reads a feed at another address from now on. It stays the same calendar, and the former address is forgotten.
    pub(crate) async fn readdress(&self, who: &str, before: &Source, address: &SecretString) -> Result<(), NotAdded> {
        let staff = before.calendar.staff;
        let (connection, sealed) = self.grant(staff, address).await?;
        let now = connection.connected_at;
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff).await?;
        unknown(&mut tx, &connection).await?;
        tx.save_connection(&connection, &sealed).await?;
        let calendar = Calendar { connection: Some(connection.id), location: connection.email.clone(), ..before.calendar.clone() };
        let id = calendar.id;
        // What the former address said last is no answer of this one.
        tx.update_calendar(&Source { calendar, digest: None, ..before.clone() }).await?;
        tx.begin_polls_anew(id, now).await?;
        forget_address(&mut tx, before).await?;
        tx.audit(&[Act::new(who, "replace-address", now, "calendar", &id).of(staff)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The grant to read a feed, once its address has answered with a calendar.
    async fn grant(&self, staff: StaffId, typed: &SecretString) -> Result<(Connection, Sealed), NotAdded> {
        let now = self.config.clock.now();
        let url = feed::parse_address(typed.expose_secret()).map_err(feed::Refused::Forbidden)?;
        let address = SecretString::from(url.to_string());
        // Without a key nothing could be kept, so nobody is asked.
        let keys = self.vault.keys()?;
        feed::try_out(&self.web, &address, now).await?;
        let account = digest(address.expose_secret());
        let id = ConnectionId(ids::derived(staff.0, &account));
        let sealed = Sealed { address: Some(keys.seal(Place::connection(id.0, "address"), &address)?), ..Sealed::default() };
        let connection = Connection {
            id,
            staff,
            provider: Provider::Feed,
            account,
            email: feed::shown(&address),
            scopes: String::new(),
            status: ConnectionStatus::Active,
            version: 1,
            access_until: None,
            grant_until: None,
            connected_at: now,
            refreshed_at: None,
            pause_until: None,
        };
        Ok((connection, sealed))
    }
}

/// Someone else may read the same feed: a calendar of a whole team has one address.
async fn unknown(tx: &mut Tx, connection: &Connection) -> Result<(), NotAdded> {
    let is_read = |one: &Connection| one.id == connection.id && one.status != ConnectionStatus::Removed;
    if tx.connections().await?.iter().any(is_read) { Err(NotAdded::Known) } else { Ok(()) }
}

/// Forgets the address of a feed that is read no more, or not there any more. Of any other calendar there is nothing to forget: the
/// account it is read with may have more of them.
pub(super) async fn forget_address(tx: &mut Tx, source: &Source) -> Result<(), store::Error> {
    let Some(id) = source.calendar.connection else { return Ok(()) };
    let (connection, _) = tx.connection(id).await?;
    if connection.provider == Provider::Feed {
        tx.end_connection(id, connection.version, ConnectionStatus::Removed).await?;
    }
    Ok(())
}
