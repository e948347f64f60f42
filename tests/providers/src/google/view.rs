//! What a request sees of an event: as much as its account's rights allow, no more attendees than asked for, in the zone asked for.

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::ZONE;
use crate::{
    oauth::Query,
    state::{Role, State},
};

/// What is left of a private event for those who only read the calendar.
const SKELETON: &[&str] =
    &["kind", "etag", "id", "status", "visibility", "start", "end", "recurrence", "recurringEventId", "originalStartTime"];
/// Words that the published schema has for a field.
const WORDS: &[(&str, &[&str])] = &[
    ("status", &["confirmed", "tentative", "cancelled"]),
    ("visibility", &["default", "public", "private", "confidential"]),
    ("transparency", &["opaque", "transparent"]),
    ("eventType", &["default", "focusTime", "outOfOffice", "workingLocation", "birthday", "fromGmail"]),
];

pub(super) struct View {
    role: Role,
    attendees_max: Option<usize>,
    pub(super) zone: Tz,
}

impl View {
    pub(super) fn of(state: &State, email: &str, calendar: &str, query: &Query) -> Self {
        let asked = query.get("maxAttendees").and_then(|max| max.parse().ok());
        Self {
            role: state.role(email, calendar),
            attendees_max: asked.into_iter().chain(state.policy.attendees_max).min(),
            zone: query.get("timeZone").and_then(|name| name.parse().ok()).unwrap_or(ZONE),
        }
    }

    pub(super) fn role(&self) -> &'static str {
        self.role.word()
    }

    pub(super) fn may_write(&self) -> bool {
        matches!(self.role, Role::Owner | Role::Writer)
    }

    /// An event as it is answered, and the traps that this laid.
    pub(super) fn shows(&self, mut body: Value) -> (Value, Vec<&'static str>) {
        let mut traps = Vec::new();
        let is_private = ["private", "confidential"].iter().any(|word| body["visibility"] == *word);
        if self.role == Role::FreeBusyReader || self.role == Role::Reader && is_private {
            traps.push("private-skeleton");
            body = skeleton(&body);
        }
        if WORDS.iter().any(|(key, words)| body[*key].as_str().is_some_and(|word| !words.contains(&word))) {
            traps.push("unknown-enum");
        }
        if let (Some(max), Some(all)) = (self.attendees_max, body["attendees"].as_array())
            && all.len() > max
        {
            traps.push("attendees-omitted");
            let own: Vec<Value> = all.iter().filter(|person| person["self"] == true).cloned().collect();
            body["attendeesOmitted"] = json!(true);
            match own.is_empty() {
                true => drop(body.as_object_mut().and_then(|body| body.remove("attendees"))),
                false => body["attendees"] = json!(own),
            }
        }
        for key in ["start", "end", "originalStartTime"] {
            body.get_mut(key).into_iter().for_each(|point| self.place(point));
        }
        (body, traps)
    }

    /// The offset is that of the zone asked for; the zone that is named stays the event's own.
    fn place(&self, point: &mut Value) {
        if point["timeZone"] == self.zone.name() {
            return;
        }
        let at = point["dateTime"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        if let Some(at) = at {
            point["dateTime"] = json!(at.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::Secs, true));
        }
    }
}

fn skeleton(body: &Value) -> Value {
    let mut kept: serde_json::Map<String, Value> =
        SKELETON.iter().filter_map(|key| Some(((*key).to_owned(), body.get(*key)?.clone()))).collect();
    if kept.contains_key("start") {
        kept.insert("visibility".to_owned(), json!("private"));
    }
    kept.into()
}

/// Google's partial responses: `a,b(c,d),e/f`.
pub(super) fn partial(value: &Value, fields: &str) -> Value {
    if let Some(list) = value.as_array() {
        return list.iter().map(|one| partial(one, fields)).collect();
    }
    let mut kept = json!({});
    for field in top_level(fields) {
        let (name, inner) = match (field.find('('), field.find('/')) {
            (Some(at), slash) if slash.is_none_or(|slash| at < slash) => (&field[..at], Some(field[at + 1..].trim_end_matches(')'))),
            (_, Some(at)) => (&field[..at], Some(&field[at + 1..])),
            _ => (field, None),
        };
        if name == "*" {
            return value.clone();
        }
        if let Some(found) = value.get(name) {
            kept[name] = inner.map_or_else(|| found.clone(), |inner| partial(found, inner));
        }
    }
    kept
}

fn top_level(fields: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, char) in fields.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(fields[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(fields[start..].trim());
    parts
}
