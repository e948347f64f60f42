//! Microsoft Graph v1.0: its requests for calendars, and how its events look.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, Response, header},
};
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::{
    calendar::{Exception, Item, instant, merge},
    faults::{graph_error, respond},
    oauth::{Query, encoded, now, subject},
    state::{List, Pending, State},
};

const CONTEXT: &str = "https://graph.microsoft.com/v1.0/$metadata#Collection(event)";
/// What an id begins with where immutable ones were not asked for.
const MUTABLE: &str = "AAMkMUTABLE";

/// What a request prefers (RFC 7240).
#[derive(Clone, Debug)]
struct Prefer {
    is_immutable: bool,
    zone: Option<String>,
    page: Option<usize>,
    is_text: bool,
}

impl Prefer {
    fn of(headers: &HeaderMap) -> Self {
        let all: Vec<String> = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let all = all.join(",");
        let value = |name: &str| {
            let found =
                all.split([',', ';']).map(str::trim).find(|part| part.to_lowercase().starts_with(&format!("{}=", name.to_lowercase())))?;
            found.split_once('=').map(|(_, value)| value.trim_matches('"').to_owned())
        };
        Self {
            is_immutable: value("IdType").is_some_and(|kind| kind.eq_ignore_ascii_case("ImmutableId")),
            zone: value("outlook.timezone"),
            page: value("odata.maxpagesize").and_then(|size| size.parse().ok()),
            is_text: value("outlook.body-content-type").is_some_and(|kind| kind == "text"),
        }
    }
}

fn fail(status: u16, code: &str, message: &str) -> Response<Body> {
    respond(status, &graph_error(code, message))
}

fn not_found() -> Response<Body> {
    fail(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

/// One request of the API, for the account whose token it carried. `base` is how the client reached us.
#[expect(clippy::too_many_arguments, reason = "a request has these parts")]
pub(crate) fn serve(
    state: &mut State,
    email: &str,
    method: &str,
    path: &[String],
    query: &Query,
    body: &Value,
    headers: &HeaderMap,
    base: &str,
) -> Response<Body> {
    let prefer = Prefer::of(headers);
    let main = state.accounts.get(email).and_then(|ids| ids.first()).cloned().unwrap_or_default();
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (calendar, rest) = match parts.as_slice() {
        ["me"] => return me(email),
        ["me", "calendars"] => return calendars(state, email, query, base),
        ["me", "calendar"] => return one_calendar(state, email, &main),
        ["me", "calendars", id] => return one_calendar(state, email, id),
        ["me", "calendars", id, rest @ ..] => match state.resolve(email, id) {
            Some(id) => (id, rest.to_vec()),
            None => return not_found(),
        },
        ["me", "calendar", rest @ ..] | ["me", rest @ ..] => (main, rest.to_vec()),
        _ => return fail(400, "BadRequest", "Resource not found for the segment."),
    };
    let mut response = match (method, rest.as_slice()) {
        ("GET", ["calendarView"]) => view(state, &calendar, query, &prefer, base, path),
        ("GET", ["calendarView", "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()"]) => {
            delta(state, &calendar, query, &prefer, base, path)
        }
        ("GET", ["events"]) => masters(state, &calendar, query, &prefer, base, path),
        ("POST", ["events"]) => {
            let id = add(state, &calendar, body);
            one(state, &calendar, &id, &prefer, 201)
        }
        ("GET", ["events", id]) => one(state, &calendar, id, &prefer, 200),
        ("GET", ["events", id, "instances"]) => instances(state, &calendar, id, query, &prefer),
        ("PATCH", ["events", id]) => {
            edit(state, &calendar, &plain(id), body);
            one(state, &calendar, id, &prefer, 200)
        }
        ("DELETE", ["events", id]) => {
            delete(state, &calendar, &plain(id));
            let mut gone = Response::new(Body::empty());
            *gone.status_mut() = axum::http::StatusCode::NO_CONTENT;
            gone
        }
        _ => fail(400, "BadRequest", "Resource not found for the segment."),
    };
    let applied = if prefer.is_immutable { "IdType=\"ImmutableId\"" } else { "odata.track-changes" };
    response.headers_mut().insert("preference-applied", header::HeaderValue::from_static(applied));
    if !prefer.is_immutable {
        state.fire("mutable-ids");
    }
    response
}

fn plain(id: &str) -> String {
    id.strip_prefix(MUTABLE).unwrap_or(id).to_owned()
}

fn me(email: &str) -> Response<Body> {
    respond(
        200,
        &json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity", "id": subject(email),
        "displayName": email, "mail": email, "userPrincipalName": email, "businessPhones": [] }),
    )
}

