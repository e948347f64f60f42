//! Which rules are worth holding against each other. A file has thousands of rules, and every two that share a word may be meant by someone;
//! what two must have in common for anything to be proven of them is looked up here, by the rarest of it.

use std::collections::HashMap;

use super::{
    Ruled,
    given::Given,
    inclusion::{lower, opened, plainly},
};
use crate::{
    model::catalog::Field,
    rules::syntax::{Many, Rule, Sought, When},
};

/// Rules with nothing but a pattern that are compared with all others.
const PATTERNS_MAX: usize = 50;
/// Rules that name no word or value at all, and so are compared with all others.
const REST_MAX: usize = 500;

/// A value that conditions name, with its key.
type Value = (&'static str, String);

/// What a wide rule gives, by which a narrower one behind it looks for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Gift {
    Anything,
    End,
    Field(usize, Field),
    Value(usize, Field, String),
    Tag(usize, String),
}

/// What keeps two conditions apart where both name it: a list of which both must have something in common.
type Apart = Option<(&'static str, Option<String>)>;

/// What a rule that writes a field, in a section, has among its conditions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Has {
    /// Any of its values.
    Value(Value),
    /// For plain conditions: the rarest token of a phrase or value; any token.
    Rarest(Value, Apart),
    Token(Value, Apart),
}

#[derive(Default)]
pub(super) struct Candidates {
    /// How many rules name a value.
    common: HashMap<Value, usize>,
    /// Rules that may fit whatever others fit: by a value that these must name, none if it may be any.
    wide: HashMap<(Option<Value>, Gift), Vec<usize>>,
    writing: HashMap<(usize, Field, Has), Vec<usize>>,
}

