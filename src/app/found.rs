//! What an id that someone typed stands for: an entry, a question or an event; and the event behind it.

use crate::{
    model::{
        entry::Entry,
        event::Event,
        exception::{Exception, SubjectKind},
        ids::{EventId, MeetingId, StaffId},
    },
    store::{Error, Tx},
};

/// What an id stands for.
pub(super) enum Found {
    Entry(Box<Entry>),
    Question(Box<Exception>),
    Event(Box<Event>),
}

/// What has an id that ends so.
pub(super) async fn find(tx: &mut Tx, id: &str) -> anyhow::Result<Found> {
    match tx.entry(id).await {
        Err(Error::NoneEnds(_)) => {}
        found => return Ok(Found::Entry(Box::new(found?))),
    }
    match tx.exception(id).await {
        Err(Error::NoneEnds(_)) => {}
        found => return Ok(Found::Question(Box::new(found?))),
    }
    match tx.event_ending(id).await {
        Err(Error::NoneEnds(_)) => anyhow::bail!("the book has no entry, event or exception with this id"),
        found => Ok(Found::Event(Box::new(found?))),
    }
}

impl Found {
    /// Whose it is.
    pub(super) fn staff(&self) -> StaffId {
        match self {
            Self::Entry(entry) => entry.staff,
            Self::Question(exception) => exception.staff,
            Self::Event(event) => event.staff,
        }
    }

    /// The event it is of or about; none of what a person wrote, and of questions about days and sources.
    pub(super) async fn event(&self, tx: &mut Tx) -> Result<Option<Event>, Error> {
        match self {
            Self::Event(event) => Ok(Some((**event).clone())),
            Self::Entry(entry) => of_entry(tx, entry).await,
            Self::Question(exception) => asked_about(tx, exception).await,
        }
    }
}

async fn of_entry(tx: &mut Tx, entry: &Entry) -> Result<Option<Event>, Error> {
    match entry.body.event {
        Some(event) => Ok(Some(tx.event(event).await?)),
        None => Ok(None),
    }
}

async fn asked_about(tx: &mut Tx, exception: &Exception) -> Result<Option<Event>, Error> {
    if let Some(entry) = exception.entry {
        let entry = tx.entry_of(entry).await?;
        return of_entry(tx, &entry).await;
    }
    let id = exception.subject.id;
    let found = match exception.subject.kind {
        SubjectKind::Meeting => tx.events_of_meetings(&[MeetingId(id)]).await?,
        SubjectKind::Event => tx.events_by_ids(&[EventId(id)]).await?,
        SubjectKind::Day | SubjectKind::Calendar | SubjectKind::Connection => Vec::new(),
    };
    Ok(found.into_iter().next())
}
