//! What pages and the API ask for: each query is limited to what its reader may see, comes in pages by key, and has an index.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
    sight::within,
};
use crate::model::{
    entry::{Entry, EntryStatus},
    event::Attendee,
    exception::{Exception, ExceptionStatus},
    ids::{EntryId, ExceptionId, StaffId},
    principal::Principal,
};

/// How the dates of a filter are compared with an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Match {
    /// The work day it is booked on.
    #[default]
    Day,
    Start,
    End,
    /// Any part of it.
    Intersection,
}

/// Which entries a page shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntriesWanted {
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
    /// Instants, for the other ways of matching.
    pub(crate) span: Option<(Match, DateTime<Utc>, DateTime<Utc>)>,
    pub(crate) staff: Option<StaffId>,
    pub(crate) statuses: Vec<EntryStatus>,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) external_ref: Option<String>,
    pub(crate) held: Option<bool>,
    /// The last entry of the page before.
    pub(crate) after: Option<(NaiveDate, DateTime<Utc>, EntryId)>,
    pub(crate) limit: i64,
}

/// Which questions a page shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuestionsWanted {
    pub(crate) status: Option<ExceptionStatus>,
    pub(crate) lead: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) staff: Option<StaffId>,
    pub(crate) client: Option<String>,
    /// Opened before.
    pub(crate) before: Option<DateTime<Utc>>,
    pub(crate) assignee: Option<StaffId>,
    /// Those that sleep too.
    pub(crate) snoozed: bool,
    /// The last question of the page before: its lead, cause, date and id.
    pub(crate) after: Option<(String, String, NaiveDate, ExceptionId)>,
    pub(crate) limit: i64,
}

/// Which time a report is of.
#[derive(Clone, Debug)]
pub(crate) struct DaysWanted {
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
    pub(crate) staff: Option<StaffId>,
    pub(crate) statuses: Vec<EntryStatus>,
    /// The last person's day of the page before.
    pub(crate) after: Option<(NaiveDate, Uuid)>,
}

/// What such time is found by.
macro_rules! on_days {
    ($query:ident, $who:ident, $wanted:ident) => {
        let DaysWanted { from, to, staff, statuses, after } = $wanted;
        $query.push("not held and date between ").push_bind(Plain(*from)).push(" and ").push_bind(Plain(*to));
        if let Some(staff) = staff {
            $query.push(" and staff = ").push_bind(staff.0);
        }
        if let Some((date, staff)) = after {
            $query.push(" and (date, staff) > (").push_bind(Plain(*date)).push(", ").push_bind(*staff).push(")");
        }
        let mut list = $query.push(" and status in (").separated(", ");
        for status in statuses {
            list.push_bind(Plain(*status));
        }
        $query.push(")");
        within!($query, $who, "staff");
    };
}

/// Time that may tell what alike time is for.
#[derive(Clone, Debug)]
pub(crate) struct Alike {
    pub(crate) staff: StaffId,
    pub(crate) date: NaiveDate,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
    pub(crate) ical_uid: String,
    pub(crate) title: String,
    /// Of the people who were there.
    pub(crate) domains: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct AlikeRow {
    staff: Uuid,
    date: Plain<NaiveDate>,
    client: Option<String>,
    project: Option<String>,
    task: Option<String>,
    billable: Option<bool>,
    ical_uid: String,
    title: String,
    attendees: Json<Vec<Attendee>>,
}

const ALIKE: &str = "select e.staff, e.date, e.client, e.project, e.task, e.billable, v.ical_uid, t.title, t.attendees from entry e \
    join event v on v.id = e.event join event_text t on t.event = v.id \
    where e.status not in ('void', 'rejected') and not e.held and (e.project is not null or e.client is not null) and ";

impl From<AlikeRow> for Alike {
    fn from(row: AlikeRow) -> Self {
        let domain = |one: &Attendee| one.email.rsplit('@').next().unwrap_or_default().to_lowercase();
        let AlikeRow { client, project, task, billable, ical_uid, title, .. } = row;
        let domains = row.attendees.0.iter().filter(|one| !one.resource).map(domain).collect();
        Self { staff: StaffId(row.staff), date: row.date.0, client, project, task, billable, ical_uid, title, domains }
    }
}

/// Time of one person on one day for one thing.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct DailyRow {
    pub(crate) staff: Uuid,
    pub(crate) date: String,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
    pub(crate) status: String,
    pub(crate) seconds: i64,
    pub(crate) rounded_seconds: i64,
    pub(crate) entries: i64,
}

