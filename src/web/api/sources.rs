//! `calendars` and `connections`: what is read, with which grant, and how that goes. No secret leaves the book here.

use axum::http::Method;
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Schema};
use uuid::Uuid;

use super::{
    lists::{utc, words},
    operation::{Answer, Call, Operation},
    people::{OfPeople, ids},
    problem::{Kind, Problem},
};
use crate::{
    app::health::Health,
    model::{
        connection::{self, ConnectionStatus, Provider},
        principal::Scope,
        staff::{Privacy, Source, Whose},
    },
    store::records::Listed,
};

fn privacy_words() -> Schema {
    words(Privacy::ALL.iter().map(|one| one.as_str()))
}

fn whose_words() -> Schema {
    words(Whose::ALL.iter().map(|one| one.as_str()))
}

fn state_words() -> Schema {
    words(["read", "failing", "paused", "removed", "waiting"])
}

fn provider_words() -> Schema {
    words(Provider::ALL.iter().map(|one| one.as_str()))
}

fn connection_words() -> Schema {
    words(ConnectionStatus::ALL.iter().map(|one| one.as_str()))
}

/// A calendar that is read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    id: Uuid,
    staff: String,
    name: String,
    connection: Option<Uuid>,
    #[schema(schema_with = privacy_words)]
    privacy: &'static str,
    #[schema(schema_with = whose_words)]
    whose: &'static str,
    /// How reading it goes; `waiting` if it was never read.
    #[schema(schema_with = state_words)]
    state: &'static str,
    #[schema(format = "date-time")]
    last_read: Option<String>,
    #[schema(format = "date-time")]
    next_read: Option<String>,
    #[schema(format = "date-time")]
    failing_since: Option<String>,
    /// Failures in a row.
    #[schema(minimum = 0)]
    failures: i64,
    /// Why, in words for a person.
    failure: Option<String>,
}

/// A page of calendars.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarPage {
    items: Vec<Calendar>,
    next_cursor: Option<String>,
}

/// A grant to read a provider for one person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Connection {
    id: Uuid,
    staff: String,
    #[schema(schema_with = provider_words)]
    provider: &'static str,
    /// The address of the account; of a feed its host and the end of its address.
    account: String,
    #[schema(schema_with = connection_words)]
    status: &'static str,
    #[schema(format = "date-time")]
    connected_at: String,
    #[schema(format = "date-time")]
    refreshed_at: Option<String>,
    /// When the grant ends by itself.
    #[schema(format = "date-time")]
    grant_until: Option<String>,
    /// The provider asked for a pause until then.
    #[schema(format = "date-time")]
    pause_until: Option<String>,
}

/// A page of grants.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionPage {
    items: Vec<Connection>,
    next_cursor: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    let scope = Scope::SourcesRead;
    vec![
        Operation::new(Method::GET, "/calendars", "list_calendars", scope, calendars)
            .says("Calendars, and how reading them goes")
            .query::<OfPeople>()
            .gives::<CalendarPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::GET, "/calendars/{id}", "read_calendar", scope, calendar).says("One calendar").gives::<Calendar>(200),
        Operation::new(Method::GET, "/connections", "list_connections", scope, connections)
            .says("Grants to read providers, and whether they work")
            .query::<OfPeople>()
            .gives::<ConnectionPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::GET, "/connections/{id}", "read_connection", scope, connection).says("One grant").gives::<Connection>(200),
    ]
}

async fn calendars(call: Call) -> Result<Answer, Problem> {
    let (ids, next_cursor) = ids(&call, &mut call.app.store.read().await?, Listed::Calendars).await?;
    let health = call.app.health().await?;
    let find = |id: &Uuid| health.sources.iter().find(|one| one.calendar.id.0 == *id);
    Answer::of(&CalendarPage { items: ids.iter().filter_map(find).map(|one| Calendar::new(&health, one)).collect(), next_cursor })
}

async fn calendar(call: Call) -> Result<Answer, Problem> {
    let id = call.id()?;
    if !call.app.store.read().await?.is_listed(&call.who, Listed::Calendars, id).await? {
        return Err(Problem::not_found());
    }
    let health = call.app.health().await?;
    let source = health.sources.iter().find(|one| one.calendar.id.0 == id).ok_or_else(Problem::not_found)?;
    Answer::of(&Calendar::new(&health, source))
}

async fn connections(call: Call) -> Result<Answer, Problem> {
    let (ids, next_cursor) = ids(&call, &mut call.app.store.read().await?, Listed::Connections).await?;
    let health = call.app.health().await?;
    let find = |id: &Uuid| health.connections.iter().find(|one| one.id.0 == *id);
    Answer::of(&ConnectionPage { items: ids.iter().filter_map(find).map(|one| Connection::new(&health, one)).collect(), next_cursor })
}

async fn connection(call: Call) -> Result<Answer, Problem> {
    let id = call.id()?;
    if !call.app.store.read().await?.is_listed(&call.who, Listed::Connections, id).await? {
        return Err(Problem::not_found());
    }
    let health = call.app.health().await?;
    let one = health.connections.iter().find(|one| one.id.0 == id).ok_or_else(Problem::not_found)?;
    Answer::of(&Connection::new(&health, one))
}

impl Calendar {
    fn new(health: &Health, source: &Source) -> Self {
        let (calendar, poll) = (&source.calendar, health.poll(source));
        let failing_since = poll.and_then(|poll| poll.failing_since);
        Self {
            id: calendar.id.0,
            staff: health.email(calendar.staff),
            name: calendar.name.clone(),
            connection: calendar.connection.map(|id| id.0),
            privacy: calendar.privacy.as_str(),
            whose: calendar.whose.as_str(),
            state: match () {
                () if source.removed_at.is_some() => "removed",
                () if source.paused => "paused",
                () if failing_since.is_some() => "failing",
                () if source.last_success.is_none() => "waiting",
                () => "read",
            },
            last_read: source.last_success.map(utc),
            next_read: poll.map(|poll| utc(poll.due_at)),
            failing_since: failing_since.map(utc),
            failures: poll.map_or(0, |poll| poll.failures),
            failure: poll.and_then(|poll| poll.failure.clone()),
        }
    }
}

impl Connection {
    fn new(health: &Health, one: &connection::Connection) -> Self {
        Self {
            id: one.id.0,
            staff: health.email(one.staff),
            provider: one.provider.as_str(),
            account: one.email.clone(),
            status: one.status.as_str(),
            connected_at: utc(one.connected_at),
            refreshed_at: one.refreshed_at.map(utc),
            grant_until: one.grant_until.map(utc),
            pause_until: one.pause_until.map(utc),
        }
    }
}
