//! Rules against each other: those that can never count, those that disagree, an `over` that goes over nothing, and what stands behind an end.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Findings, Ruled,
    exclusion::excluded,
    inclusion::{holds, implies, lower, of_the_event, opened},
};
use crate::{
    model::{catalog::Field, words::counted},
    rules::{
        RuleSet,
        syntax::{Many, Rule, Sought, When},
    },
    yaml::code::{Code, Level},
};

/// Pairs of rules with patterns that are compared: each costs two automata.
const PATTERN_PAIRS_MAX: usize = 2_000;
/// Rules with nothing but a pattern that are compared with all others.
const PATTERNS_MAX: usize = 50;
/// Rules that name no word or value at all, and so are compared with all others.
const REST_MAX: usize = 500;

pub(super) fn shadows(rules: &[Ruled<'_>], set: &RuleSet, found: &mut Findings) {
    behind_ends(rules, found);
    let index = Index::of(rules);
    let given: Vec<Given> = rules.iter().map(|rule| Given::by(rule.rule, set)).collect();
    let mut patterns = 0;
    for (at, later) in rules.iter().enumerate() {
        for before in index.candidates(&later.rule.when).into_iter().filter(|before| *before < at) {
            let earlier = &rules[before];
            patterns += usize::from(has_pattern(&earlier.rule.when));
            if patterns > PATTERN_PAIRS_MAX && has_pattern(&earlier.rule.when) {
                continue;
            }
            if pair((earlier, &given[before]), (later, &given[at]), set.identity.ours(), found) {
                break;
            }
        }
    }
    overs(rules, set, found);
}

fn has_pattern(when: &When) -> bool {
    let here = [&when.title, &when.description, &when.location].into_iter().flatten().any(|words| words.regex.is_some());
    here || when.any.iter().chain(&when.all).flatten().chain(when.not.as_deref()).any(has_pattern)
}

fn ends(rule: &Rule) -> bool {
    rule.skip.is_some() || rule.review.is_some() || rule.stop
}

fn is_always(rule: &Rule) -> bool {
    rule.when == When::default() && rule.from.is_none() && rule.until.is_none()
}

/// Everything behind a rule that always ends is told once, at its end.
fn behind_ends(rules: &[Ruled<'_>], found: &mut Findings) {
    let Some(at) = rules.iter().position(|rule| ends(rule.rule) && is_always(rule.rule)) else { return };
    let (rule, behind) = (&rules[at], &rules[at + 1..]);
    let Some(first) = behind.first() else { return };
    let key = ["skip", "review", "stop"].into_iter().find(|key| rule.positions.has_key(&rule.path_of(key))).unwrap_or("id");
    let message = format!("`{}` ends every event here", rule.rule.id);
    let label = format!(
        "{} behind it, `{}` ({}) the first, are never asked: give it a `when`, or move it to the end",
        count(behind.len()),
        first.rule.id,
        first.spot()
    );
    rule.place().complain(found, Code::BehindEnd, key, message, &label);
}

fn count(rules: usize) -> String {
    counted(rules, "rule", "rules")
}

/// What a rule gives an entry; made once, since each is looked at beside many others.
struct Given {
    /// Values that it writes outright. A project brings its client.
    written: BTreeMap<Field, String>,
    /// Fields that it has a say in.
    fields: BTreeSet<Field>,
    /// Whether an event can be made up for its conditions.
    is_plain: bool,
}

impl Given {
    fn by(rule: &Rule, set: &RuleSet) -> Self {
        Self { written: written(rule, set), fields: fields(rule), is_plain: is_plain(&rule.when) }
    }
}

/// Looks at one rule behind another. Says whether there is no more to be said of the later one.
fn pair(
    (earlier, first): (&Ruled<'_>, &Given),
    (later, second): (&Ruled<'_>, &Given),
    ours: &BTreeSet<String>,
    found: &mut Findings,
) -> bool {
    let (one, two) = (earlier.rule, later.rule);
    if (is_always(one) && ends(one)) || one.id == two.id {
        return false;
    }
    let same_section = earlier.section == later.section;
    let clash = clash((one, first), (two, second)).filter(|_| !ends(one) && same_section);
    let is_late_split = two.split.is_some() && first.written.contains_key(&Field::Client) && !one.over.0.contains(&two.id);
    let is_covered = clash.is_none() && is_covered((one, first), (two, second), same_section);
    // What fits what is dear to prove: only where something would come of it.
    if !ends(one) && !is_late_split && !is_covered && clash.is_none() {
        return false;
    }
    let dates = one.from.is_none_or(|from| two.from.is_some_and(|first| from <= first))
        && one.until.is_none_or(|until| two.until.is_some_and(|last| last <= until));
    let included = dates && implies(&two.when, &one.when, ours);
    // To find its line takes longer the longer its file is: only for who is told of it.
    let who = || format!("`{}` ({})", one.id, earlier.spot());
    if included && ends(one) {
        let label = format!("{} fits whatever it fits, and ends there: move it before that one, or take it away", who());
        later.place().complain(found, Code::Shadowed, "id", format!("`{}` can never count", two.id), &label);
        return true;
    }
    if included && is_late_split {
        let label = format!(
            "{} fits whatever it fits, and sets the client before it: each such event is a conflict; move it before that one",
            who()
        );
        later.place().complain_at(found, (Code::Split, Level::Warning), "split", format!("`{}` comes too late", two.id), &label);
        return true;
    }
    if included && is_covered {
        let label = format!("{} fits whatever it fits, and sets the same before it: move it before that one, or take it away", who());
        later.place().complain(found, Code::Shadowed, "id", format!("`{}` can never count", two.id), &label);
        return true;
    }
    let are_plain = first.is_plain && second.is_plain;
    let Some((field, first, second)) = clash else { return false };
    let certain = included || (implies(&one.when, &two.when, ours) && two.from.is_none() && two.until.is_none());
    if certain || (are_plain && meet(one, two, ours)) {
        let word = if included { "always" } else { "can" };
        let message = format!("`{}` and `{}` {word} disagree on the {field}", one.id, two.id);
        let label = format!(
            "`{second}` here, `{first}` at {}: what fits both is a conflict; say `over: [{}]` there, or put them in two sections",
            who(),
            two.id
        );
        later.place().complain(found, Code::Overlap, &format!("set.{field}"), message, &label);
    }
    false
}

/// The values that a rule writes outright. A project brings its client.
fn written(rule: &Rule, set: &RuleSet) -> BTreeMap<Field, String> {
    let Some(values) = &rule.set else { return BTreeMap::new() };
    let owner = values.project.as_deref().and_then(|code| set.catalog.project(code)).map(|(client, _)| client.key.clone());
    let all = [
        (Field::Client, values.client.clone().or(owner)),
        (Field::Project, values.project.clone()),
        (Field::Task, values.task.clone()),
        (Field::Billable, values.billable.map(|yes| yes.to_string())),
        (Field::Description, values.description.clone()),
    ];
    all.into_iter().filter_map(|(field, value)| Some((field, value.filter(|value| !value.contains("${"))?))).collect()
}

/// A field that both write outright, and not alike, with nobody to say which goes over which.
fn clash((one, first): (&Rule, &Given), (two, second): (&Rule, &Given)) -> Option<(Field, String, String)> {
    if one.over.0.contains(&two.id) {
        return None;
    }
    let (first, second) = (&first.written, &second.written);
    // Where the project differs, it is what one reads first.
    let fields = [Field::Project, Field::Client, Field::Task, Field::Billable, Field::Description];
    fields.into_iter().find_map(|field| {
        let (a, b) = (first.get(&field)?, second.get(&field)?);
        let is_written = field != Field::Client || two.set.as_ref().is_some_and(|set| set.client.is_some());
        (a != b && is_written).then(|| (field, a.clone(), b.clone()))
    })
}

/// Whether all that the second rule gives is given before it, whenever both fit. Evidence about a client counts in any section, so a rule
/// that rests on some is left alone.
fn is_covered((one, first): (&Rule, &Given), (two, second): (&Rule, &Given), same_section: bool) -> bool {
    let (first, gives, second) = (&first.written, &second.fields, &second.written);
    let has_evidence = has_evidence(&two.when);
    // Where the client was set before either, a project of another client gives way to one of that client.
    let same_client = first.contains_key(&Field::Client) && first.get(&Field::Client) == second.get(&Field::Client);
    let is_given = |field: &Field| {
        let alike = first.contains_key(field) && (!same_section || first.get(field) == second.get(field));
        match field {
            Field::Client => alike && !has_evidence,
            Field::Project => alike && !has_evidence && same_client,
            _ => alike,
        }
    };
    let tags = |rule: &'_ Rule| rule.set.as_ref().map(|set| set.tags.0.clone()).unwrap_or_default();
    let (before, wanted) = (tags(one), tags(two));
    let is_tagged = wanted.iter().all(|tag| !tag.contains("${") && before.contains(tag));
    let only_sets = two.split.is_none() && two.hours.is_none() && !ends(two);
    only_sets && (!gives.is_empty() || !wanted.is_empty()) && gives.iter().all(is_given) && is_tagged
}

/// Whether what fits a `when` may be evidence about a client, by one of its alternatives at least.
fn has_evidence(when: &When) -> bool {
    let here = when.project_code.is_some() || when.client_domain.is_some() || when.client_name.is_some();
    here || when.any.iter().chain(&when.all).flatten().any(has_evidence)
}

/// Whether some event surely fits both plain rules: they look for the same word or value, and ask for nothing that could keep them apart.
fn meet(one: &Rule, two: &Rule, ours: &BTreeSet<String>) -> bool {
    let dates = one.from.zip(two.until).is_none_or(|(from, until)| from <= until)
        && two.from.zip(one.until).is_none_or(|(from, until)| from <= until);
    let both: Vec<&When> = vec![&one.when, &two.when];
    dates && share_a_value(&one.when, &two.when) && excluded(&both, ours).is_none()
}

/// Only keys whose values can be chosen one by one, so that an event for each can be made up.
fn is_plain(when: &When) -> bool {
    let plain_words = [&when.title, &when.description, &when.location].into_iter().flatten().all(|words| words.regex.is_none());
    let counted = when.attendees.as_ref().is_none_or(|text| text.only.is_none() && text.any.0.is_empty());
    let rest = When {
        title: None,
        description: None,
        location: None,
        categories: None,
        colour: None,
        event_type: None,
        calendar: None,
        series: None,
        attendees: None,
        weekday: None,
        recurring: None,
        duration: None,
        my_response: None,
        show_as: None,
        status: None,
        ..when.clone()
    };
    plain_words && counted && rest == When::default()
}

fn share_a_value(one: &When, two: &When) -> bool {
    let words = |when: &When| when.title.iter().filter_map(|words| words.words.clone()).flat_map(|list| list.0).collect::<Vec<_>>();
    let (first, second) = (words(one), words(two));
    let by_word = first.iter().any(|one| second.iter().any(|two| holds(one, two) || holds(two, one)));
    let lists = [
        (&one.calendar, &two.calendar),
        (&one.categories, &two.categories),
        (&one.series, &two.series),
        (&one.event_type, &two.event_type),
    ];
    let by_list =
        lists.into_iter().any(|lists| matches!(lists, (Some(one), Some(two)) if lower(one).iter().any(|value| lower(two).contains(value))));
    by_word || by_list
}

/// Fields that a rule has a say in.
fn fields(rule: &Rule) -> BTreeSet<Field> {
    let set = rule.set.clone().unwrap_or_default();
    let split = rule.split.is_some();
    let all = [
        (Field::Client, set.client.is_some() || set.project.is_some() || split),
        (Field::Project, set.project.is_some() || split),
        (Field::Task, set.task.is_some()),
        (Field::Billable, set.billable.is_some()),
        (Field::Description, set.description.is_some()),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(field, _)| field).collect()
}

fn overs(rules: &[Ruled<'_>], set: &RuleSet, found: &mut Findings) {
    let places: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.rule.id.as_str(), at)).collect();
    for (at, rule) in rules.iter().enumerate() {
        for (index, id) in rule.rule.over.0.iter().enumerate() {
            let Some((other_at, other)) = places.get(id.as_str()).map(|at| (*at, &rules[*at])) else { continue };
            // Fields may be set between the two, so what they ask of these keeps nothing apart.
            let (one, two) = (of_the_event(&rule.rule.when), of_the_event(&other.rule.when));
            let both: Vec<&When> = opened(&one).into_iter().chain(opened(&two)).collect();
            let label = if other_at < at {
                format!(
                    "it is asked before, at {}, and so wins over this one: write `over: [{}]` there, or change their order",
                    other.spot(),
                    rule.rule.id
                )
            } else if fields(rule.rule).is_disjoint(&fields(other.rule)) {
                "the two set no field in common: take it away".to_owned()
            } else if excluded(&both, set.identity.ours()).is_some() {
                "no event fits both: take it away".to_owned()
            } else {
                continue;
            };
            rule.place().complain_at(
                found,
                (Code::Over, Level::Warning),
                &format!("over[{index}]"),
                format!("`{}` never goes over `{id}`", rule.rule.id),
                &label,
            );
        }
    }
}

/// Earlier rules by what a later one must have for them to fit whatever it fits: so not every pair is looked at.
struct Index {
    by: BTreeMap<(&'static str, String), Vec<usize>>,
    /// Those that can fit without any such value.
    rest: Vec<usize>,
}

impl Index {
    fn of(rules: &[Ruled<'_>]) -> Self {
        let mut index = Self { by: BTreeMap::new(), rest: Vec::new() };
        let mut patterns = 0;
        for (at, rule) in rules.iter().enumerate() {
            let anchors = anchors(&rule.rule.when);
            patterns += usize::from(anchors.is_empty() && has_pattern(&rule.rule.when));
            if anchors.is_empty() && index.rest.len() < REST_MAX && (patterns <= PATTERNS_MAX || !has_pattern(&rule.rule.when)) {
                index.rest.push(at);
            }
            for anchor in anchors {
                index.by.entry(anchor).or_default().push(at);
            }
        }
        index
    }

    /// Rules that may fit whatever this `when` fits, or share a value with it.
    fn candidates(&self, when: &When) -> BTreeSet<usize> {
        let branches = when.any.iter().flatten().flat_map(opened);
        let probes = opened(when).into_iter().chain(branches).flat_map(probes);
        let found = probes.filter_map(|probe| self.by.get(&probe)).flatten();
        found.chain(&self.rest).copied().collect()
    }
}

type Value = (&'static str, String);

/// Keys of which a narrower condition has the same values.
fn lists(when: &When) -> [(&'static str, Option<&Many<String>>); 6] {
    let named = |sought: &'_ Option<Sought>| sought.as_ref().is_some_and(|sought| !sought.is.0.is_empty());
    [
        ("calendar", when.calendar.as_ref()),
        ("categories", when.categories.as_ref()),
        ("series", when.series.as_ref()),
        ("event_type", when.event_type.as_ref()),
        ("client_domain", when.client_domain.as_ref().filter(|_| named(&when.client_domain)).map(|sought| &sought.is)),
        ("client_name", when.client_name.as_ref().filter(|_| named(&when.client_name)).map(|sought| &sought.is)),
    ]
}

/// Keys of which a narrower condition has addresses or domains that lie in these.
fn mail(when: &When) -> [(&'static str, Option<&Many<String>>); 2] {
    let any = when.attendees.as_ref().map(|attendees| &attendees.any).filter(|any| !any.0.is_empty());
    [("organizer", when.organizer.as_ref()), ("attendees", any)]
}

/// One of these must be among the probes of what it includes; none if it can include anything.
fn anchors(when: &When) -> Vec<Value> {
    if let Some((place, words)) = words(when).next() {
        return words.0.iter().filter_map(|word| Some((place, word.split_whitespace().next()?.to_lowercase()))).collect();
    }
    let mut keys = lists(when).into_iter().chain(mail(when)).filter_map(|(key, list)| Some((key, list?)));
    if let Some((key, list)) = keys.next() {
        return lower(list).into_iter().map(|value| (key, value)).collect();
    }
    // Of alternatives it includes something by one of them.
    let branches: Vec<_> = when.any.iter().flatten().map(anchors).collect();
    if branches.iter().any(Vec::is_empty) { Vec::new() } else { branches.concat() }
}

/// Words that are sought, with where.
fn words(when: &When) -> impl Iterator<Item = (&'static str, &Many<String>)> {
    let texts = [("title", &when.title), ("location", &when.location), ("description", &when.description)];
    texts.into_iter().filter_map(|(place, text)| Some((place, text.as_ref()?.words.as_ref()?)))
}

fn probes(when: &When) -> Vec<Value> {
    let words = words(when).flat_map(|(place, list)| list.0.iter().map(move |word| (place, word)));
    let tokens = words.flat_map(|(place, word)| word.split_whitespace().map(move |token| (place, token.to_lowercase())));
    let values = lists(when).into_iter().flat_map(|(key, list)| list.into_iter().flat_map(lower).map(move |value| (key, value)));
    let around = |address: &String| {
        let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
        let parents = std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, parent)| parent.to_owned()));
        parents.chain([address.clone()]).collect::<Vec<_>>()
    };
    let mail = mail(when).into_iter().flat_map(|(key, list)| {
        let addresses: Vec<_> = list.into_iter().flat_map(lower).collect();
        addresses.iter().flat_map(around).map(move |value| (key, value)).collect::<Vec<_>>()
    });
    tokens.chain(values).chain(mail).collect()
}
