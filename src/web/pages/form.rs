//! What forms send, and where people go afterwards.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Failure, layout::Done};
use crate::web::signin::target;

/// What was done just before, as the address of the next page says.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Before {
    #[serde(default)]
    pub(super) done: String,
    #[serde(default)]
    pub(super) undo: String,
    #[serde(default)]
    pub(super) rule: String,
}

impl Before {
    /// What the page says of it. Only words of ours are said, whatever the address holds.
    pub(super) fn told(&self) -> Option<Done> {
        let words = match self.done.as_str() {
            "answered" => "Answered.",
            "dismissed" => "Accepted as it is.",
            "not-work" => "Taken out: it was not work.",
            "snoozed" => "Put off.",
            "assigned" => "Handed over.",
            "saved" => "Saved.",
            "reading" => "It is read from now on; what it says is here in a moment.",
            "removed" => "It is read no more; what it said stands.",
            "submitted" => "Submitted.",
            "approved" => "Approved.",
            "rejected" => "Sent back.",
            "reopened" => "Reopened.",
            "withdrawn" | "undone" => "Taken back.",
            "written" => "The rule is written and in force.",
            "some" => "Done, except where someone else was quicker or it was not allowed: those still stand here.",
            _ => return None,
        };
        let some = |text: &String| {
            text.chars().all(|char| char.is_ascii_hexdigit() || char == '-').then(|| text.clone()).filter(|text| !text.is_empty())
        };
        Some(Done { words: words.to_owned(), undo: some(&self.undo), back: None, rule: some(&self.rule).map(|id| format!("/rule/{id}")) })
    }
}

/// On to the next page, which says what was done.
pub(super) fn go(to: &str, done: &str, undo: Option<&str>, rule: Option<&str>) -> Response {
    let (path, query) = target(to).split_once('?').unwrap_or((target(to), ""));
    let mut address = url::form_urlencoded::Serializer::new(String::new());
    address.extend_pairs(url::form_urlencoded::parse(query.as_bytes())).append_pair("done", done);
    for (name, value) in [("undo", undo), ("rule", rule)] {
        if let Some(value) = value {
            address.append_pair(name, value);
        }
    }
    Redirect::to(&format!("{path}?{}", address.finish())).into_response()
}

/// A value of a form; none where it is empty or absent.
pub(super) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// What was ticked, each with the version that was seen.
pub(super) fn ticked<T: std::str::FromStr>(pairs: &[(String, String)]) -> Result<Vec<(T, Option<i64>)>, Failure> {
    let one = |text: &str| {
        let (id, version) = text.split_once(':')?;
        Some((id.parse().ok()?, Some(version.parse().ok()?)))
    };
    pairs.iter().filter(|(name, _)| name == "one").map(|(_, text)| one(text).ok_or(Failure::NotFound)).collect()
}