fn calendar_body(state: &State, id: &str) -> Value {
    let calendar = &state.calendars[id];
    json!({ "id": id, "name": calendar.name, "color": "auto", "hexColor": "", "isDefaultCalendar": calendar.is_primary, "changeKey": "k",
        "canShare": true, "canViewPrivateItems": true, "canEdit": true, "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness", "isTallyingResponses": true, "isRemovable": !calendar.is_primary,
        "owner": { "name": calendar.owner, "address": calendar.owner } })
}

fn one_calendar(state: &State, email: &str, id: &str) -> Response<Body> {
    state.resolve(email, id).map_or_else(not_found, |id| respond(200, &calendar_body(state, &id)))
}

fn calendars(state: &State, email: &str, query: &Query, base: &str) -> Response<Body> {
    let ids = state.accounts.get(email).cloned().unwrap_or_default();
    let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
    let (size, from) = (number("$top").unwrap_or(10).clamp(1, 1000), number("$skip").unwrap_or(0));
    let value: Vec<_> = ids.iter().skip(from).take(size).map(|id| calendar_body(state, id)).collect();
    let mut list = json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users('me')/calendars", "value": value });
    if ids.len() > from + size {
        list["@odata.nextLink"] = json!(format!("{base}/v1.0/me/calendars?$top={size}&$skip={}", from + size));
    }
    respond(200, &list)
}

/// The window of a view; both bounds must be given.
fn bounds(query: &Query) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let at = |key: &str| {
        let text = query.get(key)?;
        let offset = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        offset.ok().or_else(|| forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| at.and_utc()))
    };
    Some((at("startDateTime")?, at("endDateTime")?))
}

fn needs_bounds() -> Response<Body> {
    fail(
        400,
        "ErrorInvalidParameter",
        "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
    )
}

fn view(state: &mut State, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    let pending = match query.get("$skiptoken") {
        Some(token) => state.pages.get(token).cloned(),
        None => {
            let Some((from, until)) = bounds(query) else { return needs_bounds() };
            let calendar = &state.calendars[id];
            Some(Pending::new(String::new(), List::of_occurrences(calendar.window(from, until)), calendar.clock))
        }
    };
    let Some(pending) = pending else { return fail(400, "BadRequest", "The skip token is not valid.") };
    let List::Occurrences(all) = &pending.list else { return fail(400, "BadRequest", "The skip token is not valid.") };
    let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
    let size = number("$top").or(prefer.page).unwrap_or(10).clamp(1, 1000).min(state.policy.page_max);
    let (now_shown, left) = pending.page(size, false);
    let calendar = &state.calendars[id];
    let shown = all[now_shown].iter().filter_map(|one| {
        let body = calendar.items.get(&one.id)?;
        let body = one.original.map_or_else(|| body.body.clone(), |original| full(body, &one.id, original));
        Some(selected(written(body, prefer), query.get("$select")))
    });
    let mut list = json!({ "@odata.context": CONTEXT, "value": shown.collect::<Vec<_>>() });
    if let Some(left) = left {
        let token = state.fresh("sk");
        state.pages.insert(token.clone(), left);
        let kept: Vec<String> =
            ["$top", "$select"].iter().filter_map(|key| query.get(*key).map(|value| format!("&{key}={}", encoded(value)))).collect();
        list["@odata.nextLink"] = json!(format!("{base}/v1.0/{}?$skiptoken={token}{}", joined(path), kept.concat()));
    }
    respond(200, &list)
}

