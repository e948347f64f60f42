//! Graph's events: how they look, and what becomes of them when a client changes one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::{MUTABLE, prefer::Prefer};
use crate::{
    calendar::{Exception, Item, instant, merge},
    oauth::now,
    state::State,
};

/// Words that the published schema has for a field.
const WORDS: &[(&str, &[&str])] = &[
    ("type", &["singleInstance", "occurrence", "exception", "seriesMaster"]),
    ("showAs", &["unknown", "free", "tentative", "busy", "oof", "workingElsewhere"]),
    ("sensitivity", &["normal", "personal", "private", "confidential"]),
    ("importance", &["low", "normal", "high"]),
];
/// A zone that its mailbox made itself.
const CUSTOM: &str = "tzone://Microsoft/Custom";

/// The traps that an event lays.
pub(super) fn traps(body: &Value) -> impl Iterator<Item = &'static str> {
    let is_odd = WORDS.iter().any(|(key, words)| body[*key].as_str().is_some_and(|word| !words.contains(&word)));
    let is_custom = body["originalStartTimeZone"] == CUSTOM;
    is_odd.then_some("unknown-enum").into_iter().chain(is_custom.then_some("custom-zone"))
}

/// Whether a series has an occurrence there.
pub(super) fn has(item: &Item, original: Option<DateTime<Utc>>) -> bool {
    original.is_none_or(|original| {
        item.is_series() && item.has(original) && item.exceptions.get(&original).is_none_or(|exception| exception.body.is_some())
    })
}

fn occurrence_id(master: &str, original: DateTime<Utc>) -> String {
    format!("{master}~{}", original.timestamp())
}

pub(super) fn split(id: &str) -> (String, Option<DateTime<Utc>>) {
    let parsed = id.rsplit_once('~').and_then(|(master, at)| Some((master.to_owned(), DateTime::from_timestamp(at.parse().ok()?, 0)?)));
    parsed.map_or_else(|| (id.to_owned(), None), |(master, at)| (master, Some(at)))
}

pub(super) fn skeleton(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
    let end = original + (item.end - item.start);
    json!({ "@odata.type": "#microsoft.graph.event", "@odata.etag": item.body["@odata.etag"], "id": occurrence_id(master, original),
        "seriesMasterId": master, "type": "occurrence", "start": point(original), "end": point(end) })
}

/// An occurrence with everything it has from its series, or an exception.
pub(super) fn full(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
    let exception = item.exceptions.get(&original).and_then(|exception| exception.body.clone());
    let kind = if exception.is_some() { "exception" } else { "occurrence" };
    let mut body = exception.unwrap_or_else(|| {
        let mut body = item.body.clone();
        (body["start"], body["end"]) = (point(original), point(original + (item.end - item.start)));
        body
    });
    body["id"] = json!(occurrence_id(master, original));
    body["seriesMasterId"] = json!(master);
    body["type"] = json!(kind);
    body["recurrence"] = Value::Null;
    body["originalStart"] = json!(original.to_rfc3339_opts(SecondsFormat::Secs, true));
    body
}

/// Seven digits and no offset, in UTC.
fn point(at: DateTime<Utc>) -> Value {
    json!({ "dateTime": at.format("%Y-%m-%dT%H:%M:%S.0000000").to_string(), "timeZone": "UTC" })
}

/// As the request prefers it: ids, the zone of times (never of all-day ones), the kind of body.
pub(super) fn written(mut body: Value, prefer: &Prefer) -> Value {
    if !prefer.is_immutable {
        for key in ["id", "seriesMasterId"] {
            if let Some(id) = body[key].as_str() {
                body[key] = json!(format!("{MUTABLE}{id}"));
            }
        }
    }
    let zone = prefer.zone.as_deref().and_then(known_zone);
    if let (Some((zone, name)), true) = (zone, body["isAllDay"] != json!(true)) {
        for key in ["start", "end"] {
            let at = body[key]["dateTime"].as_str().and_then(|text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok());
            if let Some(at) = at {
                let local = at.and_utc().with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S.0000000").to_string();
                body[key] = json!({ "dateTime": local, "timeZone": name });
            }
        }
    }
    if prefer.is_text && body["body"]["contentType"] == "html" {
        let text: String = body["body"]["content"]
            .as_str()
            .unwrap_or_default()
            .split('<')
            .enumerate()
            .map(|(place, part)| if place == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) })
            .collect();
        body["body"] = json!({ "contentType": "text", "content": text });
    }
    body
}

