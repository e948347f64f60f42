//! What people took out of a week, with a way back: as not work, by joining it into another, or by giving its time to another.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{
    layout::csrf,
    text::{Style, words},
    week::{Week, address},
};
use crate::{
    model::{
        decision::{Act, Decision},
        entry::Entry,
    },
    web::guard::Signed,
};

/// Whether a decision took a void entry out.
pub(super) fn takes_out(decision: &Decision, entry: &Entry) -> bool {
    let is_about = decision.subject == entry.key.meeting.0;
    is_about
        && match decision.act {
            Act::NotWork => true,
            Act::Merge { into, .. } => into != entry.key.meeting && decision.segment == entry.key.segment,
            Act::GiveWay(_) => decision.segment == entry.key.segment,
            _ => false,
        }
}

pub(super) fn gone(signed: &Signed, week: &Week, style: Style) -> Markup {
    let time = |entry: &Entry, at: DateTime<Utc>| style.time(at, entry.body.timezone);
    html! {
        @if !week.gone.is_empty() {
            details.no-print {
                summary { "Taken out of this week (" (week.gone.len()) ")" }
                @for entry in &week.gone {
                    form.row method="post" action={ "/entries/" (entry.id) } {
                        (csrf(signed)) input type="hidden" name="version" value=(entry.version);
                        input type="hidden" name="back" value=(address(week.monday, week.staff.id, None));
                        span { (style.date(entry.body.date)) " " (time(entry, entry.body.start)) "–" (time(entry, entry.body.end)) " "
                            @if let Some(title) = week.titles.get(&entry.id) { (words(title)) } }
                        button name="act" value="undo" { "Bring it back" }
                    }
                }
            }
        }
    }
}