impl Candidates {
    pub(super) fn of(rules: &[Ruled<'_>], given: &[Given]) -> Self {
        let mut all = Self::default();
        for value in rules.iter().flat_map(|rule| all_parts(&rule.rule.when)).flat_map(named).flatten().flatten() {
            *all.common.entry(value).or_default() += 1;
        }
        let (mut rest, mut patterns) = (0, 0);
        for (at, (rule, given)) in rules.iter().zip(given).enumerate() {
            let when = &rule.rule.when;
            let keys: Vec<Option<Value>> = match all.anchors(when) {
                anchors if !anchors.is_empty() => anchors.into_iter().map(Some).collect(),
                _ => {
                    patterns += usize::from(given.has_pattern);
                    let may = rest < REST_MAX && (patterns <= PATTERNS_MAX || !given.has_pattern);
                    rest += usize::from(may);
                    if may { vec![None] } else { Vec::new() }
                }
            };
            let tags = rule.rule.set.iter().flat_map(|set| set.tags.0.clone()).map(|tag| Gift::Tag(given.section, tag));
            let gifts: Vec<Gift> = gifts(given).into_iter().chain(tags).collect();
            for key in keys.iter().filter(|_| may_be_wide(when)) {
                for gift in &gifts {
                    all.wide.entry((key.clone(), gift.clone())).or_default().push(at);
                }
            }
            let has: Vec<Has> = if given.ends { Vec::new() } else { all.has(when, given) };
            for field in given.written.keys() {
                for has in &has {
                    all.writing.entry((given.section, *field, has.clone())).or_default().push(at);
                }
            }
        }
        all
    }

    /// Rules that may fit whatever this one fits, and of which something would come then.
    pub(super) fn may_cover(&self, rule: &Rule, given: &Given) -> Vec<usize> {
        let mut gifts = vec![Gift::End];
        if rule.split.is_some() {
            gifts.push(Gift::Anything);
        } else if let Some(field) =
            [Field::Project].into_iter().chain(given.fields.iter().copied()).find(|field| given.fields.contains(field))
        {
            gifts.extend(given.written.get(&field).map(|value| Gift::Value(given.section, field, value.clone())));
            gifts.extend((0..given.sections).filter(|section| *section != given.section).map(|section| Gift::Field(section, field)));
        } else {
            let tag = given.tags.first();
            gifts.extend(tag.into_iter().flat_map(|tag| (0..given.sections).map(|section| Gift::Tag(section, tag.clone()))));
        }
        let keys: Vec<Option<Value>> = self.probes(&rule.when).into_iter().map(Some).chain([None]).collect();
        let hits = keys.iter().flat_map(|key| gifts.iter().filter_map(|gift| self.wide.get(&(key.clone(), gift.clone()))));
        let mut found: Vec<usize> = hits.flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Rules of its section that may fit an event which this one fits, too, and write a field that it writes. Some come twice.
    pub(super) fn may_disagree(&self, when: &When, given: &Given) -> impl Iterator<Item = usize> + use<'_> {
        let keys: Vec<Option<Value>> = self.probes(when).into_iter().map(Some).chain([None]).collect();
        let mut lists: Vec<&Vec<usize>> = Vec::new();
        for field in given.written.keys() {
            let gift = Gift::Field(given.section, *field);
            lists.extend(keys.iter().filter_map(|key| self.wide.get(&(key.clone(), gift.clone()))));
            let narrower = if may_be_wide(when) { self.anchors(when) } else { Vec::new() };
            let mut wanted: Vec<Has> = narrower.into_iter().map(Has::Value).collect();
            if given.is_plain {
                for apart in asked_apart(when) {
                    wanted.extend(tokens(when).map(|token| Has::Rarest(token, apart.clone())));
                    wanted.extend(self.rarest(when).map(|token| Has::Token(token, apart.clone())));
                }
            }
            lists.extend(wanted.into_iter().filter_map(|has| self.writing.get(&(given.section, *field, has))));
        }
        lists.into_iter().flatten().copied()
    }

    fn has(&self, when: &When, given: &Given) -> Vec<Has> {
        let mut all: Vec<Has> = self.probes(when).into_iter().map(Has::Value).collect();
        if given.is_plain {
            for apart in filed_apart(when) {
                all.extend(self.rarest(when).map(|token| Has::Rarest(token, apart.clone())));
                all.extend(tokens(when).map(|token| Has::Token(token, apart.clone())));
            }
        }
        all
    }

    /// One of these must be among the probes of what it includes; none if it can include anything. Of several keys, the rarest.
    fn anchors(&self, when: &When) -> Vec<Value> {
        let of_words = words(when).map(|(place, words)| words.0.iter().filter_map(|word| self.rarest_of(place, word)).collect());
        let of_lists = lists(when).into_iter().chain(mail(when)).filter_map(|(key, list)| Some((key, list?)));
        let of_lists = of_lists.map(|(key, list)| lower(list).into_iter().map(|value| (key, value)).collect());
        let of_keys: Vec<Vec<Value>> = of_words.chain(of_lists).collect();
        let often = |anchors: &Vec<Value>| anchors.iter().map(|value| self.often(value)).sum::<usize>();
        if let Some(rarest) = of_keys.into_iter().min_by_key(often) {
            return rarest;
        }
        // Of alternatives it includes something by one of them.
        let branches: Vec<_> = when.any.iter().flatten().map(|branch| self.anchors(branch)).collect();
        if branches.iter().any(Vec::is_empty) { Vec::new() } else { branches.concat() }
    }

    /// Where those stand that may fit whatever this one fits. They have something of each value of a list, so the rarest one will do.
    fn probes(&self, when: &When) -> Vec<Value> {
        let often = |value: &Vec<Value>| value.iter().map(|part| self.often(part)).sum::<usize>();
        let mut all: Vec<Value> = all_parts(when).flat_map(named).filter_map(|list| list.into_iter().min_by_key(often)).flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn often(&self, value: &Value) -> usize {
        self.common.get(value).copied().unwrap_or(0)
    }

    fn rarest_of(&self, place: &'static str, phrase: &str) -> Option<Value> {
        phrase.split_whitespace().map(|token| (place, token.to_lowercase())).min_by_key(|value| self.often(value))
    }

    /// Of each word or phrase of the title the rarest token, and values of lists.
    fn rarest<'w>(&'w self, when: &'w When) -> impl Iterator<Item = Value> + 'w {
        let phrases = when.title.iter().filter_map(|text| text.words.as_ref()).flat_map(|list| &list.0);
        phrases.filter_map(|phrase| self.rarest_of("title", phrase)).chain(shared(when))
    }
}

fn gifts(given: &Given) -> Vec<Gift> {
    let section = given.section;
    let of_field = |(field, value): (&Field, &String)| [Gift::Field(section, *field), Gift::Value(section, *field, value.clone())];
    let mut all = vec![Gift::Anything];
    all.extend(given.ends.then_some(Gift::End));
    all.extend(given.written.iter().flat_map(of_field));
    all
}

/// Conditions on what other rules set hold at their own time, so that what asks them includes nothing.
fn may_be_wide(when: &When) -> bool {
    let is_free = |list: &Option<Many<String>>| list.as_ref().is_none_or(|list| list.0 == ["unset"]);
    opened(when).into_iter().all(|part| {
        let of_event = part.billable.is_none() && part.confidence.is_none() && part.day_total.is_none();
        of_event && is_free(&part.client) && is_free(&part.project) && is_free(&part.task)
    })
}

/// Tokens of the words of the title, and values of lists: what two plain conditions may have in common.
fn tokens(when: &When) -> impl Iterator<Item = Value> + '_ {
    let phrases = when.title.iter().filter_map(|text| text.words.as_ref()).flat_map(|list| &list.0);
    let tokens = phrases.flat_map(|phrase| phrase.split_whitespace().map(|token| ("title", token.to_lowercase())));
    tokens.chain(shared(when))
}

fn shared(when: &When) -> impl Iterator<Item = Value> + '_ {
    let plain =
        [("calendar", &when.calendar), ("categories", &when.categories), ("series", &when.series), ("event_type", &when.event_type)];
    plain.into_iter().flat_map(|(key, list)| list.iter().flat_map(lower).map(move |value| (key, value)).collect::<Vec<_>>())
}

