//! Whether nothing can fit some conditions together: proven by sets of values of which nothing is left, or not said.

use std::collections::BTreeSet;

use super::inclusion::{days, guest_count, holds, is_under, length, lower, minutes, opened, people, plainly};
use crate::rules::syntax::{Many, When, Words};

/// Why nothing can fit all of these together, with the key to look at; none if that is not proven.
pub(super) fn excluded(all: &[&When], ours: &BTreeSet<String>) -> Option<(&'static str, String)> {
    fn apart<T: PartialEq>(lists: impl Iterator<Item = Vec<T>>) -> bool {
        let mut lists = lists.peekable();
        let Some(mut left) = lists.next() else { return false };
        lists.any(|next| {
            left.retain(|one| next.contains(one));
            left.is_empty()
        })
    }
    macro_rules! lists {
        ($key:ident, $read:expr) => {
            if apart(all.iter().filter_map(|when| when.$key.as_ref()).map($read)) {
                return Some((stringify!($key), format!("no {} is in all of these lists", stringify!($key).replace('_', " "))));
            }
        };
    }
    lists!(calendar, lower);
    lists!(colour, lower);
    lists!(event_type, plainly);
    lists!(series, |list: &Many<String>| list.0.clone());
    lists!(weekday, days);
    lists!(my_response, |list: &Many<_>| list.0.clone());
    lists!(show_as, |list: &Many<_>| list.0.clone());
    lists!(visibility, |list: &Many<_>| list.0.clone());
    lists!(status, |list: &Many<_>| list.0.clone());
    lists!(recurring, |yes: &bool| vec![*yes]);
    lists!(all_day, |yes: &bool| vec![*yes]);
    lists!(client, |list: &Many<String>| list.0.clone());
    lists!(project, |list: &Many<String>| list.0.clone());
    lists!(task, |list: &Many<String>| list.0.clone());
    lists!(billable, |yes: &bool| vec![*yes]);
    none_left(all, ours).or_else(|| by_words(all)).or_else(|| no_branch(all, ours))
}

/// Alternatives of which none can fit beside the rest. They are looked at one level deep: deeper ones stay undecided.
fn no_branch(all: &[&When], ours: &BTreeSet<String>) -> Option<(&'static str, String)> {
    let rest: Vec<When> = all.iter().map(|when| When { any: None, all: None, ..(*when).clone() }).collect();
    let is_dead = |branch: &When| excluded(&rest.iter().chain(opened(branch)).collect::<Vec<_>>(), ours).is_some();
    let mut lists = all.iter().filter_map(|when| when.any.as_ref()).filter(|branches| !branches.is_empty());
    let dead = lists.any(|branches| branches.iter().all(is_dead));
    dead.then(|| ("any", "none of its branches can fit beside the rest".to_owned()))
}

/// Counts, times and lengths of which nothing is left.
fn none_left(all: &[&When], ours: &BTreeSet<String>) -> Option<(&'static str, String)> {
    let attendees = || all.iter().filter_map(|when| when.attendees.as_ref());
    let guests = all.iter().filter_map(|when| when.guests.as_ref()).map(guest_count);
    let only_ours = attendees().any(|text| text.only.as_ref().is_some_and(|only| only.0 == ["our_domains"]));
    let (guests_min, guests_max) = guests.fold((0, usize::MAX), |sum, one| (sum.0.max(one.0), sum.1.min(one.1)));
    let (min, max) = attendees().map(people).fold((1, usize::MAX), |sum, one| (sum.0.max(one.0), sum.1.min(one.1)));
    if only_ours && guests_min > 0 {
        return Some(("guests", "`attendees: {only: our_domains}` leaves no guests".to_owned()));
    }
    let foreign = |one: &String| !ours.iter().any(|domain| is_under(one, domain) || is_under(domain, one));
    if let Some(stranger) = attendees().filter(|_| only_ours).flat_map(|text| lower(&text.any)).find(foreign) {
        return Some(("attendees", format!("`only: our_domains` leaves nobody from `{stranger}`")));
    }
    let least = min.max(guests_min.saturating_add(1));
    if least > max || guests_min > guests_max {
        return Some(("attendees", format!("this asks for at least {least} people and at most {max}, the owner included")));
    }
    let lengths = all.iter().filter_map(|when| when.duration.as_ref()).map(length);
    let (shortest, longest) = lengths.fold((0, i64::MAX), |sum, one| (sum.0.max(one.0), sum.1.min(one.1)));
    if shortest > longest {
        return Some(("duration", "no duration is in both spans".to_owned()));
    }
    let times: Vec<_> = all.iter().filter_map(|when| when.time.as_ref()).filter_map(minutes).collect();
    let left = times.iter().skip(1).fold(times.first().cloned(), |sum, one| sum.map(|sum| sum.intersection(one).copied().collect()));
    if left.is_some_and(|left| left.is_empty()) {
        return Some(("time", "no time of day is in both spans".to_owned()));
    }
    let all_day = all.iter().any(|when| when.all_day == Some(true));
    (all_day && !times.is_empty()).then(|| ("time", "an all-day event has no time of day".to_owned()))
}

/// Words of which each brings in one that must not be there.
fn by_words(all: &[&When]) -> Option<(&'static str, String)> {
    let get = |when: &'_ When, key| match key {
        "title" => when.title.clone(),
        "description" => when.description.clone(),
        _ => when.location.clone(),
    };
    ["title", "description", "location"].into_iter().find_map(|key| {
        let texts: Vec<Words> = all.iter().filter_map(|when| get(when, key)).collect();
        let not: Vec<&String> = texts.iter().filter_map(|words| words.not_words.as_ref()).flat_map(|list| &list.0).collect();
        let mut wanted = texts.iter().filter_map(|words| words.words.as_ref());
        let dead = wanted.find(|list| list.0.iter().all(|word| not.iter().any(|not| holds(word, not))))?;
        let word = dead.0.first()?;
        Some((key, format!("`{word}` is wanted, and what it holds is in `not_words`")))
    })
}
