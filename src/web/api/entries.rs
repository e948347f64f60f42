//! `entries`: reading one, writing one that no calendar has, changing what was decided about one.

use axum::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    entry::{Emails, Shown},
    lists,
    operation::{Answer, Call, Operation},
    problem::{Kind, Misfit, Problem},
    values::{self, says_what},
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
    store::{self, queue::EntriesWanted},
};

says_what! {
    /// An entry that no calendar has.
    NewEntry {
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
        /// The name of this entry where it comes from: no two entries of the API have the same.
        #[schema(min_length = 1, max_length = 200)]
        external_ref: Option<String>,
    }
}

says_what! {
    /// All that a person decides about an entry: what is absent is cleared.
    WholeEntry {
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    }
}

says_what! {
    /// What is to change: absent stays, null clears.
    EntryPatch {
        #[schema(nullable = false)]
        start: Option<DateTime<Utc>>,
        #[schema(nullable = false)]
        end: Option<DateTime<Utc>>,
    }
}

pub(super) fn operations() -> Vec<Operation> {
    let changes = [Kind::Conflict, Kind::Gone];
    vec![
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
        let told = "It stands no more: its event went, or it was no work. `GET /entries?status=void` shows what it was; `POST /entries/{id}/undo` takes back what was done last to it.";
        return Err(Problem::new(Kind::Gone, told));
    }
    shown(&call, &entry).await
}

async fn write(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let body = &call.body;
    let mut found = Vec::new();
    let assignment = values::assignment((&active.rules.catalog, None), body, "", &mut found);
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
    let assignment = values::assignment((&active.rules.catalog, Some(&entry.body)), &call.body, "", &mut found);
    let mut all = call.body.clone();
    for (name, at) in [("start", entry.body.start), ("end", entry.body.end)] {
        if all.get(name).is_none() {
            all[name] = Value::from(at.to_rfc3339());
        }
    }
    let times = times(&all, &mut found);
    // What is absent stays what it is, to the last fraction of a second.
    let given = |name: &str, at, stands| if call.body.get(name).is_some() { at } else { stands };
    let times = times.map(|(start, end)| (given("start", start, entry.body.start), given("end", end, entry.body.end)));
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
