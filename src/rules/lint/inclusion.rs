//! Whether whatever fits one `when` fits another: proven by sets of values, or not said.

use std::collections::BTreeSet;

use chrono::{NaiveTime, Timelike, Weekday};

use super::{exclusion::excluded, patterns};
use crate::{
    model::policy::seconds,
    rules::{
        conditions::{clock_span, plain},
        syntax::{Attendees, Duration, Guests, Many, Sought, Time, When, Words, YesOrWords},
    },
};

/// How often alternatives are taken apart.
const SPLITS_MAX: usize = 3;

/// All parts of a `when` that must hold together; `all` is opened.
pub(super) fn parts<'a>(when: &'a When, into: &mut Vec<&'a When>) {
    into.push(when);
    when.all.iter().flatten().for_each(|part| parts(part, into));
}

pub(super) fn opened(when: &When) -> Vec<&When> {
    let mut all = Vec::new();
    parts(when, &mut all);
    all
}

/// Whether every event that fits `narrow` surely fits `wide`. Conditions on fields that rules set hold at their own time only, and prove
/// nothing but that what is unset later was unset before.
pub(super) fn implies(narrow: &When, wide: &When, ours: &BTreeSet<String>) -> bool {
    implied(&opened(narrow), &opened(wide), ours, 0)
}

fn implied(narrow: &[&When], wide: &[&When], ours: &BTreeSet<String>, splits: usize) -> bool {
    if wide.iter().all(|wide| one_implied(narrow, wide, ours)) {
        return true;
    }
    // Each of its alternatives must do for itself.
    let with_any = narrow.iter().filter_map(|part| part.any.as_ref());
    splits < SPLITS_MAX
        && with_any.into_iter().any(|branches| {
            branches.iter().all(|branch| {
                let with: Vec<_> = narrow.iter().copied().chain(opened(branch)).collect();
                implied(&with, wide, ours, splits + 1)
            })
        })
}

fn one_implied(narrow: &[&When], wide: &When, ours: &BTreeSet<String>) -> bool {
    fn by<T>(narrow: &[&When], get: impl Fn(&When) -> Option<&T>, wide: &When, covers: impl Fn(&T, &T) -> bool) -> bool {
        get(wide).is_none_or(|wanted| narrow.iter().filter_map(|part| get(part)).any(|has| covers(has, wanted)))
    }
    let same_case = |has: &Many<String>, wanted: &Many<String>| is_within(&lower(has), &lower(wanted));
    let is_of_the_event = wide.billable.is_none() && wide.confidence.is_none() && wide.day_total.is_none();
    is_of_the_event
        && by(narrow, |when| when.title.as_ref(), wide, words_imply)
        && by(narrow, |when| when.description.as_ref(), wide, words_imply)
        && by(narrow, |when| when.location.as_ref(), wide, words_imply)
        && by(narrow, |when| when.categories.as_ref(), wide, same_case)
        && by(narrow, |when| when.colour.as_ref(), wide, same_case)
        && by(narrow, |when| when.calendar.as_ref(), wide, same_case)
        && by(narrow, |when| when.event_type.as_ref(), wide, |has, wanted| is_within(&plainly(has), &plainly(wanted)))
        && by(narrow, |when| when.series.as_ref(), wide, |has, wanted| is_within(&has.0, &wanted.0))
        && by(narrow, |when| when.conference.as_ref(), wide, conference_implies)
        && by(narrow, |when| when.project_code.as_ref(), wide, sought_implies)
        && by(narrow, |when| when.client_domain.as_ref(), wide, sought_implies)
        && by(narrow, |when| when.client_name.as_ref(), wide, sought_implies)
        && by(narrow, |when| when.attendees.as_ref(), wide, attendees_imply)
        && by(narrow, |when| when.guests.as_ref(), wide, guests_imply)
        && by(narrow, |when| when.organizer.as_ref(), wide, mail_within)
        && by(narrow, |when| when.duration.as_ref(), wide, |has, wanted| is_inside(length(has), length(wanted)))
        && by(
            narrow,
            |when| when.time.as_ref(),
            wide,
            |has, wanted| minutes(has).zip(minutes(wanted)).is_some_and(|(a, b)| a.is_subset(&b)),
        )
        && by(narrow, |when| when.weekday.as_ref(), wide, |has, wanted| is_within(&days(has), &days(wanted)))
        && by(narrow, |when| when.recurring.as_ref(), wide, bool::eq)
        && by(narrow, |when| when.all_day.as_ref(), wide, bool::eq)
        && by(narrow, |when| when.my_response.as_ref(), wide, |has, wanted| is_within(&has.0, &wanted.0))
        && by(narrow, |when| when.show_as.as_ref(), wide, |has, wanted| is_within(&has.0, &wanted.0))
        && by(narrow, |when| when.visibility.as_ref(), wide, |has, wanted| is_within(&has.0, &wanted.0))
        && by(narrow, |when| when.status.as_ref(), wide, |has, wanted| is_within(&has.0, &wanted.0))
        && by(narrow, |when| when.same_day.as_ref(), wide, |has, wanted| implies(has, wanted, ours))
        && by(narrow, |when| when.client.as_ref(), wide, both_unset)
        && by(narrow, |when| when.project.as_ref(), wide, both_unset)
        && by(narrow, |when| when.task.as_ref(), wide, both_unset)
        && wide.any.as_ref().is_none_or(|branches| branches.iter().any(|branch| implied(narrow, &opened(branch), ours, 0)))
        && wide.not.as_ref().is_none_or(|not| {
            let timeless = |when: &When| reads_no_fields(when) && reads_no_fields(not);
            narrow.iter().filter_map(|part| part.not.as_deref()).any(|has| timeless(has) && implies(not, has, ours)) || {
                let both: Vec<_> = narrow.iter().copied().chain(opened(not)).collect();
                reads_no_fields(not) && excluded(&both, ours).is_some()
            }
        })
}

