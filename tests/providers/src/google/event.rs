//! Google's events: how they look, and what becomes of them when a client changes one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::{ZONE, stamp};
use crate::{
    calendar::{Exception, Item, Occurrence, instant, merge},
    oauth::now,
    state::State,
};

/// What a client cannot set: a body that replaces another keeps it.
const KEPT: &[&str] = &[
    "kind",
    "etag",
    "id",
    "status",
    "htmlLink",
    "created",
    "updated",
    "creator",
    "organizer",
    "iCalUID",
    "sequence",
    "eventType",
    "recurringEventId",
    "originalStartTime",
];

/// An occurrence as a list shows it.
pub(super) fn shown(item: &Item, found: &Occurrence) -> Value {
    found.original.map_or_else(|| item.body.clone(), |original| instance(item, &found.id, original))
}

fn suffix(item: &Item, original: DateTime<Utc>) -> String {
    original.format(if item.is_all_day { "%Y%m%d" } else { "%Y%m%dT%H%M%SZ" }).to_string()
}

/// What is left of a deleted event.
pub(super) fn tombstone(item: &Item, id: &str) -> Value {
    json!({ "kind": "calendar#event", "etag": item.body["etag"], "id": id, "status": "cancelled" })
}

/// An instance that was taken out: of it no more is certain than this.
pub(super) fn called_off_one(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
    let id = format!("{master}_{}", suffix(item, original));
    let mut body = tombstone(item, &id);
    body["recurringEventId"] = json!(master);
    body["originalStartTime"] = written(item, original);
    body
}

/// An instance of a series: as the series has it, as it was changed, or that it was taken out.
pub(super) fn instance(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
    let id = format!("{master}_{}", suffix(item, original));
    let point = |at: DateTime<Utc>| written(item, at);
    let body = match item.exceptions.get(&original) {
        Some(Exception { body: None, .. }) => return called_off_one(item, master, original),
        Some(Exception { body: Some(body), .. }) => body.clone(),
        None => {
            let mut body = item.body.clone();
            body["start"] = point(original);
            body["end"] = point(original + (item.end - item.start));
            body
        }
    };
    let mut body = body;
    body.as_object_mut().into_iter().for_each(|object| drop(object.remove("recurrence")));
    body["id"] = json!(id);
    body["recurringEventId"] = json!(master);
    body["originalStartTime"] = point(original);
    body
}

fn written(item: &Item, at: DateTime<Utc>) -> Value {
    if item.is_all_day {
        return json!({ "date": at.date_naive().to_string() });
    }
    json!({ "dateTime": at.with_timezone(&item.zone).to_rfc3339_opts(SecondsFormat::Secs, true), "timeZone": item.zone.name() })
}

/// A master's id, and which instance of it is meant.
pub(super) fn split(id: &str) -> (String, Option<DateTime<Utc>>) {
    let parsed = id.rsplit_once('_').and_then(|(master, end)| {
        let at = NaiveDateTime::parse_from_str(end, "%Y%m%dT%H%M%SZ").ok();
        let day = NaiveDate::parse_from_str(end, "%Y%m%d").ok().map(|day| day.and_time(NaiveTime::MIN));
        Some((master.to_owned(), Some(at.or(day)?.and_utc())))
    });
    parsed.unwrap_or_else(|| (id.to_owned(), None))
}

fn point(value: &Value) -> Option<(DateTime<Utc>, Tz, bool)> {
    if let Some(day) = value["date"].as_str().and_then(|day| day.parse::<NaiveDate>().ok()) {
        return Some((day.and_time(NaiveTime::MIN).and_utc(), Tz::UTC, true));
    }
    let zone: Tz = value["timeZone"].as_str().and_then(|zone| zone.parse().ok()).unwrap_or(ZONE);
    let text = value["dateTime"].as_str()?;
    let at = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let local = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").map(|local| instant(zone, local));
    Some((at.or_else(|_| local()).ok()?, zone, false))
}

/// What a body says, kept.
fn item(body: Value) -> Option<Item> {
    let (start, zone, is_all_day) = point(&body["start"])?;
    let (end, ..) = point(&body["end"])?;
    let rules = body["recurrence"].as_array().into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect();
    Some(Item { body, start, end, zone, is_all_day, rules, exceptions: BTreeMap::new(), is_gone: false, is_outlived: false, changed: 0 })
}

