//! `entries`: reading them, writing one that no calendar has, changing what was decided about one.

use axum::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use super::{
    entry::{Emails, EntryPage, Shown, status_words},
    lists::{self, LIMIT, words},
    operation::{Answer, Call, Operation},
    problem::{Kind, Misfit, Problem},
    values,
};
use crate::{
    model::{
        decision::{Act, Assignment, EditedTime, Written},
        entry::{Entry, EntryStatus, Origin},
        ids::EntryId,
        principal::Scope,
        staff::Staff,
    },
    review::{self, Do, Refusal},
    store::{
        self,
        queue::{EntriesWanted, Match},
    },
};

/// Which entries are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListEntries {
    /// The first work day.
    from: Option<NaiveDate>,
    /// The last one.
    to: Option<NaiveDate>,
    /// How `start` and `end` are compared: `day` with the work day on which an entry is booked, `start` or `end` with when it starts or
    /// ends, `intersection` with any part of it.
    #[schema(schema_with = match_words)]
    r#match: Option<String>,
    /// With `match`: the first instant.
    start: Option<DateTime<Utc>>,
    /// With `match`: the instant before which it ends.
    end: Option<DateTime<Utc>>,
    /// A person, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    staff: Option<String>,
    /// Any of these; all but `void` if none is given.
    #[serde(default)]
    #[schema(schema_with = some_statuses)]
    status: Vec<EntryStatus>,
    #[schema(min_length = 1, max_length = 200)]
    client: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    external_ref: Option<String>,
    /// Whether an open exception holds it back.
    held: Option<bool>,
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 500)]
    cursor: Option<String>,
}

fn match_words() -> Schema {
    words(["day", "start", "end", "intersection"])
}

fn some_statuses() -> Schema {
    utoipa::openapi::ArrayBuilder::new().items(RefOr::T(status_words())).max_items(Some(6)).into()
}

/// An entry that no calendar has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its fields are read one by one, so that all that is wrong is told")]
pub(super) struct NewEntry {
    /// Whose time it is: an address or an id.
    #[schema(min_length = 1, max_length = 200)]
    staff: String,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    /// IANA name, such as Europe/Vienna.
    #[schema(min_length = 1, max_length = 60)]
    timezone: String,
    /// The work day; the one on which it starts in its time zone, if none is given.
    date: Option<NaiveDate>,
    #[schema(min_length = 1, max_length = 200)]
    client: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    task: Option<String>,
    /// What the project says, if it is absent.
    #[schema(nullable = false)]
    billable: Option<bool>,
    #[schema(max_items = 50, nullable = false)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// The name of this entry where it comes from: no two entries of the API have the same.
    #[schema(min_length = 1, max_length = 200)]
    external_ref: Option<String>,
}

/// All that a person decides about an entry: what is absent is cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its fields are read one by one, so that all that is wrong is told")]
pub(super) struct WholeEntry {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    #[schema(min_length = 1, max_length = 200)]
    client: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    task: Option<String>,
    /// What was decided or the project says, if it is absent.
    #[schema(nullable = false)]
    billable: Option<bool>,
    #[schema(max_items = 50, nullable = false)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 2000)]
    description: Option<String>,
}

/// What is to change: absent stays, null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its fields are read one by one, so that all that is wrong is told")]
pub(super) struct EntryPatch {
    #[schema(nullable = false)]
    start: Option<DateTime<Utc>>,
    #[schema(nullable = false)]
    end: Option<DateTime<Utc>>,
    #[schema(min_length = 1, max_length = 200)]
    client: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    task: Option<String>,
    #[schema(nullable = false)]
    billable: Option<bool>,
    #[schema(max_items = 50, nullable = false)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 2000)]
    description: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    let changes = [Kind::Conflict, Kind::Gone];
    vec![
        Operation::new(Method::GET, "/entries", "list_entries", Scope::EntriesRead, list)
            .says("Entries, by work day, start and id")
            .query::<ListEntries>()
            .gives::<EntryPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::POST, "/entries", "write_entry", Scope::EntriesWrite, write)
            .says("Writes an entry that no calendar has")
            .takes::<NewEntry>()
            .gives::<Shown>(201)
            .refuses(&[Kind::Conflict]),
        Operation::new(Method::GET, "/entries/{id}", "read_entry", Scope::EntriesRead, read)
            .says("One entry; 410 if it stands no more")
            .gives::<Shown>(200)
            .refuses(&[Kind::Gone]),
        Operation::new(Method::PUT, "/entries/{id}", "replace_entry", Scope::EntriesWrite, replace)
            .says("Decides everything about an entry anew")
            .versioned()
            .takes::<WholeEntry>()
            .gives::<Shown>(200)
            .refuses(&changes),
        Operation::new(Method::PATCH, "/entries/{id}", "change_entry", Scope::EntriesWrite, patch)
            .says("Decides something about an entry: absent fields stay, null clears")
            .versioned()
            .takes::<EntryPatch>()
            .gives::<Shown>(200)
            .refuses(&changes),
        Operation::new(Method::DELETE, "/entries/{id}", "remove_entry", Scope::EntriesWrite, remove)
            .says("Records that it was no work: nothing is deleted, the entry becomes void")
            .versioned()
            .refuses(&changes),
    ]
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let asked: ListEntries = call.query()?;
    let limit = asked.limit.unwrap_or(LIMIT);
    let mut wanted = EntriesWanted {
        from: asked.from,
        to: asked.to,
        statuses: asked.status.clone(),
        client: asked.client.clone(),
        project: asked.project.clone(),
        external_ref: asked.external_ref.clone(),
        held: asked.held,
        after: lists::place(asked.cursor.as_deref())?,
        limit: limit + 1,
        ..EntriesWanted::default()
    };
    narrow(&asked, &mut wanted)?;
    let mut tx = call.app.store.read().await?;
    wanted.staff = lists::filtered(&mut tx, asked.staff.as_deref()).await?;
    let mut rows = tx.entries_wanted(&call.who, &wanted).await?;
    let next_cursor = lists::page(&mut rows, limit, |row| (row.body.date, row.body.start, row.id));
    let emails = Emails::read(&mut tx).await?;
    let items = rows.iter().map(|row| Shown::new(row, &call.who, &emails)).collect();
    Answer::of(&EntryPage { items, next_cursor })
}

