//! The fields in which people say what an entry was: the same wherever one is open. A form says what it showed, so that only what someone
//! typed is a decision.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::model::entry::Body;

/// What a field showed, as `name=value`.
const WAS: &str = "was";
/// Fields that say something where they are empty: that there is none.
const CLEARED: [&str; 3] = ["project", "task", "description"];

/// What it is for and when it was. `unsaid` is what the billable flag becomes if nothing is said of it.
pub(super) fn fields(body: &Body, unsaid: &str) -> Markup {
    let time = |at: DateTime<Utc>| at.with_timezone(&body.timezone).format("%H:%M").to_string();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (project, task, description) = (text(&body.project), text(&body.task), text(&body.description));
    let (start, end) = (time(body.start), time(body.end));
    let shown = [("project", &project), ("task", &task), ("description", &description), ("start", &start), ("end", &end)];
    html! {
        @for (name, value) in shown { input type="hidden" name=(WAS) value={ (name) "=" (value) }; }
        label { "Project" input name="project" list="projects" value=(project) autocomplete="off"; }
        label { "Task" input name="task" value=(task); }
        label { "Billable" select name="billable" { @for (value, name) in [("", unsaid), ("yes", "yes"), ("no", "no")] { option value=(value) { (name) } } } }
        label { "From" input type="time" name="start" value=(start); }
        label { "To" input type="time" name="end" value=(end); }
        label { "Description" input name="description" value=(description); }
    }
}

/// What someone typed into these fields, as `name=value`.
pub(super) fn typed(pairs: &[(String, String)], names: &[&str]) -> Vec<String> {
    let is_changed = |field: &String| !pairs.iter().any(|(name, shown)| name == WAS && line(shown) == line(field));
    let is_said = |name: &str, value: &str| !value.is_empty() || (CLEARED.contains(&name) && pairs.iter().any(|(name, _)| name == WAS));
    let fields = names.iter().filter_map(|name| {
        let value = pairs.iter().find(|(key, _)| key == name)?.1.trim();
        is_said(name, value).then(|| format!("{name}={value}"))
    });
    fields.filter(is_changed).collect()
}

/// As a field of one line shows it.
fn line(text: &str) -> String {
    text.replace(['\r', '\n'], "").trim_end().to_owned()
}

/// Codes and names to choose from, in a field that names this list.
pub(super) fn projects(list: &str, catalog: &[(String, String)]) -> Markup {
    html! { datalist id=(list) { @for (code, name) in catalog { option value=(code) { (name) } } } }
}
