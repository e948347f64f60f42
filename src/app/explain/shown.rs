//! An explanation as people read it on a terminal and as programs do.

use serde_json::{Map, Value, json};

use super::{Explained, SEVERAL, length, matched};
use crate::model::{
    catalog::Field,
    entry::DECISION,
    verdict::{Evidence, Loss, Lost, Place},
    words::counted,
};

impl Explained<'_> {
    /// `rule (file:line)`, or several where tags came from several. An entry keeps the name of a rule that was renamed: nothing it
    /// says changed by that.
    fn who(&self, rules: &str) -> String {
        let one = |rule: &str| match self.rules.place(rule) {
            _ if rule == DECISION => "a person's decision".to_owned(),
            Some(spot) => format!("{rule} ({spot})"),
            None => format!("{rule} (no rule of these files is called so any more)"),
        };
        rules.split(SEVERAL).map(one).collect::<Vec<_>>().join(SEVERAL)
    }

    fn at(&self, rules: &str) -> Option<String> {
        let at = |rule: &str| self.rules.place(rule).map(ToString::to_string);
        Some(rules.split(SEVERAL).map(at).collect::<Option<Vec<_>>>()?.join(SEVERAL))
    }

    pub(crate) fn told(&self) -> String {
        let mut lines = vec![self.heading.clone(), String::new(), format!("{:<12}{}", "RESULT", self.result)];
        if let Some(skip) = &self.verdict.skip {
            lines.push(fitted(format!("{:<12}{}", "skipped", skip.why), &[format!("by {}", self.who(&skip.rule))]));
        }
        for (field, value, given) in self.fields() {
            let (rule, evidence) = given.map_or((String::new(), Vec::new()), |given| (given.by, given.evidence));
            let by = if rule.is_empty() { String::new() } else { format!("by {}", self.who(&rule)) };
            lines.push(fitted(format!("{:<12}{value}", field.as_str()), &[by, self.on(&evidence)]));
            lines.extend(self.lost(field).map(|lost| self.loser(lost)));
        }
        let unset = Field::ALL.iter().filter(|field| !self.fields().iter().any(|(set, ..)| set == *field));
        lines.extend(unset.flat_map(|field| self.lost(*field)).map(|lost| self.loser(lost)));
        if let Some(split) = &self.verdict.split {
            let share = |share: &crate::model::verdict::Share| {
                format!("{} % {}", share.percent, share.project.as_ref().or(share.client.as_ref()).map_or("?", String::as_str))
            };
            let shares: Vec<_> = split.shares.iter().map(share).collect();
            lines.push(format!("split       {}  by {}", shares.join(", "), self.who(&split.rule)));
        }
        if let Some(hours) = &self.verdict.hours {
            lines.push(format!("hours       {}  by {}", length(hours.seconds), self.who(&hours.rule)));
        }
        lines.extend(self.reasons.iter().map(|reason| {
            let rule = reason.evidence["rule"].as_str().map_or_else(String::new, |rule| format!("by {}", self.who(rule)));
            fitted(format!("{:<12}{}:", "WHY", reason.reason), &[reason.message.clone(), rule])
        }));
        let (asked, unasked) = self.turns();
        if self.fact.is_some() {
            lines.extend([String::new(), format!("{} asked, {} matched", counted(asked.len(), "rule", "rules"), matched(asked).count())]);
        }
        lines.extend(self.idle().map(|rule| format!("  matched, and added nothing: {}", self.who(rule))));
        if let Some(ender) = self.verdict.ended_by.as_ref().filter(|_| !unasked.is_empty()) {
            lines.push(fitted(format!("  ended: {}", self.who(ender)), &[format!("the {} after it were not asked", unasked.len())]));
            lines.extend(matched(unasked).map(|rule| format!("  would have matched after it: {}", self.who(rule))));
        }
        lines.extend(self.misses().map(|one| {
            let failed = one.failed.first();
            let wants = failed.map_or_else(String::new, |failed| format!("{} {}", failed.key, clipped(&failed.wants)));
            let has = failed.map(|failed| failed.has.as_str()).filter(|has| !has.is_empty());
            let has = has.map_or_else(String::new, |has| format!("it has {has}"));
            fitted(format!("  nearly: {}", self.who(&one.rule)), &[format!("wanted {wants}"), has])
        }));
        lines.push(format!("Rule set {}", &self.digest[..12]));
        lines.join("\n")
    }

    fn loser(&self, lost: &Lost) -> String {
        let why = match lost.why {
            Loss::Conflict => "conflict: nobody said which goes over which".to_owned(),
            Loss::Over => format!("{} goes over it", lost.won.rule),
            Loss::Later => format!("{} stands in an earlier section", lost.won.rule),
            Loss::OtherClient => format!("it is not a project of {}", self.verdict.value(Field::Client).unwrap_or("that client")),
        };
        let Lost { lost, field, .. } = lost;
        let who = format!("by {}", self.who(&lost.rule));
        fitted(format!("  lost: {field} {}", lost.value), &[who, self.on(&lost.evidence), format!("- {why}")])
    }

    pub(crate) fn json(&self) -> Value {
        let fields: Map<_, _> = self
            .fields()
            .into_iter()
            .map(|(field, value, given)| {
                let (by, evidence) = given.map_or((None, Vec::new()), |given| (Some(given.by), given.evidence));
                let at = by.as_ref().and_then(|rule| self.at(rule));
                (
                    field.to_string(),
                    json!({ "value": value, "rule": by, "at": at, "matched": self.matched(&evidence), "evidence": self.spans(&evidence) }),
                )
            })
            .collect();
        let losers = self.verdict.lost.iter().map(|one| {
            json!({ "field": one.field, "value": one.lost.value, "rule": &*one.lost.rule, "at": self.at(&one.lost.rule),
                "matched": self.matched(&one.lost.evidence), "evidence": self.spans(&one.lost.evidence), "lost_to": &*one.won.rule, "why": one.why })
        });
        let reasons =
            self.reasons.iter().map(|reason| json!({ "reason": reason.reason, "message": reason.message, "holding": reason.holding }));
        let misses = self.misses().map(|one| {
            let lacked = one.failed.iter().map(|failed| json!({ "condition": failed.key, "wants": failed.wants, "has": failed.has }));
            json!({ "rule": one.rule, "at": self.at(&one.rule), "lacked": lacked.collect::<Vec<_>>() })
        });
        let outcome = match () {
            () if self.verdict.skip.is_some() => "skipped",
            () if !self.reasons.is_empty() => "exception",
            () if self.entry.is_some() => "entry",
            () => "none",
        };
        json!({
            "outcome": outcome,
            "result": self.result,
            "skip": self.verdict.skip.as_ref().map(|skip| json!({ "rule": skip.rule, "why": skip.why, "as": skip.counts_as, "at": self.at(&skip.rule) })),
            "fields": fields,
            "split": self.verdict.split,
            "losers": losers.collect::<Vec<_>>(),
            "reasons": reasons.collect::<Vec<_>>(),
            "unknown_codes": self.verdict.unknown_codes,
            "matched": matched(self.turns().0).collect::<Vec<_>>(),
            "ended_by": self.verdict.ended_by.as_deref(),
            "not_asked": matched(self.turns().1).collect::<Vec<_>>(),
            "nearest": misses.collect::<Vec<_>>(),
            "rule_set": self.digest,
        })
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
    fn matched(&self, evidence: &[Evidence]) -> Vec<String> {
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

    fn on(&self, evidence: &[Evidence]) -> String {
        let words = self.matched(evidence);
        if words.is_empty() { String::new() } else { format!("on {}", words.join(", ")) }
    }
}

/// Parts of a line, each on the next line where it would stand out over the edge of a terminal.
fn fitted(mut text: String, parts: &[String]) -> String {
    let mut width = text.chars().count();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let more = part.chars().count() + 2;
        if width + more > 78 {
            text.push_str("\n            ");
            width = 10 + more;
        } else {
            text.push_str("  ");
            width += more;
        }
        text.push_str(part);
    }
    text
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}