/// What `match`, `start` and `end` mean together.
fn narrow(asked: &ListEntries, wanted: &mut EntriesWanted) -> Result<(), Problem> {
    let (Some(start), Some(end)) = (asked.start, asked.end) else {
        return match (asked.start, asked.end, &asked.r#match) {
            (None, None, None) => Ok(()),
            (None, _, _) => Err(Problem::invalid("/start", "`match`, `start` and `end` go together")),
            _ => Err(Problem::invalid("/end", "`match`, `start` and `end` go together")),
        };
    };
    if start >= end {
        return Err(Problem::invalid("/end", "it is not after `start`"));
    }
    let how = match asked.r#match.as_deref() {
        Some("start") => Match::Start,
        Some("end") => Match::End,
        Some("intersection") => Match::Intersection,
        _ => {
            let last = end - chrono::TimeDelta::microseconds(1);
            wanted.from = wanted.from.max(Some(start.date_naive()));
            wanted.to = Some(wanted.to.map_or(last.date_naive(), |to| to.min(last.date_naive())));
            return Ok(());
        }
    };
    wanted.span = Some((how, start, end));
    Ok(())
}

/// An entry that whoever asks may see, whatever has become of it.
pub(super) async fn seen(call: &Call, id: EntryId) -> Result<Entry, Problem> {
    call.app.store.read().await?.entry_seen(&call.who, id).await?.ok_or_else(Problem::not_found)
}

/// An entry as the answer to what was done to it.
pub(super) async fn shown(call: &Call, entry: &Entry) -> Result<Answer, Problem> {
    let emails = Emails::read(&mut call.app.store.read().await?).await?;
    Ok(Answer::of(&Shown::new(entry, &call.who, &emails))?.version(entry.version))
}

async fn read(call: Call) -> Result<Answer, Problem> {
    let entry = seen(&call, EntryId(call.id()?)).await?;
    if entry.status == EntryStatus::Void {
        let told = "It stands no more: its event went, or it was no work. `GET /entries?status=void` shows what it was.";
        return Err(Problem::new(Kind::Gone, told));
    }
    shown(&call, &entry).await
}