fn joined(path: &[String]) -> String {
    path.iter().map(|part| encoded(part)).collect::<Vec<_>>().join("/")
}

fn selected(body: Value, select: Option<&String>) -> Value {
    let (Some(select), Some(object)) = (select, body.as_object()) else { return body };
    let wanted: Vec<&str> = select.split(',').map(str::trim).collect();
    let keeps = |key: &str| key.starts_with("@odata") || key == "id" || wanted.contains(&key);
    object.iter().filter(|(key, _)| keeps(key)).map(|(key, value)| (key.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

fn masters(state: &mut State, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
    let (size, from) = (number("$top").unwrap_or(10).clamp(1, 1000), number("$skip").unwrap_or(0));
    let live: Vec<_> = state.calendars[id].items.values().filter(|item| !item.is_gone).collect();
    let value: Vec<_> =
        live.iter().skip(from).take(size).map(|item| selected(written(item.body.clone(), prefer), query.get("$select"))).collect();
    let mut list = json!({ "@odata.context": CONTEXT, "value": value });
    if live.len() > from + size {
        list["@odata.nextLink"] = json!(format!("{base}/v1.0/{}?$top={size}&$skip={}", joined(path), from + size));
    }
    respond(200, &list)
}

fn one(state: &State, calendar: &str, id: &str, prefer: &Prefer, status: u16) -> Response<Body> {
    let (master, original) = split(&plain(id));
    let item = state.calendars[calendar].items.get(&master).filter(|item| !item.is_gone);
    let body = item.map(|item| original.map_or_else(|| item.body.clone(), |original| full(item, &master, original)));
    body.map_or_else(not_found, |body| respond(status, &written(body, prefer)))
}

fn instances(state: &State, calendar: &str, id: &str, query: &Query, prefer: &Prefer) -> Response<Body> {
    let Some((from, until)) = bounds(query) else { return needs_bounds() };
    let master = plain(id);
    let Some(item) = state.calendars[calendar].items.get(&master).filter(|item| !item.is_gone) else { return not_found() };
    let found = item.instances(&master, from, until);
    let value: Vec<_> = found.iter().filter_map(|one| Some(written(full(item, &master, one.original?), prefer))).collect();
    respond(200, &json!({ "@odata.context": CONTEXT, "value": value }))
}

/// A round of changes in a window that was frozen when it began.
fn delta(state: &mut State, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    if ["$select", "$filter", "$expand", "$orderby", "$search"].iter().any(|key| query.contains_key(*key)) {
        return fail(
            400,
            "ErrorInvalidUrlQuery",
            "The following parameters are not supported with change tracking: '$select, $filter, $expand, $orderby, $search'.",
        );
    }
    let get = |key: &str| query.get(key).or_else(|| query.get(&key.to_lowercase()));
    let pending = match (get("$skiptoken"), get("$deltatoken")) {
        (Some(token), _) => match state.pages.get(token).cloned() {
            Some(pending) => pending,
            None => return fail(410, "SyncStateNotFound", "The sync state generation is not found."),
        },
        (None, Some(token)) => match changed(state, id, token) {
            Some(pending) => pending,
            None => return fail(410, "SyncStateNotFound", "The sync state generation is not found."),
        },
        (None, None) => {
            let Some(window) = bounds(query) else { return needs_bounds() };
            let bodies = round(state, id, 0, window);
            Pending::new(frozen(window), List::of_bodies(bodies), state.calendars[id].clock)
        }
    };
    let List::Bodies(bodies) = &pending.list else { return fail(410, "SyncStateNotFound", "The sync state is not found.") };
    let size = prefer.page.unwrap_or(10).clamp(1, 1000).min(state.policy.page_max);
    if prefer.page.is_none() {
        state.fire("default-page-of-ten");
    }
    let (now_shown, left) = pending.page(size, state.policy.empty_pages);
    let value: Vec<_> = bodies[now_shown].iter().map(|body| written(body.clone(), prefer)).collect();
    let mut list = json!({ "@odata.context": CONTEXT, "value": value });
    let at = format!("{base}/v1.0/{}", joined(path));
    match left {
        None => list["@odata.deltaLink"] = json!(format!("{at}?$deltatoken={}.{}", pending.clock, pending.query)),
        Some(left) => {
            let token = state.fresh("R0us");
            list["@odata.nextLink"] = json!(format!("{at}?$skiptoken={token}"));
            if left.was_empty {
                state.fire("empty-page");
            }
            state.pages.insert(token, left);
        }
    }
    respond(200, &list)
}

fn frozen((from, until): (DateTime<Utc>, DateTime<Utc>)) -> String {
    format!("{}.{}", from.timestamp(), until.timestamp())
}

fn changed(state: &mut State, id: &str, token: &str) -> Option<Pending> {
    let mut parts = token.split('.').map(|part| part.parse::<i64>().ok());
    let (clock, from, until) = (parts.next()??, parts.next()??, parts.next()??);
    let window = (DateTime::from_timestamp(from, 0)?, DateTime::from_timestamp(until, 0)?);
    let bodies = round(state, id, u64::try_from(clock).ok()?, window);
    Some(Pending::new(frozen(window), List::of_bodies(bodies), state.calendars[id].clock))
}

/// What a round tells: single events whole, a series as its master, bare occurrences and whole exceptions; of what was taken out of a
/// series, nothing.
fn round(state: &mut State, id: &str, clock: u64, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> Vec<Value> {
    let calendar = &state.calendars[id];
    let (mut bodies, mut traps) = (Vec::new(), Vec::new());
    for (master, item) in calendar.since(clock) {
        let touches = item.end > from && item.start < until;
        let removed = json!({ "@odata.type": "#microsoft.graph.event", "id": master, "@removed": { "reason": "deleted" } });
        if !item.is_series() {
            match (item.is_gone, touches) {
                (false, true) => bodies.push(item.body.clone()),
                (true, _) if clock > 0 => bodies.push(removed),
                (false, false) if clock > 0 => {
                    traps.push("out-of-window-removed");
                    bodies.push(removed);
                }
                _ => {}
            }
            continue;
        }
        if item.is_gone {
            bodies.extend((clock > 0).then_some(removed));
            continue;
        }
        let found = item.instances(master, from, until);
        // Of a series that lost its last occurrence in the window only the master is told.
        let is_told = item.exceptions.values().any(|exception| exception.changed > clock) && clock > 0;
        if found.is_empty() && !is_told {
            continue;
        }
        bodies.push(item.body.clone());
        for one in found {
            let Some(original) = one.original else { continue };
            if item.exceptions.contains_key(&original) {
                bodies.push(full(item, master, original));
            } else {
                traps.push("skeleton-occurrence");
                bodies.push(skeleton(item, master, original));
            }
        }
        if item.exceptions.values().any(|exception| exception.body.is_none() && exception.changed > clock) {
            traps.push("deleted-occurrence-without-trace");
        }
    }
    traps.into_iter().for_each(|trap| state.fire(trap));
    bodies
}

fn occurrence_id(master: &str, original: DateTime<Utc>) -> String {
    format!("{master}~{}", original.timestamp())
}

fn split(id: &str) -> (String, Option<DateTime<Utc>>) {
    let parsed = id.rsplit_once('~').and_then(|(master, at)| Some((master.to_owned(), DateTime::from_timestamp(at.parse().ok()?, 0)?)));
    parsed.map_or_else(|| (id.to_owned(), None), |(master, at)| (master, Some(at)))
}

fn skeleton(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
    let end = original + (item.end - item.start);
    json!({ "@odata.type": "#microsoft.graph.event", "@odata.etag": item.body["@odata.etag"], "id": occurrence_id(master, original),
        "seriesMasterId": master, "type": "occurrence", "start": point(original), "end": point(end) })
}

/// An occurrence with everything it has from its series, or an exception.
fn full(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
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
fn written(mut body: Value, prefer: &Prefer) -> Value {
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
    Some(Item { body, start, end, zone, is_all_day, rules, exceptions: BTreeMap::new(), is_gone: false, changed: 0 })
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