fn both_unset(has: &Many<String>, wanted: &Many<String>) -> bool {
    [has, wanted].iter().all(|list| list.0 == ["unset"])
}

/// Whether a condition asks of the event alone.
pub(super) fn reads_no_fields(when: &When) -> bool {
    let here =
        when.client.is_none() && when.project.is_none() && when.task.is_none() && when.billable.is_none() && when.confidence.is_none();
    here && when.any.iter().chain(&when.all).flatten().chain(when.not.as_deref()).all(reads_no_fields)
}

/// What a condition asks of the event; what it asks of fields is left out.
pub(super) fn of_the_event(when: &When) -> When {
    let each = |list: &Option<Vec<When>>| list.as_ref().map(|parts| parts.iter().map(of_the_event).collect());
    let (any, all) = (each(&when.any), each(&when.all));
    When { client: None, project: None, task: None, billable: None, confidence: None, any, all, ..when.clone() }
}

fn is_within<T: PartialEq>(has: &[T], wanted: &[T]) -> bool {
    has.iter().all(|one| wanted.contains(one))
}

pub(super) fn lower(list: &Many<String>) -> Vec<String> {
    list.0.iter().map(|one| one.trim().to_lowercase()).collect()
}

pub(super) fn plainly(list: &Many<String>) -> Vec<String> {
    list.0.iter().map(|one| plain(one)).collect()
}

pub(super) fn days(list: &Many<String>) -> Vec<Weekday> {
    list.0.iter().filter_map(|day| day.parse().ok()).collect()
}

/// Whether a phrase has a word or phrase in it, whole words long.
pub(super) fn holds(phrase: &str, word: &str) -> bool {
    // Most are single words, and every two rules are compared.
    let is_one = |text: &str| text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_whitespace());
    if is_one(phrase) && is_one(word) {
        return !word.is_empty() && phrase.eq_ignore_ascii_case(word);
    }
    let fold = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    let (phrase, word) = (fold(phrase), fold(word));
    !word.is_empty() && phrase.windows(word.len()).any(|window| window == word)
}

fn words_imply(has: &Words, wanted: &Words) -> bool {
    let words = wanted.words.as_ref().is_none_or(|wanted| {
        let by_words = |has: &Many<String>| has.0.iter().all(|phrase| wanted.0.iter().any(|word| holds(phrase, word)));
        has.words.as_ref().is_some_and(by_words)
            || has.regex.as_ref().is_some_and(|has| patterns::is_included(has, &patterns::of_words(&wanted.0)))
    });
    let none = wanted.not_words.as_ref().is_none_or(|wanted| {
        has.not_words.as_ref().is_some_and(|has| wanted.0.iter().all(|phrase| has.0.iter().any(|word| holds(phrase, word))))
    });
    let regex = wanted.regex.as_ref().is_none_or(|wanted| {
        let by_words = |has: &Many<String>| patterns::is_included(&patterns::of_words(&has.0), wanted);
        has.regex.as_ref().is_some_and(|has| has == wanted || patterns::is_included(has, wanted))
            || has.words.as_ref().is_some_and(by_words)
    });
    words && none && regex
}

