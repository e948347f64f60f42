//! What there is to know of everyone's calendars without asking a provider: for lists, for `doctor`, for digests.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::App;
use crate::{
    model::{
        connection::{Connection, ConnectionStatus, Poll, Provider},
        exception::{Exception, ExceptionStatus, Reason, SubjectKind},
        ids::StaffId,
        staff::{Source, Staff},
    },
    store::Error,
};

/// People, the grants they gave, their calendars, and how reading those goes.
pub(crate) struct Health {
    pub(crate) people: Vec<Staff>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) sources: Vec<Source>,
    pub(crate) polls: Vec<Poll>,
    /// Open questions about calendars and their events.
    pub(crate) questions: Vec<Exception>,
}

impl App {
    /// All of it, as of one moment.
    pub(crate) async fn health(&self) -> Result<Health, Error> {
        let mut tx = self.store.read().await?;
        let (people, connections) = (tx.staff().await?, tx.connections().await?);
        let (sources, polls) = (tx.calendars().await?, tx.polls().await?);
        let mut questions = tx.exceptions(ExceptionStatus::Open).await?;
        questions.retain(|question| question.reasons.iter().any(|reason| reason.evidence.get("calendar").is_some()));
        Ok(Health { people, connections, sources, polls, questions })
    }
}

/// What it means that an account's address is none of its person's.
pub(crate) const STRANGE: &str = "that is not one of her addresses, so only what names another of them counts";

impl Health {
    /// Accounts that are read for someone under an address that is not known as hers.
    pub(crate) fn strange(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&Connection, &Staff)> {
        let accounts = self.connections.iter().filter(|one| one.status == ConnectionStatus::Active && one.provider != Provider::Feed);
        accounts.filter_map(move |one| {
            let person = self.people.iter().find(|person| person.id == one.staff)?;
            (!person.has_left(now) && !person.has_address(&one.email)).then_some((one, person))
        })
    }

    /// The address that names a person.
    pub(crate) fn email(&self, staff: StaffId) -> String {
        self.people.iter().find(|person| person.id == staff).map_or("", Staff::email).to_owned()
    }

    /// Whether neither a calendar nor the connection it is read with was removed.
    pub(crate) fn stands(&self, source: &Source) -> bool {
        let is_ended = |one: &Connection| Some(one.id) == source.calendar.connection && one.status == ConnectionStatus::Removed;
        source.removed_at.is_none() && !self.connections.iter().any(is_ended)
    }

    /// Whether a calendar is to be read: it stands, nobody paused it, and its person works here.
    pub(crate) fn is_read(&self, source: &Source, now: DateTime<Utc>) -> bool {
        let works = self.people.iter().any(|person| person.id == source.calendar.staff && !person.has_left(now));
        works && self.stands(source) && !source.paused
    }

    /// What asks about the events of a calendar that cannot be read, oldest date first.
    pub(crate) fn unread(&self, source: &Source) -> Vec<&Reason> {
        let calendar = json!(source.calendar.id);
        let events = self.questions.iter().filter(|question| question.subject.kind == SubjectKind::Event);
        events.flat_map(|question| &question.reasons).filter(|reason| reason.evidence["calendar"] == calendar).collect()
    }

    /// How reading a calendar goes.
    pub(crate) fn poll(&self, source: &Source) -> Option<&Poll> {
        self.polls.iter().find(|poll| poll.calendar == source.calendar.id)
    }
}
