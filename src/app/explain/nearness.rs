//! Which rules an event nearly fitted: of those that lack one condition the nearest. Words that are nothing like those of the event are far,
//! however much else of their rule holds.

use crate::{
    model::event::{Fact, Text},
    rules::explain::{Asked, Failed},
};

/// Words that are as like as this may be meant.
const LIKE: f64 = 0.85;
/// What is asked of something else than words holds or does not.
const OTHERWISE: f64 = 0.9;

/// Those nearest first.
pub(super) fn nearest<'a>(asked: &'a [Asked], fact: Option<&Fact>) -> Vec<&'a Asked> {
    let mut near: Vec<_> = asked.iter().filter_map(|one| ranked(one, fact)).collect();
    near.sort_by(|((is_like, held, like), _), (other, _)| (other.0, other.1).cmp(&(*is_like, *held)).then(other.2.total_cmp(like)));
    near.into_iter().map(|(_, one)| one).collect()
}

/// Whether what it lacks is like what is there, how much of it held, and how like.
type Rank = (bool, usize, f64);

fn ranked<'a>(one: &'a Asked, fact: Option<&Fact>) -> Option<(Rank, &'a Asked)> {
    let [lacked] = one.failed.as_slice() else { return None };
    let words = fact.and_then(|fact| words_of(lacked.key, &fact.text));
    let is_of_words = words.is_some();
    let likeness = words.map_or(OTHERWISE, |words| likeness(lacked, &words));
    let is_like = likeness >= LIKE;
    (one.held > 0 || is_of_words && is_like).then_some(((is_like, one.held, likeness), one))
}

/// What a condition on words looks at.
fn words_of(key: &str, text: &Text) -> Option<String> {
    match key {
        "title" => Some(text.title.clone()),
        "description" => Some(text.description.clone()),
        "location" => Some(text.location.clone()),
        "categories" => Some(text.categories.join(" ")),
        "client_name" => Some(format!("{} {}", text.title, text.location)),
        _ => None,
    }
}

/// How like the nearest of the words it wants is to one that is there.
fn likeness(lacked: &Failed, there: &str) -> f64 {
    let there = parts(there);
    let wanted = parts(&lacked.wants);
    let pairs = wanted.iter().flat_map(|wanted| there.iter().map(move |there| strsim::jaro_winkler(wanted, there)));
    pairs.fold(0.0, f64::max)
}

/// Words of three letters and more, without the keys of the rule language.
fn parts(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words = text.split_whitespace().filter(|word| !word.trim_start_matches('{').ends_with(':'));
    let parts = words.flat_map(|word| word.split(|char: char| !char.is_alphanumeric()));
    parts.filter(|part| part.chars().count() > 2).map(str::to_owned).collect()
}
