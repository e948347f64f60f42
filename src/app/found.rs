//! What an id that someone typed stands for: an event, an entry that a person wrote, or a question about no single event.

use crate::{
    model::{
        entry::Entry,
        event::Event,
        exception::{Exception, SubjectKind},
        ids::{EventId, MeetingId},
    },
    store::{Error, Tx},
};

/// What an id stands for.
pub(super) enum Found {
    Event(Box<Event>),
    /// An entry that a person wrote.
    Written(Box<Entry>),
    /// One about a day or a source.
    Question(Box<Exception>),
}

/// What is behind an id of any kind.
pub(super) async fn find(tx: &mut Tx, id: &str) -> anyhow::Result<Found> {
    match tx.entry(id).await {
        Err(Error::NoneEnds(_)) => {}
        found => return behind(tx, found?).await,
    }
    match tx.exception(id).await {
        Err(Error::NoneEnds(_)) => {}
        found => return asked_about(tx, found?).await,
    }
    match tx.event_ending(id).await {
        Err(Error::NoneEnds(_)) => anyhow::bail!("the book has no entry, event or exception with this id"),
        found => Ok(Found::Event(Box::new(found?))),
    }
}

async fn behind(tx: &mut Tx, entry: Entry) -> anyhow::Result<Found> {
    match entry.body.event {
        Some(event) => Ok(Found::Event(Box::new(tx.event(event).await?))),
        None => Ok(Found::Written(Box::new(entry))),
    }
}

async fn asked_about(tx: &mut Tx, exception: Exception) -> anyhow::Result<Found> {
    if let Some(entry) = exception.entry {
        let entry = tx.entry(&entry.to_string()).await?;
        return behind(tx, entry).await;
    }
    let event = match exception.subject.kind {
        SubjectKind::Meeting => tx.events_of_meetings(&[MeetingId(exception.subject.id)]).await?.into_iter().next(),
        SubjectKind::Event => tx.events_by_ids(&[EventId(exception.subject.id)]).await?.into_iter().next(),
        SubjectKind::Day | SubjectKind::Calendar | SubjectKind::Connection => None,
    };
    Ok(event.map_or_else(|| Found::Question(Box::new(exception)), |event| Found::Event(Box::new(event))))
}