fn conference_implies(has: &YesOrWords, wanted: &YesOrWords) -> bool {
    match (has, wanted) {
        (YesOrWords::Words(_), YesOrWords::Yes(yes)) => *yes,
        (YesOrWords::Yes(has), YesOrWords::Yes(wanted)) => has == wanted,
        (YesOrWords::Yes(_), YesOrWords::Words(_)) => false,
        (YesOrWords::Words(has), YesOrWords::Words(wanted)) => {
            has.iter().all(|has| wanted.iter().any(|wanted| has.to_lowercase().contains(&wanted.to_lowercase())))
        }
    }
}

/// More places find more clients, so only with the same ones do counts compare.
fn sought_implies(has: &Sought, wanted: &Sought) -> bool {
    let bounds = |sought: &Sought| (sought.exactly.or(sought.at_least).unwrap_or(1), sought.exactly.unwrap_or(usize::MAX));
    let set = |list: &Many<String>| list.0.iter().cloned().collect::<BTreeSet<_>>();
    let clients = wanted.is.0.is_empty() || (!has.is.0.is_empty() && set(&has.is).is_subset(&set(&wanted.is)));
    set(&has.within) == set(&wanted.within) && clients && is_inside(bounds(has), bounds(wanted))
}

fn is_inside<T: PartialOrd + Copy>(has: (T, T), wanted: (T, T)) -> bool {
    wanted.0 <= has.0 && has.1 <= wanted.1
}

/// How many people an `attendees` allows, the owner included.
pub(super) fn people(text: &Attendees) -> (usize, usize) {
    let least = if text.only.is_some() || !text.any.0.is_empty() { 2 } else { 1 };
    (text.exactly.or(text.min).unwrap_or(0).max(least), text.exactly.or(text.max).unwrap_or(usize::MAX))
}

fn attendees_imply(has: &Attendees, wanted: &Attendees) -> bool {
    let bounds = |text: &Attendees| (text.exactly.or(text.min).unwrap_or(0).max(1), text.exactly.or(text.max).unwrap_or(usize::MAX));
    let only = wanted.only.as_ref().is_none_or(|wanted| has.only.as_ref().is_some_and(|has| mail_within(has, wanted)));
    let any = wanted.any.0.is_empty() || (!has.any.0.is_empty() && mail_within(&has.any, &wanted.any));
    is_inside(people(has), bounds(wanted)) && only && any
}

fn mail_within(has: &Many<String>, wanted: &Many<String>) -> bool {
    let (has, wanted) = (lower(has), lower(wanted));
    has.iter().all(|one| wanted.iter().any(|wanted| is_under(one, wanted)))
}

/// Whether an address or domain lies in another one.
pub(super) fn is_under(one: &str, wanted: &str) -> bool {
    let domain = one.rsplit('@').next().unwrap_or_default();
    one == wanted || domain == wanted || domain.ends_with(&format!(".{wanted}"))
}

pub(super) fn guest_count(text: &Guests) -> (usize, usize) {
    let least = usize::from(text.unknown == Some(true));
    (text.min.unwrap_or(0).max(least), text.max.unwrap_or(usize::MAX))
}

fn guests_imply(has: &Guests, wanted: &Guests) -> bool {
    let bounds = (wanted.min.unwrap_or(0), wanted.max.unwrap_or(usize::MAX));
    let nobody = guest_count(has).1 == 0 && wanted.unknown == Some(false);
    is_inside(guest_count(has), bounds) && (wanted.unknown.is_none() || wanted.unknown == has.unknown || nobody)
}

pub(super) fn length(text: &Duration) -> (i64, i64) {
    let read = |text: &Option<String>| text.as_deref().and_then(seconds);
    (read(&text.min).unwrap_or(0), read(&text.max).unwrap_or(i64::MAX))
}

/// The minutes of a day at which something may start.
pub(super) fn minutes(time: &Time) -> Option<BTreeSet<u32>> {
    let (from, to, outside) = clock(time)?;
    let is_in = |minute: &u32| (if from <= to { from <= *minute && *minute < to } else { from <= *minute || *minute < to }) != outside;
    Some((0..24 * 60).filter(is_in).collect())
}

