//! What an event is to a person: hers, answered how, or not hers at all (SEMANTICS S23).

use crate::{
    calendar::Told,
    model::event::{Fact, Response},
};

/// What the person with these addresses answered, as far as the provider says.
pub(crate) fn of_told(told: &Told, addresses: &[String], is_owner: bool) -> Response {
    match (told.own, response(&told.fact, addresses, is_owner)) {
        // The provider knows its own accounts by every address they have.
        (Some(own), _) if is_owner => own,
        (_, Response::NotInvited) if !told.is_complete => Response::Unknown,
        (_, read) => read,
    }
}

/// What the person with these addresses answered. An explicit no or maybe wins over being the organiser.
fn response(fact: &Fact, addresses: &[String], is_owner: bool) -> Response {
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
