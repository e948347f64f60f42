//! Where the address of a feed is typed: to have it read, and when it changed.

use maud::{Markup, html};

use super::{Failure, calendars, layout::csrf};
use crate::{
    model::{
        ids::{CalendarId, StaffId},
        principal::Role,
    },
    web::guard::Signed,
};

pub(super) const NAME_MAX: usize = 100;

/// What was typed and not taken, without the address.
pub(super) struct Attempt {
    /// The feed that was to have another address; none if one was to be added.
    pub(super) of: Option<CalendarId>,
    pub(super) wrong: String,
    pub(super) name: String,
    pub(super) privacy: String,
    pub(super) whose: String,
}

/// Whose feeds someone may add: her own, if her time is recorded.
pub(super) fn owner(signed: &Signed) -> Result<StaffId, Failure> {
    signed.who.staff.filter(|_| signed.who.has(Role::Staff)).ok_or(Failure::NotFound)
}

/// Where a feed is added, for whoever may.
pub(super) fn form(signed: &Signed, attempt: Option<&Attempt>) -> Markup {
    let attempt = attempt.filter(|attempt| attempt.of.is_none());
    let typed = |of: fn(&Attempt) -> &str| attempt.map_or("", of);
    html! {
        @if owner(signed).is_ok() {
            details #feed open[attempt.is_some()] {
                summary { "A calendar that is published at an address" }
                p.quiet {
                    "Its settings show a secret address: in Google under “Integrate calendar”, in Outlook under “Shared calendars”, elsewhere "
                    "under “publish” or “iCal”. Whoever has it can read the calendar, so it is locked away as soon as you send it and never shown again."
                }
                form method="post" action="/calendars/feeds" autocomplete="off" {
                    (csrf(signed))
                    (address("feed-address", "Secret address", attempt))
                    div.row.below {
                        label { "What to call it" input name="name" value=(typed(|one| &one.name)) maxlength=(NAME_MAX) autocomplete="off"; }
                        (calendars::kept(typed(|one| &one.privacy)))
                        (calendars::counted(typed(|one| &one.whose)))
                    }
                    div.acts { button.primary { "Read this calendar" } }
                }
            }
        }
    }
}

/// Where a feed gets another address.
pub(super) fn readdressing(signed: &Signed, id: CalendarId, attempt: Option<&Attempt>) -> Markup {
    let attempt = attempt.filter(|attempt| attempt.of == Some(id));
    html! {
        @if owner(signed).is_ok() {
            details open[attempt.is_some()] {
                summary { "Its address changed" }
                p.quiet { "It stays the same calendar: what it said before stands, and the former address is forgotten." }
                form method="post" action=(format!("/calendars/{id}/address")) autocomplete="off" {
                    (csrf(signed))
                    (address(&format!("address-{id}"), "New secret address", attempt))
                    div.acts { button { "Read it there" } }
                }
            }
        }
    }
}

/// A field that is read while it is typed. As a password field people could not see whether they pasted all of it, and browsers would
/// keep it as the password of this site and offer that one in its place; what must not happen to it is said to the browser instead.
fn address(id: &str, label: &str, attempt: Option<&Attempt>) -> Markup {
    let hint = format!("{id}-wrong");
    html! {
        @if let Some(attempt) = attempt { p.wrong #(hint) role="alert" { (attempt.wrong) " Type the address again." } }
        label for=(id) { (label) }
        input.wide #(id) type="url" name="address" required placeholder="https://…/basic.ics" autocomplete="off" spellcheck="false"
            autocapitalize="none" data-focus[attempt.is_some()] autofocus[attempt.is_some()]
            aria-invalid=[attempt.map(|_| "true")] aria-describedby=[attempt.map(|_| &hint)];
    }
}
