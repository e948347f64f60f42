//! Lists of entries and of questions for pages and the API: each is limited to what its reader may see, comes in pages by key, and has an
//! index. What days come to is in `totals`.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;

use super::{
    Error, Tx,
    codec::{At, Plain},
    sight::within,
};
use crate::model::{
    entry::{Entry, EntryStatus},
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
    /// The last question of the page before.
    pub(crate) after: Option<ExceptionId>,
    pub(crate) limit: i64,
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
            if let Some(id) = wanted.after {
                query.push(
                    " and (lead, cause, date, id) > (select one.lead, one.cause, one.date, one.id from exception one where one.id = ",
                );
                query.push_bind(id.0).push(")");
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

    /// How many alike questions wait now, counted up to `limit`.
    pub(crate) async fn questions_alike(
        &mut self,
        who: &Principal,
        (lead, cause): (&str, &str),
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<i64, Error> {
        Ok(on!(self, |conn| {
            let mut query = QueryBuilder::new("select count(*) from (select 1 from exception where status = 'open' and lead = ");
            query.push_bind(lead).push(" and cause = ").push_bind(cause);
            query.push(" and (snoozed_until is null or snoozed_until <= ").push_bind(At(now)).push(")");
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
}

/// Dates are compared as text of four-digit years.
const FIRST_DATE: NaiveDate = NaiveDate::from_ymd_opt(0, 1, 1).expect("a date");