/// From, to, and whether it is what lies outside.
pub(super) fn clock(time: &Time) -> Option<(u32, u32, bool)> {
    let (text, outside) = time.within.as_ref().map(|text| (text, false)).or(time.outside.as_ref().map(|text| (text, true)))?;
    let minute = |at: NaiveTime| at.hour() * 60 + at.minute();
    clock_span(text).map(|(from, to)| (minute(from), minute(to), outside))
}

#[cfg(test)]
mod tests {
    use super::{super::exclusion::excluded, *};

    fn when(text: &str) -> When {
        serde_yaml::from_str(text).expect("a condition")
    }

    fn ours() -> BTreeSet<String> {
        BTreeSet::from(["ours.example".to_owned()])
    }

    #[test]
    fn narrower_conditions_imply_wider_ones_and_not_the_other_way_round() {
        for (narrow, wide) in [
            ("{title: {words: [portfolio steering]}}", "{title: {words: [Steering, retro]}}"),
            ("{title: {words: [a], not_words: [x, y]}}", "{title: {not_words: [x]}}"),
            ("{title: {regex: '^acme pitch$'}}", "{title: {regex: 'acme'}}"),
            ("{title: {regex: '^Acme pitch$'}}", "{title: {words: [pitch]}}"),
            ("{title: {words: [pitch]}}", "{title: {regex: 'pit'}}"),
            ("{organizer: tom@eu.acme.example}", "{organizer: acme.example}"),
            ("{attendees: {exactly: 3}}", "{attendees: {min: 2, max: 4}}"),
            ("{attendees: {only: our_domains}}", "{attendees: {min: 2}}"),
            ("{weekday: sat}", "{weekday: [sat, sun]}"),
            ("{time: {within: '09:00-10:00'}}", "{time: {outside: '18:00-08:00'}}"),
            ("{duration: {min: 2h, max: 3h}}", "{duration: {min: 1h30m}}"),
            ("{client_domain: {is: acme, exactly: 1}}", "{client_domain: {is: [acme, globex]}}"),
            ("{conference: zoom.us}", "{conference: true}"),
            ("{recurring: true, all_day: false}", "{any: [{all_day: true}, {recurring: true}]}"),
            ("{any: [{weekday: sat}, {weekday: sun}]}", "{weekday: [sat, sun, mon]}"),
            ("{all: [{recurring: true}, {weekday: sat}]}", "{recurring: true}"),
            ("{calendar: Work}", "{not: {calendar: [private, family]}}"),
            ("{client: unset, recurring: true}", "{client: unset}"),
        ] {
            assert!(implies(&when(narrow), &when(wide), &ours()), "{narrow} => {wide}");
            assert!(!implies(&when(wide), &when(narrow), &ours()), "{wide} => {narrow}");
        }
    }

    #[test]
    fn what_is_set_meanwhile_proves_nothing() {
        for same in
            ["{client: acme}", "{billable: true}", "{confidence: {below: high}}", "{project: [A-1, unset]}", "{not: {client: unset}}"]
        {
            assert!(!implies(&when(same), &when(same), &ours()), "{same}");
        }
        assert!(!implies(&when("{not: {client: acme}}"), &when("{not: {project: unset}}"), &ours()));
    }

    #[test]
    fn what_excludes_itself_is_seen_and_what_does_not_is_left() {
        for empty in [
            "{title: {words: [retro talk], not_words: [retro]}}",
            "{attendees: {max: 1, only: our_domains}}",
            "{attendees: {only: our_domains}, guests: {min: 1}}",
            "{attendees: {only: our_domains, any: acme.example}}",
            "{attendees: {max: 2}, guests: {min: 2}}",
            "{all_day: true, time: {within: '08:00-09:00'}}",
            "{all: [{weekday: sat}, {weekday: [sun, mon]}]}",
            "{all: [{calendar: Work}, {calendar: private}]}",
            "{all: [{duration: {min: 2h}}, {duration: {max: 1h}}]}",
            "{recurring: true, any: [{recurring: false}, {all: [{recurring: false}]}]}",
        ] {
            assert!(excluded(&opened(&when(empty)), &ours()).is_some(), "{empty}");
        }
        for fits in [
            "{title: {words: [retro, talk], not_words: [retro]}}",
            "{attendees: {exactly: 2, only: our_domains}}",
            "{attendees: {only: our_domains, any: eva@ours.example}}",
            "{all_day: false, time: {within: '22:00-06:00'}}",
            "{all: [{categories: a}, {categories: b}]}",
        ] {
            assert!(excluded(&opened(&when(fits)), &ours()).is_none(), "{fits}");
        }
    }
}
