//! Calendars: where each person's events are read, and what the last pass left.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    connection::Connection,
    ids::{CalendarId, ConnectionId, StaffId},
    staff::{Calendar, Held, Privacy, Source, Whose},
};

const SELECT: &str = "select id, staff, name, location, owner, whose, privacy, position, digest, last_success, held, connection, paused, \
    removed_at from calendar where ";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    staff: Uuid,
    name: String,
    location: String,
    owner: String,
    whose: Plain<Whose>,
    privacy: Plain<Privacy>,
    position: i64,
    digest: Option<String>,
    last_success: Option<At>,
    held: Option<Json<Held>>,
    connection: Option<Uuid>,
    paused: bool,
    removed_at: Option<At>,
}

impl Tx {
    /// Adds a calendar at the end of its person's order.
    pub(crate) async fn insert_calendar(&mut self, calendar: &Calendar) -> Result<(), Error> {
        const SQL: &str = "insert into calendar (id, staff, name, location, owner, whose, privacy, position, connection) \
            select $1, $2, $3, $4, $5, $6, $7, coalesce(max(position) + 1, 0), $8 from calendar where staff = $2";
        const POLL: &str = "insert into poll (calendar, due_at, pace_seconds, wants_full, failures, fence) values ($1, $2, 0, $3, 0, 0)";
        on!(self, |conn| sqlx::query(SQL)
            .bind(calendar.id.0)
            .bind(calendar.staff.0)
            .bind(&calendar.name)
            .bind(&calendar.location)
            .bind(&calendar.owner)
            .bind(Plain(calendar.whose))
            .bind(Plain(calendar.privacy))
            .bind(calendar.connection.map(|id| id.0))
            .execute(conn)
            .await
            .map(drop))?;
        on!(self, |conn| sqlx::query(POLL).bind(calendar.id.0).bind(At(DateTime::UNIX_EPOCH)).bind(true).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Changes what people may change of a calendar: its name, whose it is, whose events count, how much is kept, where and whether it is
    /// read.
    pub(crate) async fn update_calendar(&mut self, source: &Source) -> Result<(), Error> {
        const SQL: &str = "update calendar set name = $2, whose = $3, privacy = $4, paused = $5, removed_at = $6, digest = $7, \
            location = $8, connection = $9, owner = $10 where id = $1";
        on!(self, |conn| sqlx::query(SQL)
            .bind(source.calendar.id.0)
            .bind(&source.calendar.name)
            .bind(Plain(source.calendar.whose))
            .bind(Plain(source.calendar.privacy))
            .bind(source.paused)
            .bind(source.removed_at.map(At))
            .bind(&source.digest)
            .bind(&source.calendar.location)
            .bind(source.calendar.connection.map(|id| id.0))
            .bind(&source.calendar.owner)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// All calendars, by person, in each one's order.
    pub(crate) async fn calendars(&mut self) -> Result<Vec<Source>, Error> {
        let sql = format!("{SELECT} true order by staff, position");
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Source::from).collect())
    }

    /// One calendar with the grant it is read with.
    pub(crate) async fn source(&mut self, id: CalendarId) -> Result<(Source, Option<Connection>), Error> {
        let sql = format!("{SELECT} id = $1");
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn).await)?;
        let source = Source::from(row.ok_or(Error::Missing("calendar"))?);
        let connection = match source.calendar.connection {
            Some(connection) => Some(self.connection(connection).await?.0),
            None => None,
        };
        Ok((source, connection))
    }

    /// A person's calendars that were removed, by themselves or with the connection they were read with.
    pub(crate) async fn removed_calendars(&mut self, staff: StaffId) -> Result<Vec<CalendarId>, Error> {
        const SQL: &str = "select c.id from calendar c left join connection n on n.id = c.connection \
            where c.staff = $1 and (c.removed_at is not null or n.status = 'removed')";
        let ids: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL).bind(staff.0).fetch_all(conn).await)?;
        Ok(ids.into_iter().map(CalendarId).collect())
    }

    /// The calendar whose id ends so.
    pub(crate) async fn source_ending(&mut self, ending: &str) -> Result<Source, Error> {
        let sql = self.dialect("lower(hex(id)) like $1 limit 2", "replace(id::text, '-', '') like $1 limit 2");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(format!("{SELECT} {sql}"))).bind(super::ending(ending)).fetch_all(conn).await)?;
        super::only_one(rows, "calendar").map(Source::from)
    }

    /// Remembers a folder whose calendar files are read.
    pub(crate) async fn insert_folder(&mut self, path: &str) -> Result<(), Error> {
        const SQL: &str = "insert into drop_folder (path) values ($1) on conflict (path) do nothing";
        Ok(on!(self, |conn| sqlx::query(SQL).bind(path).execute(conn).await.map(drop))?)
    }

    /// Folders whose calendar files are read, by path.
    pub(crate) async fn folders(&mut self) -> Result<Vec<String>, Error> {
        const SQL: &str = "select path from drop_folder order by path";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).fetch_all(conn).await)?)
    }

    /// What a finished pass leaves: when it ended, the digest of the answer it took over, and the removals that wait.
    pub(crate) async fn save_pass(
        &mut self,
        id: CalendarId,
        digest: Option<&str>,
        held: Option<&Held>,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "update calendar set digest = $2, held = $3, last_success = $4 where id = $1";
        let held = held.cloned().map(Json);
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(digest).bind(held).bind(At(at)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Notes that a person accepted the removals that wait.
    pub(crate) async fn save_held(&mut self, id: CalendarId, held: &Held) -> Result<(), Error> {
        const SQL: &str = "update calendar set held = $2 where id = $1";
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(Json(held.clone())).execute(conn).await.map(drop))?;
        Ok(())
    }
}

impl From<Row> for Source {
    fn from(row: Row) -> Self {
        Self {
            calendar: Calendar {
                id: CalendarId(row.id),
                staff: StaffId(row.staff),
                name: row.name,
                location: row.location,
                connection: row.connection.map(ConnectionId),
                owner: row.owner,
                whose: row.whose.0,
                privacy: row.privacy.0,
                position: row.position,
            },
            digest: row.digest,
            last_success: row.last_success.map(|at| at.0),
            held: row.held.map(|held| held.0),
            paused: row.paused,
            removed_at: row.removed_at.map(|at| at.0),
        }
    }
}
