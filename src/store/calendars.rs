//! Calendars: where each person's events are read, and what the last pass left.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    ids::{CalendarId, StaffId},
    staff::{Calendar, Held, Privacy, Source, Whose},
};

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
}

impl Tx {
    /// Adds a calendar at the end of its person's order.
    pub(crate) async fn insert_calendar(&mut self, calendar: &Calendar) -> Result<(), Error> {
        const SQL: &str = "insert into calendar (id, staff, name, location, owner, whose, privacy, position) \
            select $1, $2, $3, $4, $5, $6, $7, coalesce(max(position) + 1, 0) from calendar where staff = $2";
        on!(self, |conn| sqlx::query(SQL)
            .bind(calendar.id.0)
            .bind(calendar.staff.0)
            .bind(&calendar.name)
            .bind(&calendar.location)
            .bind(&calendar.owner)
            .bind(Plain(calendar.whose))
            .bind(Plain(calendar.privacy))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// All calendars, by person, in each one's order.
    pub(crate) async fn calendars(&mut self) -> Result<Vec<Source>, Error> {
        const SQL: &str = "select id, staff, name, location, owner, whose, privacy, position, digest, last_success, held \
            from calendar order by staff, position";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Source::from).collect())
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
                owner: row.owner,
                whose: row.whose.0,
                privacy: row.privacy.0,
                position: row.position,
            },
            digest: row.digest,
            last_success: row.last_success.map(|at| at.0),
            held: row.held.map(|held| held.0),
        }
    }
}
