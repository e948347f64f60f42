//! An explanation as programs read it, and pages draw it.

use serde_json::{Map, Value, json};

use super::{
    Explained,
    fields::matched,
    standing::{Stood, Why},
};
use crate::model::{
    catalog::Field,
    entry::Given,
    event::{Fact, Span},
    verdict::{Claim, Evidence, Place},
};

impl Explained<'_> {
    pub(crate) fn json(&self) -> Value {
        let losers = self.verdict.lost.iter().map(|one| {
            let mut lost = self.claim(&one.lost);
            lost["field"] = json!(one.field);
            lost["lost_to"] = json!(&*one.won.rule);
            lost["why"] = json!(one.why);
            lost
        });
        let misses = self.misses().map(|one| {
            let lacked = one.failed.iter().map(|failed| json!({ "condition": failed.key, "wants": failed.wants, "has": failed.has }));
            json!({ "rule": one.rule, "at": self.at(&one.rule), "lacked": lacked.collect::<Vec<_>>() })
        });
        let done = self.done.iter().map(|done| json!({ "kind": done.kind, "what": done.what, "by": done.by, "at": done.at }));
        json!({
            "outcome": self.outcome(),
            "result": self.result,
            "event": self.fact.as_ref().map(event),
            "private": self.is_private(),
            "skip": self.verdict.skip.as_ref().map(|skip| json!({ "rule": skip.rule, "why": skip.why, "as": skip.counts_as, "at": self.at(&skip.rule) })),
            "entries": self.entries.iter().map(|stood| self.entry(stood)).collect::<Vec<_>>(),
            "fields": self.values_of(self.fields()),
            "split": self.verdict.split,
            "hours": self.verdict.hours,
            "losers": losers.collect::<Vec<_>>(),
            "reasons": self.whys.iter().map(why).collect::<Vec<_>>(),
            "decisions": done.collect::<Vec<_>>(),
            "unknown_codes": self.verdict.unknown_codes,
            "asked": self.turns().0.len(),
            "matched": matched(self.turns().0).collect::<Vec<_>>(),
            "ended_by": self.verdict.ended_by.as_deref(),
            "not_asked": matched(self.turns().1).collect::<Vec<_>>(),
            "nearest": misses.collect::<Vec<_>>(),
            "rule_set": self.digest,
        })
    }

    fn entry(&self, stood: &Stood) -> Value {
        let body = &stood.body;
        json!({
            "id": stood.known.map(|(id, _)| id), "status": stood.known.map(|(_, status)| status),
            "part": stood.part.map(|(place, _)| place), "parts": stood.part.map(|(_, all)| all),
            "date": body.date, "start": body.start, "end": body.end, "timezone": body.timezone,
            "seconds": body.seconds, "rounded_seconds": body.rounded_seconds, "held": body.held,
            "fields": self.values_of(Self::fields_of(stood)),
        })
    }

    fn values_of(&self, fields: Vec<(Field, String, Option<Given>)>) -> Map<String, Value> {
        let row = |(field, value, given): (Field, String, Option<Given>)| {
            let instead = self.instead(field, &value, given.as_ref()).map(|claim| self.claim(claim));
            let (by, evidence) = given.map_or((None, Vec::new()), |given| (Some(given.by), given.evidence));
            let at = by.as_ref().and_then(|rule| self.at(rule));
            let (matched, evidence) = (self.matched(&evidence), self.spans(&evidence));
            let told = json!({ "value": value, "rule": by, "at": at, "matched": matched, "evidence": evidence, "rules_say": instead });
            (field.to_string(), told)
        };
        fields.into_iter().map(row).collect()
    }

    /// What a rule says of a field.
    fn claim(&self, claim: &Claim) -> Value {
        json!({ "value": claim.value, "rule": &*claim.rule, "at": self.at(&claim.rule),
            "matched": self.matched(&claim.evidence), "evidence": self.spans(&claim.evidence) })
    }

    /// The words that a piece of evidence stands for, where they are still there.
    fn words(&self, one: &Evidence) -> Option<&str> {
        let text = &self.fact.as_ref()?.text;
        let whole = match one.place {
            Place::Title => text.title.as_str(),
            Place::Description => text.description.as_str(),
            Place::Location => text.location.as_str(),
            Place::Attendee => text.attendees.get(one.index)?.email.as_str(),
            Place::Organizer => text.organizer.as_deref()?,
            Place::Category => text.categories.get(one.index)?.as_str(),
            Place::Calendar => return None,
        };
        whole.get(one.span.0..one.span.1)
    }

    /// The words a rule matched on.
    pub(super) fn matched(&self, evidence: &[Evidence]) -> Vec<String> {
        evidence.iter().filter_map(|one| Some(format!("{} `{}`", one.place, self.words(one)?))).collect()
    }

    /// The same with where each stands: bytes of the title, of an address, of a category.
    fn spans(&self, evidence: &[Evidence]) -> Vec<Value> {
        let span = |one: &Evidence| {
            let text = self.words(one)?;
            Some(json!({ "place": one.place, "index": one.index, "start": one.span.0, "end": one.span.1, "text": text }))
        };
        evidence.iter().filter_map(span).collect()
    }
}

/// What it is, when, and with whom.
fn event(fact: &Fact) -> Value {
    let people = fact.text.attendees.iter().filter(|person| !person.resource).map(|person| &person.email);
    let (start, end) = match fact.span {
        Span::Timed { start, end, .. } => (json!(start), json!(end)),
        Span::AllDay { first, until } => (json!(first), json!(until)),
    };
    json!({ "title": fact.text.title, "start": start, "end": end, "all_day": matches!(fact.span, Span::AllDay { .. }),
        "organizer": fact.text.organizer, "attendees": people.collect::<Vec<_>>() })
}

fn why(why: &Why) -> Value {
    let Why { reason, asked, other } = why;
    json!({ "reason": reason.reason, "message": reason.message, "holding": reason.holding,
        "exception": asked.map(|(id, _)| id), "status": asked.map(|(_, status)| status),
        "other": other.as_ref().map(|other| other.id) })
}