/// Lists that keep apart what has nothing of them in common.
fn apart(when: &When) -> [(&'static str, Option<Vec<String>>); 4] {
    [
        ("calendar", when.calendar.as_ref().map(lower)),
        ("series", when.series.as_ref().map(|list| list.0.clone())),
        ("event_type", when.event_type.as_ref().map(plainly)),
        ("colour", when.colour.as_ref().map(lower)),
    ]
}

/// Under what a rule is filed: all, and each such list or that it has none.
fn filed_apart(when: &When) -> Vec<Apart> {
    let of_list = |(key, list): (&'static str, Option<Vec<String>>)| match list {
        Some(values) => values.into_iter().map(|value| Some((key, Some(value)))).collect(),
        None => vec![Some((key, None))],
    };
    std::iter::once(None).chain(apart(when).into_iter().flat_map(of_list)).collect()
}

/// Where those stand that the first such list of a rule does not keep apart from it.
fn asked_apart(when: &When) -> Vec<Apart> {
    match apart(when).into_iter().find_map(|(key, list)| Some((key, list?))) {
        Some((key, values)) => values.into_iter().map(|value| Some((key, Some(value)))).chain([Some((key, None))]).collect(),
        None => vec![None],
    }
}

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

/// Words that are sought, with where.
fn words(when: &When) -> impl Iterator<Item = (&'static str, &Many<String>)> {
    let texts = [("title", &when.title), ("location", &when.location), ("description", &when.description)];
    texts.into_iter().filter_map(|(place, text)| Some((place, text.as_ref()?.words.as_ref()?)))
}

/// What a condition names: by key, by value of its list, and of each value what another one may have of it.
fn named(when: &When) -> Vec<Vec<Vec<Value>>> {
    let of_words = |(place, list): (&'static str, &Many<String>)| {
        list.0.iter().map(|phrase| phrase.split_whitespace().map(|token| (place, token.to_lowercase())).collect()).collect()
    };
    let of_list =
        |(key, list): (&'static str, Option<&Many<String>>)| Some(lower(list?).into_iter().map(|value| vec![(key, value)]).collect());
    let around = |address: String| {
        let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
        let parents = std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, parent)| parent.to_owned()));
        parents.chain([address.clone()]).collect::<Vec<_>>()
    };
    let of_mail = |(key, list): (&'static str, Option<&Many<String>>)| {
        Some(lower(list?).into_iter().map(|address| around(address).into_iter().map(|value| (key, value)).collect()).collect())
    };
    let keys = words(when).map(of_words).chain(lists(when).into_iter().filter_map(of_list));
    keys.chain(mail(when).into_iter().filter_map(of_mail)).collect()
}

/// A condition, what must hold with it, and its alternatives.
fn all_parts(when: &When) -> impl Iterator<Item = &When> {
    opened(when).into_iter().chain(when.any.iter().flatten().flat_map(opened))
}