/// A few of Windows' zones, and all of IANA's.
fn known_zone(name: &str) -> Option<(Tz, String)> {
    let iana = match name {
        "W. Europe Standard Time" => "Europe/Berlin",
        "GMT Standard Time" => "Europe/London",
        "Eastern Standard Time" => "America/New_York",
        "Pacific Standard Time" => "America/Los_Angeles",
        "Tokyo Standard Time" => "Asia/Tokyo",
        other => other,
    };
    iana.parse().ok().map(|zone| (zone, name.to_owned()))
}

/// What a client wrote as a time.
fn read_point(value: &Value) -> Option<(DateTime<Utc>, Tz)> {
    let zone = value["timeZone"].as_str().map_or(Some(Tz::UTC), |name| known_zone(name).map(|(zone, _)| zone))?;
    let text = value["dateTime"].as_str()?.trim_end_matches('Z');
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some((instant(zone, local), zone))
}

fn item(mut body: Value) -> Option<Item> {
    let ((start, zone), (end, _)) = (read_point(&body["start"])?, read_point(&body["end"])?);
    let is_all_day = body["isAllDay"] == json!(true);
    let rules: Vec<String> = rule(&body["recurrence"]).into_iter().collect();
    let zone = body["originalStartTimeZone"].as_str().and_then(known_zone).map_or(zone, |(zone, _)| zone);
    (body["start"], body["end"]) = (point(start), point(end));
    body["type"] = json!(if rules.is_empty() { "singleInstance" } else { "seriesMaster" });
    Some(Item { body, start, end, zone, is_all_day, rules, exceptions: BTreeMap::new(), is_gone: false, is_outlived: false, changed: 0 })
}

/// A recurrence as RFC 5545 has it.
fn rule(recurrence: &Value) -> Option<String> {
    let pattern = recurrence.get("pattern")?;
    let number = |key: &str| pattern[key].as_i64().filter(|number| *number > 0);
    let day = |name: &str| name.get(..2).map(str::to_uppercase);
    let days: Vec<String> = pattern["daysOfWeek"].as_array().into_iter().flatten().filter_map(|name| day(name.as_str()?)).collect();
    let nth = match pattern["index"].as_str().unwrap_or("first") {
        "second" => "2",
        "third" => "3",
        "fourth" => "4",
        "last" => "-1",
        _ => "1",
    };
    let by_nth = || days.iter().map(|day| format!("{nth}{day}")).collect::<Vec<_>>().join(",");
    let mut rule = match pattern["type"].as_str()? {
        "daily" => "FREQ=DAILY".to_owned(),
        "weekly" => format!("FREQ=WEEKLY;BYDAY={}", days.join(",")),
        "absoluteMonthly" => format!("FREQ=MONTHLY;BYMONTHDAY={}", number("dayOfMonth")?),
        "relativeMonthly" => format!("FREQ=MONTHLY;BYDAY={}", by_nth()),
        "absoluteYearly" => format!("FREQ=YEARLY;BYMONTH={};BYMONTHDAY={}", number("month")?, number("dayOfMonth")?),
        "relativeYearly" => format!("FREQ=YEARLY;BYMONTH={};BYDAY={}", number("month")?, by_nth()),
        _ => return None,
    };
    rule.push_str(&format!(";INTERVAL={}", number("interval").unwrap_or(1)));
    let range = &recurrence["range"];
    match range["type"].as_str() {
        Some("numbered") => rule.push_str(&format!(";COUNT={}", range["numberOfOccurrences"].as_i64().unwrap_or(1))),
        Some("endDate") => rule.push_str(&format!(";UNTIL={}T235959Z", range["endDate"].as_str()?.replace('-', ""))),
        _ => {}
    }
    Some(format!("RRULE:{rule}"))
}

