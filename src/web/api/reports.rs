//! `reports/daily`: time summed up by person, day, project and task; approved time only, unless more is asked for and then marked.

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    entry::{Emails, some_statuses, status_words},
    lists,
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::{
    model::{entry::EntryStatus, ids::StaffId, principal::Scope},
    store::totals::{DailyRow, DaysWanted},
};

/// The longest time that one report covers.
const DAYS: i64 = 366;

/// Person-days of one page.
const LIMIT: i64 = 500;

/// Which days are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichDays {
    /// The first work day.
    from: NaiveDate,
    /// The last one: at most 365 days later.
    to: NaiveDate,
    /// A person, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    staff: Option<String>,
    /// `approved` and `exported` if none is given.
    #[serde(default)]
    #[schema(schema_with = some_statuses)]
    status: Vec<EntryStatus>,
    /// How many person-days come in one page: all rows of one are in the same.
    #[schema(minimum = 1, maximum = 2000, default = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 500)]
    cursor: Option<String>,
}

/// Time of one person on one day for one thing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DailySum {
    staff: String,
    #[schema(format = "date")]
    date: String,
    client: Option<String>,
    project: Option<String>,
    /// None too where these words are not for you to read.
    task: Option<String>,
    billable: Option<bool>,
    #[schema(schema_with = status_words)]
    status: &'static str,
    /// Whether this time counts already.
    approved: bool,
    #[schema(minimum = 0)]
    seconds: i64,
    #[schema(minimum = 0)]
    rounded_seconds: i64,
    #[schema(minimum = 1)]
    entries: i64,
}

/// Sums by day and person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Daily {
    items: Vec<DailySum>,
    next_cursor: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/reports/daily", "report_daily", Scope::ReportsRead, daily)
            .says("Time by person, day, project and task")
            .query::<WhichDays>()
            .gives::<Daily>(200)
            .refuses(&[Kind::Invalid]),
    ]
}

async fn daily(call: Call) -> Result<Answer, Problem> {
    let asked: WhichDays = call.query()?;
    if asked.to < asked.from {
        return Err(Problem::invalid("/to", "it is before `from`"));
    }
    if (asked.to - asked.from).num_days() >= DAYS {
        return Err(Problem::invalid("/to", format!("a report covers at most {DAYS} days")));
    }
    let statuses = if asked.status.is_empty() { vec![EntryStatus::Approved, EntryStatus::Exported] } else { asked.status };
    let mut tx = call.app.store.read().await?;
    let staff = lists::filtered(&mut tx, asked.staff.as_deref()).await?;
    let limit = asked.limit.unwrap_or(LIMIT);
    let after: Option<(NaiveDate, Uuid)> = lists::place(asked.cursor.as_deref())?;
    let wanted = DaysWanted { from: asked.from, to: asked.to, staff, statuses, after };
    let mut days = tx.person_days(&call.who, &wanted, limit + 1).await?;
    let next_cursor = lists::page(&mut days, limit, |day| *day);
    let rows = match days.last() {
        Some(last) => tx.daily(&call.who, &wanted, *last).await?,
        None => Vec::new(),
    };
    let emails = Emails::read(&mut tx).await?;
    Answer::of(&Daily { items: summed(&call, rows).into_iter().map(|row| DailySum::new(row, &emails)).collect(), next_cursor })
}

/// Rows that differ only by words that may not be read are one.
fn summed(call: &Call, rows: Vec<DailyRow>) -> Vec<DailyRow> {
    let mut sums: BTreeMap<_, DailyRow> = BTreeMap::new();
    for mut row in rows {
        row.task = row.task.filter(|_| call.who.reads_words_of(StaffId(row.staff)));
        let of = (row.date.clone(), row.staff, row.client.clone(), row.project.clone(), row.task.clone(), row.billable, row.status.clone());
        match sums.get_mut(&of) {
            Some(sum) => {
                sum.seconds += row.seconds;
                sum.rounded_seconds += row.rounded_seconds;
                sum.entries += row.entries;
            }
            None => drop(sums.insert(of, row)),
        }
    }
    sums.into_values().collect()
}

impl DailySum {
    fn new(row: DailyRow, emails: &Emails) -> Self {
        let status = row.status.parse().unwrap_or(EntryStatus::Draft);
        Self {
            staff: emails.of(StaffId(row.staff)),
            date: row.date,
            client: row.client,
            project: row.project,
            task: row.task,
            billable: row.billable,
            status: status.as_str(),
            approved: status.is_approved(),
            seconds: row.seconds,
            rounded_seconds: row.rounded_seconds,
            entries: row.entries,
        }
    }
}
