//! What there is to know of everyone's calendars without asking a provider: for lists, for `doctor`, for digests.

use serde_json::json;

use super::App;
use crate::{
    model::{
        connection::{Connection, Poll},
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

impl Health {
    /// The address that names a person.
    pub(crate) fn email(&self, staff: StaffId) -> String {
        self.people.iter().find(|person| person.id == staff).map_or("", Staff::email).to_owned()
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