/// What one person's day comes to in one status.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct DaySum {
    pub(crate) staff: Uuid,
    pub(crate) date: String,
    pub(crate) status: String,
    pub(crate) held: bool,
    pub(crate) seconds: i64,
    pub(crate) entries: i64,
}

impl Tx {
    /// A page of entries, by date, start and id.
    pub(crate) async fn entries_wanted(&mut self, who: &Principal, wanted: &EntriesWanted) -> Result<Vec<Entry>, Error> {
        let rows: Vec<super::entries::Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(super::entries::SELECT);
            query.push("date >= ").push_bind(Plain(wanted.from.unwrap_or(NaiveDate::MIN.max(FIRST_DATE))));
            if let Some(to) = wanted.to {
                query.push(" and date <= ").push_bind(Plain(to));
            }
            if let Some(staff) = wanted.staff {
                query.push(" and staff = ").push_bind(staff.0);
            }
            if let Some((how, start, end)) = wanted.span {
                let (from, until) = match how {
                    Match::Start => (" and starts_at >= ", " and starts_at < "),
                    Match::End => (" and ends_at > ", " and ends_at <= "),
                    Match::Day | Match::Intersection => (" and ends_at > ", " and starts_at < "),
                };
                query.push(from).push_bind(At(start)).push(until).push_bind(At(end));
            }
            if wanted.statuses.is_empty() {
                query.push(" and status <> 'void'");
            } else {
                let mut list = query.push(" and status in (").separated(", ");
                for status in &wanted.statuses {
                    list.push_bind(Plain(*status));
                }
                query.push(")");
            }
            for (column, value) in
                [(" and client = ", &wanted.client), (" and project = ", &wanted.project), (" and external_ref = ", &wanted.external_ref)]
            {
                if let Some(value) = value {
                    query.push(column).push_bind(value);
                }
            }
            if let Some(held) = wanted.held {
                query.push(" and held = ").push_bind(held);
            }
            if let Some((date, start, id)) = wanted.after {
                query.push(" and (date, starts_at, id) > (").push_bind(Plain(date)).push(", ").push_bind(At(start)).push(", ");
                query.push_bind(id.0).push(")");
            }
            within!(query, who, "staff");
            query.push(" order by date, starts_at, id limit ").push_bind(wanted.limit).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// One entry, if its reader may see it.
    pub(crate) async fn entry_seen(&mut self, who: &Principal, id: EntryId) -> Result<Option<Entry>, Error> {
        let row: Option<super::entries::Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(super::entries::SELECT);
            query.push("id = ").push_bind(id.0);
            within!(query, who, "staff");
            query.build_query_as().fetch_optional(conn).await
        })?;
        Ok(row.map(Entry::from))
    }

    /// A page of questions: alike ones beside each other, the oldest first.
    pub(crate) async fn questions_wanted(
        &mut self,
        who: &Principal,
        wanted: &QuestionsWanted,
        now: DateTime<Utc>,
    ) -> Result<Vec<Exception>, Error> {
        let rows: Vec<super::exceptions::Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(super::exceptions::SELECT);
            query.push("status = ").push_bind(Plain(wanted.status.unwrap_or(ExceptionStatus::Open)));
            for (column, value) in [(" and lead = ", &wanted.lead), (" and cause = ", &wanted.cause)] {
                if let Some(value) = value {
                    query.push(column).push_bind(value);
                }
            }
            for (column, value) in [(" and staff = ", wanted.staff), (" and assignee = ", wanted.assignee)] {
                if let Some(value) = value {
                    query.push(column).push_bind(value.0);
                }
            }
            if let Some(client) = &wanted.client {
                query
                    .push(" and entry in (select e.id from entry e where e.id = exception.entry and e.client = ")
                    .push_bind(client)
                    .push(")");
            }
            if let Some(before) = wanted.before {
                query.push(" and opened_at < ").push_bind(At(before));
            }
            if !wanted.snoozed {
                query.push(" and (snoozed_until is null or snoozed_until <= ").push_bind(At(now)).push(")");
            }
            if let Some((lead, cause, date, id)) = &wanted.after {
                query.push(" and (lead, cause, date, id) > (").push_bind(lead).push(", ").push_bind(cause).push(", ");
                query.push_bind(Plain(*date)).push(", ").push_bind(id.0).push(")");
            }
            within!(query, who, "staff");
            query.push(" order by lead, cause, date, id limit ").push_bind(wanted.limit).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(Exception::from).collect())
    }

    /// One question, if its reader may see it.
    pub(crate) async fn question_seen(&mut self, who: &Principal, id: ExceptionId) -> Result<Option<Exception>, Error> {
        let row: Option<super::exceptions::Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(super::exceptions::SELECT);
            query.push("id = ").push_bind(id.0);
            within!(query, who, "staff");
            query.build_query_as().fetch_optional(conn).await
        })?;
        Ok(row.map(Exception::from))
    }

    /// A person's time of some months that is known to be for something, newest first.
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

    /// How many alike questions wait, counted up to `limit`.
    pub(crate) async fn questions_alike(&mut self, who: &Principal, lead: &str, cause: &str, limit: i64) -> Result<i64, Error> {
        Ok(on!(self, |conn| {
            let mut query = QueryBuilder::new("select count(*) from (select 1 from exception where status = 'open' and lead = ");
            query.push_bind(lead).push(" and cause = ").push_bind(cause);
            within!(query, who, "staff");
            query.push(" limit ").push_bind(limit).push(") found").build_query_scalar().fetch_one(conn).await
        })?)
    }

    /// How many questions wait, by their first reason.
    pub(crate) async fn questions_by_lead(&mut self, who: &Principal) -> Result<Vec<(String, i64)>, Error> {
        // PostgreSQL's sums are of another type than what they sum.
        let sum = self.dialect("sum(open)", "sum(open)::bigint");
        Ok(on!(self, |conn| {
            let mut query = QueryBuilder::new("select lead, ");
            query.push(sum).push(" from queue_count where open > 0");
            within!(query, who, "staff");
            query.push(" group by lead order by lead").build_query_as().fetch_all(conn).await
        })?)
    }

    /// When the question that waits longest was opened.
    pub(crate) async fn oldest_question(&mut self, who: &Principal) -> Result<Option<NaiveDate>, Error> {
        let date: Option<Plain<NaiveDate>> = on!(self, |conn| {
            let mut query = QueryBuilder::new("select date from exception where status = 'open'");
            within!(query, who, "staff");
            query.push(" order by date limit 1").build_query_scalar().fetch_optional(conn).await
        })?;
        Ok(date.map(|date| date.0))
    }

    /// What closed since someone looked, newest first.
    pub(crate) async fn closed_since(&mut self, who: &Principal, since: DateTime<Utc>, limit: i64) -> Result<Vec<Exception>, Error> {
        let rows: Vec<super::exceptions::Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(super::exceptions::SELECT);
            query.push("closed_at is not null and status = 'cleared' and closed_at > ").push_bind(At(since));
            within!(query, who, "staff");
            query.push(" order by closed_at desc limit ").push_bind(limit).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(Exception::from).collect())
    }

    /// When someone last looked at a page.
    pub(crate) async fn looked_at(&mut self, staff: StaffId, page: &str) -> Result<Option<DateTime<Utc>>, Error> {
        const SQL: &str = "select at from looked where staff = $1 and page = $2";
        let at: Option<At> = on!(self, |conn| sqlx::query_scalar(SQL).bind(staff.0).bind(page).fetch_optional(conn).await)?;
        Ok(at.map(|at| at.0))
    }

    /// Someone looked at a page now.
    pub(crate) async fn look(&mut self, staff: StaffId, page: &str, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str =
            "insert into looked (staff, page, at) values ($1, $2, $3) on conflict (staff, page) do update set at = excluded.at";
        on!(self, |conn| sqlx::query(SQL).bind(staff.0).bind(page).bind(At(now)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Persons' days on which there is time of these statuses, by date and person.
    pub(crate) async fn person_days(&mut self, who: &Principal, wanted: &DaysWanted, limit: i64) -> Result<Vec<(NaiveDate, Uuid)>, Error> {
        let rows: Vec<(Plain<NaiveDate>, Uuid)> = on!(self, |conn| {
            let mut query = QueryBuilder::new("select distinct date, staff from entry where ");
            on_days!(query, who, wanted);
            query.push(" order by date, staff limit ").push_bind(limit).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(|(date, staff)| (date.0, staff)).collect())
    }

    /// Time by person, day and what it was for, up to a person's day.
    pub(crate) async fn daily(&mut self, who: &Principal, wanted: &DaysWanted, last: (NaiveDate, Uuid)) -> Result<Vec<DailyRow>, Error> {
        let sums = self.dialect("sum(seconds), sum(rounded_seconds)", "sum(seconds)::bigint, sum(rounded_seconds)::bigint");
        let sums = sums.replacen(", ", " as seconds, ", 1) + " as rounded_seconds, count(*) as entries";
        Ok(on!(self, |conn| {
            let mut query = QueryBuilder::new("select staff, date, client, project, task, billable, status, ");
            query.push(&sums).push(" from entry where ");
            on_days!(query, who, wanted);
            query.push(" and (date, staff) <= (").push_bind(Plain(last.0)).push(", ").push_bind(last.1).push(")");
            query.push(" group by staff, date, client, project, task, billable, status order by date, staff, client, project, task, billable, status");
            query.build_query_as().fetch_all(conn).await
        })?)
    }

    /// What the days of some people come to, by status.
    pub(crate) async fn day_sums(&mut self, people: &[StaffId], from: NaiveDate, to: NaiveDate) -> Result<Vec<DaySum>, Error> {
        let sum = self.dialect("sum(seconds) as seconds", "sum(seconds)::bigint as seconds");
        if people.is_empty() {
            return Ok(Vec::new());
        }
        Ok(on!(self, |conn| {
            let mut query = QueryBuilder::new("select staff, date, status, held, ");
            query.push(sum).push(", count(*) as entries from entry where status <> 'void' and date between ").push_bind(Plain(from));
            query.push(" and ").push_bind(Plain(to));
            let mut list = query.push(" and staff in (").separated(", ");
            for staff in people {
                list.push_bind(staff.0);
            }
            query.push(") group by staff, date, status, held order by staff, date").build_query_as().fetch_all(conn).await
        })?)
    }

    /// How many questions wait on each day of some people.
    pub(crate) async fn open_by_day(
        &mut self,
        people: &[StaffId],
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(StaffId, NaiveDate, i64)>, Error> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid, Plain<NaiveDate>, i64)> = on!(self, |conn| {
            let mut query = QueryBuilder::new("select staff, date, count(*) from exception where status = 'open' and date between ");
            query.push_bind(Plain(from)).push(" and ").push_bind(Plain(to));
            let mut list = query.push(" and staff in (").separated(", ");
            for staff in people {
                list.push_bind(staff.0);
            }
            query.push(") group by staff, date").build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(|(staff, date, count)| (StaffId(staff), date.0, count)).collect())
    }

    /// What a person's week came to when a reviewer last saw it, and what it consisted of.
    pub(crate) async fn week_seen(&mut self, reviewer: StaffId, staff: StaffId, monday: NaiveDate) -> Result<Option<(i64, String)>, Error> {
        const SQL: &str = "select seconds, digest from seen_week where reviewer = $1 and staff = $2 and monday = $3";
        Ok(on!(self, |conn| sqlx::query_as(SQL).bind(reviewer.0).bind(staff.0).bind(Plain(monday)).fetch_optional(conn).await)?)
    }

    /// Notes what a reviewer saw of a week.
    pub(crate) async fn see_week(
        &mut self,
        (reviewer, staff, monday): (StaffId, StaffId, NaiveDate),
        seconds: i64,
        digest: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "insert into seen_week (reviewer, staff, monday, seconds, digest, at) values ($1, $2, $3, $4, $5, $6) \
            on conflict (reviewer, staff, monday) do update set seconds = excluded.seconds, digest = excluded.digest, at = excluded.at";
        on!(self, |conn| sqlx::query(SQL)
            .bind(reviewer.0)
            .bind(staff.0)
            .bind(Plain(monday))
            .bind(seconds)
            .bind(digest)
            .bind(At(now))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}

/// Dates are compared as text of four-digit years.
const FIRST_DATE: NaiveDate = NaiveDate::from_ymd_opt(0, 1, 1).expect("a date");