/// A person's client inserts an event.
pub(crate) fn add(state: &mut State, calendar: &str, event: &Value) -> String {
    let id = event["id"].as_str().map_or_else(|| state.fresh("ev"), str::to_owned);
    let Some(kept) = state.calendars.get_mut(calendar) else { return id };
    let owner = kept.owner.clone();
    let at = stamp(now());
    let mut body = json!({ "kind": "calendar#event", "etag": format!("\"{}\"", kept.clock + 1), "id": id, "status": "confirmed",
        "htmlLink": format!("https://www.google.com/calendar/event?eid={id}"), "created": at, "updated": at,
        "creator": { "email": owner, "self": true }, "organizer": { "email": owner, "self": true },
        "iCalUID": format!("{id}@google.com"), "sequence": 0, "reminders": { "useDefault": true }, "eventType": "default" });
    merge(&mut body, event);
    // A date has no zone, and a time that was given without an offset gets one.
    if let Some(made) = item(body) {
        let mut made = made;
        (made.body["start"], made.body["end"]) = (written(&made, made.start), written(&made, made.end));
        mark_self(&mut made.body, &owner);
        kept.put(&id, made);
    }
    id
}

fn mark_self(body: &mut Value, owner: &str) {
    for person in body.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten() {
        if person["email"] == owner {
            person["self"] = json!(true);
        }
    }
    if body["organizer"]["email"] != owner {
        body["organizer"].as_object_mut().into_iter().for_each(|organizer| drop(organizer.remove("self")));
    }
}

/// A person's client changes an event, or one instance of a series.
pub(crate) fn edit(state: &mut State, calendar: &str, id: &str, patch: &Value) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    let (master, original) = if kept.items.contains_key(id) { (id.to_owned(), None) } else { split(id) };
    let Some(before) = kept.items.get(&master).cloned() else { return };
    let touch = |body: &mut Value, clock: u64| {
        merge(body, patch);
        body["updated"] = json!(stamp(now()));
        body["etag"] = json!(format!("\"{clock}\""));
    };
    match original {
        None => {
            let mut body = before.body.clone();
            touch(&mut body, kept.clock + 1);
            if let Some(mut made) = item(body) {
                (made.body["start"], made.body["end"]) = (written(&made, made.start), written(&made, made.end));
                let is_moved = made.start != before.start || made.rules != before.rules;
                // A moved series forgets what was special about its instances.
                made.exceptions = if is_moved { BTreeMap::new() } else { before.exceptions };
                kept.put(&master, made);
            }
        }
        Some(original) => {
            let mut body = instance(&before, &master, original);
            touch(&mut body, kept.clock + 1);
            if let (Some((start, ..)), Some((end, ..))) = (point(&body["start"]), point(&body["end"])) {
                (body["start"], body["end"]) = (written(&before, start), written(&before, end));
                kept.except(&master, original, Exception { body: Some(body), start, end, changed: 0 });
                kept.touch(&master, &stamp(now()));
            }
        }
    }
}

/// A person's client deletes an event, or one instance of a series.
pub(crate) fn delete(state: &mut State, calendar: &str, id: &str) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    let (master, original) = if kept.items.contains_key(id) { (id.to_owned(), None) } else { split(id) };
    match original {
        None => kept.delete(&master),
        Some(original) => kept.except(&master, original, Exception { body: None, start: original, end: original, changed: 0 }),
    }
    kept.touch(&master, &stamp(now()));
}

/// A series is called off, and what was changed of it before goes on.
pub(crate) fn outlive(state: &mut State, calendar: &str, id: &str) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    kept.outlive(id);
    kept.touch(id, &stamp(now()));
}

/// A whole body as a patch: what it does not say is taken out, but for what no client sets.
pub(super) fn replacing(before: &Value, body: &Value) -> Value {
    let mut patch = body.clone();
    for key in before.as_object().into_iter().flat_map(serde_json::Map::keys) {
        if patch.get(key).is_none() && !KEPT.contains(&key.as_str()) {
            patch[key] = Value::Null;
        }
    }
    patch
}
