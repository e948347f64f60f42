//! Time that is known to be for something, or to be no work, for whoever asks what alike time is for.

use chrono::NaiveDate;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{Json, Plain},
};
use crate::model::{event::Attendee, ids::StaffId};

/// Time that may tell what alike time is for.
#[derive(Clone, Debug)]
pub(crate) struct Alike {
    pub(crate) staff: StaffId,
    pub(crate) date: NaiveDate,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
    /// A person said that it was no work: it is for nobody.
    pub(crate) not_work: bool,
    pub(crate) ical_uid: String,
    pub(crate) title: String,
    /// Addresses of the people who were there, in lower case.
    pub(crate) people: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct AlikeRow {
    staff: Uuid,
    date: Plain<NaiveDate>,
    client: Option<String>,
    project: Option<String>,
    task: Option<String>,
    billable: Option<bool>,
    not_work: bool,
    ical_uid: String,
    title: String,
    attendees: Json<Vec<Attendee>>,
}

const ALIKE: &str = "select e.staff, e.date, e.client, e.project, e.task, e.billable, e.status = 'void' as not_work, v.ical_uid, t.title, t.attendees \
    from entry e join event v on v.id = e.event join event_text t on t.event = v.id \
    where not e.held and (e.status not in ('void', 'rejected') and (e.project is not null or e.client is not null) \
        or e.status = 'void' and exists (select 1 from decision d where d.subject = e.meeting and d.kind = 'not-work' and d.retracted_at is null)) and ";

impl From<AlikeRow> for Alike {
    fn from(row: AlikeRow) -> Self {
        let AlikeRow { not_work, ical_uid, title, .. } = row;
        let people = row.attendees.0.iter().filter(|one| !one.resource).map(|one| one.email.to_lowercase()).collect();
        let work = |value: Option<String>| value.filter(|_| !not_work);
        let (client, project, task) = (work(row.client), work(row.project), work(row.task));
        let billable = row.billable.filter(|_| !not_work);
        Self { staff: StaffId(row.staff), date: row.date.0, client, project, task, billable, not_work, ical_uid, title, people }
    }
}

impl Tx {
    /// A person's time of some months of which is known what it is, newest first.
    pub(crate) async fn alike(&mut self, staff: StaffId, from: NaiveDate, until: NaiveDate) -> Result<Vec<Alike>, Error> {
        let sql = format!("{ALIKE} e.staff = $1 and e.date between $2 and $3 order by e.date desc, e.id limit 400");
        let rows: Vec<AlikeRow> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).bind(Plain(from)).bind(Plain(until)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Alike::from).collect())
    }

    /// What other people's copies of a meeting or series are known to be for.
    pub(crate) async fn alike_of_series(&mut self, ical_uid: &str, but: StaffId) -> Result<Vec<Alike>, Error> {
        let sql = format!("{ALIKE} v.ical_uid = $1 and e.staff <> $2 order by e.date desc, e.id limit 40");
        let rows: Vec<AlikeRow> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(ical_uid).bind(but.0).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Alike::from).collect())
    }
}
