//! The fields in which people say what an entry was: the same wherever one is open.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::model::entry::Body;

/// What it is for and when it was. `unsaid` is what the billable flag becomes if nothing is said of it.
pub(super) fn fields(body: &Body, unsaid: &str, description: &str) -> Markup {
    let time = |at: DateTime<Utc>| at.with_timezone(&body.timezone).format("%H:%M").to_string();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    html! {
        label { "Project" input name="project" list="projects" value=(text(&body.project)) autocomplete="off"; }
        label { "Task" input name="task" value=(text(&body.task)); }
        label { "Billable" select name="billable" { @for (value, name) in [("", unsaid), ("yes", "yes"), ("no", "no")] { option value=(value) { (name) } } } }
        label { "From" input type="time" name="start" value=(time(body.start)); }
        label { "To" input type="time" name="end" value=(time(body.end)); }
        label { "Description" input name="description" value=(description); }
    }
}

/// A form sends every field; those that say what stands already are no decision.
pub(super) fn changed(body: &Body, typed: Vec<String>) -> Vec<String> {
    let time = |at: DateTime<Utc>| at.with_timezone(&body.timezone).format("%H:%M").to_string();
    let stands = [
        format!("project={}", body.project.as_deref().unwrap_or_default()),
        format!("task={}", body.task.as_deref().unwrap_or_default()),
        format!("description={}", body.description.as_deref().unwrap_or_default()),
        format!("start={}", time(body.start)),
        format!("end={}", time(body.end)),
    ];
    typed.into_iter().filter(|field| !stands.contains(field)).collect()
}

/// Codes and names to choose from, in a field that names this list.
pub(super) fn projects(list: &str, catalog: &[(String, String)]) -> Markup {
    html! { datalist id=(list) { @for (code, name) in catalog { option value=(code) { (name) } } } }
}