async fn write(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let body = &call.body;
    let mut found = Vec::new();
    let assignment = values::assignment(&active.rules.catalog, body, "", &mut found);
    let named = body["staff"].as_str().unwrap_or_default();
    let person = lists::person(&mut call.app.store.read().await?, named).await?;
    let person = person.filter(|one| call.who.sees_everyone() || call.who.reads_words_of(one.id));
    if person.is_none() {
        found.push(Misfit::new("/staff", "there is nobody of this name for whom you may write"));
    }
    let times = times(body, &mut found);
    let timezone = body["timezone"].as_str().unwrap_or_default().parse::<Tz>();
    if timezone.is_err() {
        found.push(Misfit::new("/timezone", "it is no IANA name such as Europe/Vienna"));
    }
    let date = date(body, times, timezone.as_ref().ok(), person.as_ref(), &mut found);
    values::all_fit(found)?;
    let (Some(person), Some((start, end)), Ok(timezone), Some(date)) = (person, times, timezone, date) else {
        return Err(Problem::new(Kind::Invalid, "Some values do not fit."));
    };
    let external_ref = body["external_ref"].as_str().map(str::to_owned);
    let written = Written { start, end, timezone, date, assignment, origin: Origin::Api, external_ref: external_ref.clone() };
    match call.desk(&active).write(person.id, written).await {
        Ok(entry) => Ok(shown(&call, &entry).await?.created()),
        Err(Refusal::Store(store::Error::Taken(_))) => Err(taken(&call, external_ref).await?),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Another entry has this name; which, if its reader may see it.
async fn taken(call: &Call, external_ref: Option<String>) -> Result<Problem, Problem> {
    let wanted = EntriesWanted { external_ref, statuses: EntryStatus::ALL.to_vec(), limit: 1, ..EntriesWanted::default() };
    let other = call.app.store.read().await?.entries_wanted(&call.who, &wanted).await?.pop();
    let which = other.map_or_else(String::new, |one| format!(": {}", one.id));
    let detail = format!("There is an entry with this external_ref already{which}; read it, and change it by its id.");
    let errors = vec![Misfit::new("/external_ref", "another entry has it")];
    Ok(Problem { errors, ..Problem::new(Kind::Conflict, detail) })
}

/// From when to when, by a body.
fn times(body: &Value, found: &mut Vec<Misfit>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (start, end) = (values::instant(body, "start")?, values::instant(body, "end")?);
    if start >= end {
        found.push(Misfit::new("/end", "it is not after the start"));
    } else if end - start > chrono::TimeDelta::hours(24) {
        found.push(Misfit::new("/end", "an entry is not longer than a day"));
    } else {
        return Some((start, end));
    }
    None
}

/// The work day: a day on which some of it lies, and on which this person's time is recorded.
fn date(
    body: &Value,
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
    timezone: Option<&Tz>,
    person: Option<&Staff>,
    found: &mut Vec<Misfit>,
) -> Option<NaiveDate> {
    let (start, end) = times?;
    let day = |at: DateTime<Utc>| at.with_timezone(timezone.unwrap_or(&Tz::UTC)).date_naive();
    let date = body["date"].as_str().and_then(|date| date.parse().ok()).unwrap_or_else(|| day(start));
    if timezone.is_some() && date != day(start) && date != day(end) {
        found.push(Misfit::new("/date", "the entry neither starts nor ends on this day"));
    }
    if person.is_some_and(|person| !person.works_on(date)) {
        found.push(Misfit::new("/start", "time of this person is not recorded on this day"));
    }
    Some(date)
}

async fn replace(mut call: Call) -> Result<Answer, Problem> {
    let names = ["client", "project", "task", "description"];
    let implied = call.body.get("project").is_some_and(Value::is_string);
    if let Value::Object(fields) = &mut call.body {
        // A project brings its client.
        for name in names.into_iter().filter(|name| *name != "client" || !implied) {
            fields.entry(name).or_insert(Value::Null);
        }
        fields.entry("tags").or_insert_with(|| Value::Array(Vec::new()));
    }
    change(call).await
}

async fn patch(call: Call) -> Result<Answer, Problem> {
    change(call).await
}

async fn change(call: Call) -> Result<Answer, Problem> {
    let entry = seen(&call, EntryId(call.id()?)).await?;
    let acts = acts(&call, &entry).await?;
    let active = call.active().await?;
    let entry = call.desk(&active).act(entry.id, call.seen, &Do::Change(acts)).await?;
    shown(&call, &entry).await
}

/// The decisions that a body means about an entry.
pub(super) async fn acts(call: &Call, entry: &Entry) -> Result<Vec<Act>, Problem> {
    let active = call.active().await?;
    let mut found = Vec::new();
    let assignment = values::assignment(&active.rules.catalog, &call.body, "", &mut found);
    let mut all = call.body.clone();
    for (name, at) in [("start", entry.body.start), ("end", entry.body.end)] {
        if all.get(name).is_none() {
            all[name] = Value::from(at.to_rfc3339());
        }
    }
    let times = times(&all, &mut found);
    values::all_fit(found)?;
    let mut acts = Vec::new();
    if assignment != Assignment::default() {
        acts.push(Act::Assign(assignment));
    }
    if let Some((start, end)) = times.filter(|times| *times != (entry.body.start, entry.body.end)) {
        let seen = review::seen(&mut call.app.store.read().await?, entry).await?;
        acts.push(Act::Time(EditedTime { start, end, seen }));
    }
    Ok(acts)
}

async fn remove(call: Call) -> Result<Answer, Problem> {
    let entry = seen(&call, EntryId(call.id()?)).await?;
    let active = call.active().await?;
    call.desk(&active).act(entry.id, call.seen, &Do::Change(vec![Act::NotWork])).await?;
    Ok(Answer::NOTHING)
}