/// A person's client inserts an event.
pub(crate) fn add(state: &mut State, calendar: &str, event: &Value) -> String {
    let id = event["id"].as_str().map_or_else(|| state.fresh("AAkAL"), str::to_owned);
    let Some(kept) = state.calendars.get_mut(calendar) else { return id };
    let (owner, at) = (kept.owner.clone(), now().to_rfc3339_opts(SecondsFormat::Millis, true));
    let who = json!({ "emailAddress": { "name": owner, "address": owner } });
    let uid = format!(
        "040000008200E00074C5B7101A82E00800000000{:0>40}",
        id.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}")).chars().rev().take(40).collect::<String>()
    );
    let mut body = json!({ "@odata.type": "#microsoft.graph.event", "@odata.etag": format!("W/\"{}\"", kept.clock + 1), "id": id, "createdDateTime": at,
        "lastModifiedDateTime": at, "changeKey": (kept.clock + 1).to_string(), "categories": [], "transactionId": null,
        "originalStartTimeZone": "W. Europe Standard Time", "originalEndTimeZone": "W. Europe Standard Time", "iCalUId": uid,
        "reminderMinutesBeforeStart": 15, "isReminderOn": true, "hasAttachments": false, "subject": "", "bodyPreview": "", "importance": "normal",
        "sensitivity": "normal", "isAllDay": false, "isCancelled": false, "isOrganizer": true, "responseRequested": true, "seriesMasterId": null,
        "showAs": "busy", "type": "singleInstance", "webLink": "https://outlook.office365.com/owa/?itemid=1", "onlineMeetingUrl": null,
        "isOnlineMeeting": false, "onlineMeetingProvider": "unknown", "allowNewTimeProposals": true, "isDraft": false, "hideAttendees": false,
        "recurrence": null, "responseStatus": { "response": "organizer", "time": "0001-01-01T00:00:00Z" },
        "body": { "contentType": "html", "content": "" }, "location": { "displayName": "", "locationType": "default", "uniqueIdType": "unknown" },
        "locations": [], "attendees": [], "organizer": who, "onlineMeeting": null });
    merge(&mut body, event);
    if let Some(made) = item(body) {
        kept.put(&id, made);
    }
    id
}

/// A person's client changes an event, or one occurrence of a series.
pub(crate) fn edit(state: &mut State, calendar: &str, id: &str, patch: &Value) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    let (master, original) = split(id);
    let Some(before) = kept.items.get(&master).cloned() else { return };
    let key = (kept.clock + 1).to_string();
    let touch = |body: &mut Value| {
        merge(body, patch);
        body["changeKey"] = json!(key);
        body["@odata.etag"] = json!(format!("W/\"{key}\""));
    };
    match original {
        None => {
            let mut body = before.body.clone();
            touch(&mut body);
            if let Some(mut made) = item(body) {
                let is_moved = made.start != before.start || made.rules != before.rules;
                made.exceptions = if is_moved { BTreeMap::new() } else { before.exceptions };
                kept.put(&master, made);
            }
        }
        Some(original) => {
            let mut body = full(&before, &master, original);
            touch(&mut body);
            if let (Some((start, _)), Some((end, _))) = (read_point(&body["start"]), read_point(&body["end"])) {
                (body["start"], body["end"]) = (point(start), point(end));
                kept.except(&master, original, Exception { body: Some(body), start, end, changed: 0 });
            }
        }
    }
}

/// A person's client deletes an event, or one occurrence of a series.
pub(crate) fn delete(state: &mut State, calendar: &str, id: &str) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    match split(id) {
        (master, None) => kept.delete(&master),
        (master, Some(original)) => {
            kept.except(&master, original, Exception { body: None, start: original, end: original + TimeDelta::zero(), changed: 0 });
        }
    }
}
