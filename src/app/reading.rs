//! One reading of one calendar, from a claim to its end: the access it needs, the pass, and when it is due again.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use super::{
    App,
    pace::{self, Went},
};
use crate::{
    calendar::{api::Trouble, feed, google::Google, outlook::Outlook},
    capture::{
        origin::{Origin, Refusal},
        pass::{Captured, Claim, LEASE, capture, refused},
    },
    config::providers,
    grants::refresh::{Access, NoAccess},
    model::{
        connection::{Connection, Provider},
        staff::{Source, Staff},
    },
    store::Error,
};

/// What opens a calendar.
enum Opened<'a> {
    File,
    Feed(SecretString),
    Provider(&'a providers::App, Access),
}

impl App {
    /// Claims a calendar and reads it; none if someone else is reading it at the moment.
    pub(crate) async fn read_now(
        &self,
        source: &Source,
        staff: &Staff,
        connection: Option<&Connection>,
    ) -> Result<Option<Captured>, Error> {
        let now = self.config.clock.now();
        let mut tx = self.store.write().await?;
        let claimed = tx.claim_calendar(source.calendar.id, self.vault.daemon, now, now + LEASE).await?;
        tx.commit().await?;
        let Some((mut poll, fence)) = claimed else { return Ok(None) };
        // Whoever asks by hand wants today's window, not that of the night's.
        let window = crate::capture::pass::window(staff, now);
        poll.wants_full |= (poll.cursor.from, poll.cursor.until) != (Some(window.from), Some(window.until));
        self.read(source, staff, connection, &Claim { poll, fence }).await.map(Some)
    }

    /// Reads a claimed calendar, and gives the claim back with what there is to know of it.
    pub(crate) async fn read(
        &self,
        source: &Source,
        staff: &Staff,
        connection: Option<&Connection>,
        claim: &Claim,
    ) -> Result<Captured, Error> {
        let now = self.config.clock.now();
        let mut captured = self.attempt(source, staff, connection, claim, None, now).await?;
        // A token may be refused before its time; a new one is then tried once.
        if let (Ok(first), Some(_)) = (&captured, connection)
            && matches!(first.0.refused, Some(Refusal::Provider(Trouble::Unauthorized)))
        {
            captured = self.attempt(source, staff, connection, claim, first.1, now).await?;
        }
        let captured = match captured {
            Ok((captured, _)) => captured,
            Err(no_access) => {
                let refusal = match no_access {
                    NoAccess::Ended => Refusal::Ended,
                    NoAccess::App(why) => Refusal::Provider(Trouble::Forbidden(why)),
                    other => Refusal::Provider(Trouble::Unreachable(other.to_string())),
                };
                refused(&self.store, source, staff, refusal, claim, now).await?
            }
        };
        self.finish(claim, &captured, connection, now).await?;
        Ok(captured)
    }

    /// Opens the calendar and captures it; the version of the token says which one was used.
    async fn attempt(
        &self,
        source: &Source,
        staff: &Staff,
        connection: Option<&Connection>,
        claim: &Claim,
        refused: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Result<(Captured, Option<i64>), NoAccess>, Error> {
        let opened = match self.unlock(connection, refused).await {
            Ok(opened) => opened,
            Err(NoAccess::Store(error)) => return Err(error),
            Err(no_access) => return Ok(Err(no_access)),
        };
        let (origin, version) = match &opened {
            Opened::File => (Origin::File, None),
            Opened::Feed(address) => (Origin::Feed(&self.web, address), None),
            Opened::Provider(app, access) => {
                let (api, base, token) = (&self.api, &app.api_url, &access.token);
                let origin = match app.provider {
                    Provider::Outlook => Origin::Outlook(Outlook { api, base, token }),
                    _ => Origin::Google(Google { api, base, token }),
                };
                (origin, Some(access.version))
            }
        };
        let captured = capture(&self.store, source, staff, &origin, claim, now).await?;
        Ok(Ok((captured, version)))
    }

    async fn unlock(&self, connection: Option<&Connection>, refused: Option<i64>) -> Result<Opened<'_>, NoAccess> {
        let Some(connection) = connection else { return Ok(Opened::File) };
        if connection.provider == Provider::Feed {
            return Ok(Opened::Feed(self.vault.address(connection.id).await?));
        }
        let none = || NoAccess::App(format!("providers.{} has no client_id in the configuration", connection.provider));
        let app = self.config.apps.of(connection.provider).ok_or_else(none)?;
        Ok(Opened::Provider(app, self.vault.access(connection.id, refused).await?))
    }

    /// Gives a claim back unread, for later.
    pub(crate) async fn put_off(&self, claim: &Claim, wait: TimeDelta) -> Result<(), Error> {
        let poll = crate::model::connection::Poll { due_at: self.config.clock.now() + wait, ..claim.poll.clone() };
        let mut tx = self.store.write().await?;
        tx.finish_poll(&poll, claim.fence).await?;
        tx.commit().await
    }

    async fn finish(&self, claim: &Claim, captured: &Captured, connection: Option<&Connection>, now: DateTime<Utc>) -> Result<(), Error> {
        let told = captured.refused.as_ref().map(ToString::to_string);
        let went = match (&captured.refused, &told) {
            (None, _) if captured.saved + captured.removed > 0 => Went::Changed,
            (None, _) => Went::Same,
            (Some(Refusal::Provider(Trouble::RateLimited(wait))), _) => Went::Later(*wait),
            (Some(Refusal::Feed(feed::Refused::Later { after, .. })), _) => Went::Later(*after),
            (Some(_), told) => Went::Failed(told.as_deref().unwrap_or_default()),
        };
        let next = pace::next(&claim.poll, went, &self.config.polling, now, rand::random::<f64>());
        let next = crate::model::connection::Poll { cursor: captured.cursor.clone(), ..next };
        let mut tx = self.store.write().await?;
        // The account as a whole is left in peace, not only this calendar of it.
        if let (Went::Later(_), Some(connection)) = (went, connection) {
            tx.pause_connection(connection.id, next.due_at).await?;
        }
        tx.finish_poll(&next, claim.fence).await?;
        tx.commit().await
    }
}
