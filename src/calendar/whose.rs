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
    // Who is invited twice, by two addresses or by mistake, answers one of them; and who says yes to either comes.
    let hers = fact.text.attendees.iter().filter(|attendee| is_her(&attendee.email));
    let answered = hers.map(|attendee| attendee.response).max_by_key(|response| match response {
        Response::Organizer => 5,
        Response::Accepted => 4,
        Response::Tentative => 3,
        Response::Declined => 2,
        Response::NeedsAction => 1,
        Response::NotInvited | Response::Unknown => 0,
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Window, ics};

    /// What she answered who is invited with two addresses, or twice with one.
    fn answer(lines: &str) -> Response {
        let file = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20260302T090000Z\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        let window =
            Window { from: "2026-03-01T00:00:00Z".parse().expect("a time"), until: "2026-04-01T00:00:00Z".parse().expect("a time") };
        let read = ics::read(file.as_bytes(), &window, chrono_tz::UTC, &ics::Limits::default()).expect("a calendar");
        let told = Told::of_file(read.facts[0].clone());
        of_told(&told, &["d@x.com".to_owned(), "dana@x.com".to_owned()], true)
    }

    #[test]
    fn of_two_invitations_to_her_the_answered_one_counts_and_a_yes_to_either() {
        let line = |answer: &str, who: &str| format!("ATTENDEE;PARTSTAT={answer}:mailto:{who}");
        let both = |first: &str, second: &str| answer(&format!("{}\n{}", line(first, "d@x.com"), line(second, "dana@x.com")));
        assert_eq!(both("NEEDS-ACTION", "DECLINED"), Response::Declined);
        assert_eq!(both("DECLINED", "NEEDS-ACTION"), Response::Declined);
        assert_eq!(both("DECLINED", "ACCEPTED"), Response::Accepted);
        assert_eq!(both("TENTATIVE", "DECLINED"), Response::Tentative);
        assert_eq!(answer(&format!("{}\n{}", line("NEEDS-ACTION", "d@x.com"), line("DECLINED", "d@x.com"))), Response::Declined);
        assert_eq!(answer(&format!("{}\nORGANIZER:mailto:dana@x.com", line("DECLINED", "d@x.com"))), Response::Declined);
    }
}
