//! What an event is to a person: hers, answered how, or not hers at all (SEMANTICS S23).

use crate::model::event::{Fact, Response};

/// What the person with these addresses answered. An explicit no or maybe wins over being the organiser.
pub(crate) fn response(fact: &Fact, addresses: &[String], is_owner: bool) -> Response {
    let is_her = |email: &str| addresses.iter().any(|own| own == email);
    let answered = fact.text.attendees.iter().find(|attendee| is_her(&attendee.email)).map(|attendee| attendee.response);
    let organizes = fact.text.organizer.as_deref().is_some_and(is_her);
    match answered {
        Some(Response::Declined | Response::Tentative) => answered.unwrap_or(Response::Unknown),
        _ if organizes => Response::Organizer,
        Some(response) => response,
        None if fact.text.attendees.is_empty() && is_owner => Response::Organizer,
        None if is_owner => Response::Unknown,
        None => Response::NotInvited,
    }
}
