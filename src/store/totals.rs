//! What days come to: sums of time by person, day and what it was for, and how many questions wait on each.

use chrono::NaiveDate;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Error, Tx, codec::Plain, sight::within};
use crate::model::{entry::EntryStatus, ids::StaffId, principal::Principal};

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
}
