//! An explanation as people read it on a terminal of eighty columns.

use chrono::{DateTime, Utc};

use super::{
    Explained, SEVERAL,
    fields::matched,
    length,
    standing::{Stood, Why},
};
use crate::model::{
    catalog::Field,
    entry::{Body, DECISION, DEFAULTS, Given},
    ids,
    verdict::{Evidence, Loss, Lost},
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

    pub(super) fn at(&self, rules: &str) -> Option<String> {
        let at = |rule: &str| self.rules.place(rule).map(ToString::to_string);
        Some(rules.split(SEVERAL).map(at).collect::<Option<Vec<_>>>()?.join(SEVERAL))
    }

    pub(crate) fn told(&self) -> String {
        let mut lines = vec![self.heading.clone(), String::new(), format!("{:<12}{}", "RESULT", self.result)];
        if let Some(skip) = &self.verdict.skip {
            lines.push(fitted(format!("{:<12}{}", "skipped", skip.why), &[format!("by {}", self.who(&skip.rule))]));
        }
        lines.extend(self.values());
        if let Some(split) = &self.verdict.split {
            let share = |share: &crate::model::verdict::Share| {
                format!("{} % {}", share.percent, share.project.as_ref().or(share.client.as_ref()).map_or("?", String::as_str))
            };
            let shares: Vec<_> = split.shares.iter().map(share).collect();
            let otherwise = if self.is_decided() { "- a person said otherwise" } else { "" };
            let by = format!("by {}", self.who(&split.rule));
            lines.push(fitted(format!("{:<12}{}", "split", shares.join(", ")), &[by, otherwise.to_owned()]));
        }
        if let Some(hours) = &self.verdict.hours {
            lines.push(format!("hours       {}  by {}", length(hours.seconds), self.who(&hours.rule)));
        }
        lines.extend(self.done.iter().map(|done| {
            let at = done.at.format("%Y-%m-%d").to_string();
            fitted(format!("{:<12}{at} {}", "DECIDED", done.by), std::slice::from_ref(&done.what))
        }));
        lines.extend(self.whys.iter().map(|why| self.why(why)));
        let (asked, unasked) = self.turns();
        if self.fact.is_some() {
            lines.extend([String::new(), format!("{} asked, {} matched", counted(asked.len(), "rule", "rules"), matched(asked).count())]);
            if self.is_private() {
                lines.push("  it is private: rules see its times and its calendar, and no words".to_owned());
            }
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

    /// The entries with their values, said once where neighbours have the same; what lost stands under the first.
    fn values(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut losers = Field::ALL.to_vec();
        for (place, stood) in self.entries.iter().enumerate() {
            lines.push(self.when(stood));
            let fields = Self::fields_of(stood);
            if self.entries.get(place + 1).is_none_or(|next| Self::fields_of(next) != fields) {
                lines.extend(self.rows(&fields, &mut losers));
            }
        }
        if self.entries.is_empty() {
            lines.extend(self.rows(&self.fields(), &mut losers));
        }
        lines
    }

    fn rows(&self, fields: &[(Field, String, Option<Given>)], losers: &mut Vec<Field>) -> Vec<String> {
        let mut lines = Vec::new();
        for (field, value, given) in fields {
            let (rule, evidence) = given.as_ref().map_or(("", [].as_slice()), |given| (given.by.as_str(), given.evidence.as_slice()));
            let by = match rule {
                "" => String::new(),
                // Rules that say nothing of it leave it to the project.
                DEFAULTS if *field == Field::Billable && self.verdict.defaults.billable.is_none() => "by its project".to_owned(),
                rule => format!("by {}", self.who(rule)),
            };
            lines.push(fitted(format!("{:<12}{value}", field.as_str()), &[by, self.on(evidence)]));
            lines.extend(self.instead(*field, value, given.as_ref()).map(|claim| {
                let who = format!("by {}", self.who(&claim.rule));
                fitted(format!("  rules say: {field} {}", claim.value), &[who, self.on(&claim.evidence)])
            }));
            if losers.contains(field) {
                losers.retain(|one| one != field);
                lines.extend(self.lost(*field).map(|lost| self.loser(lost)));
            }
        }
        lines.extend(std::mem::take(losers).into_iter().flat_map(|field| self.lost(field)).map(|lost| self.loser(lost)));
        lines
    }

    /// When an entry is, and which of several it is.
    fn when(&self, stood: &Stood) -> String {
        let Body { date, start, end, timezone, seconds, rounded_seconds, .. } = &stood.body;
        let clock = |at: &DateTime<Utc>| at.with_timezone(timezone).format("%H:%M").to_string();
        // Hours that a rule gave an all-day event are at no time of the day.
        let is_given = self.verdict.hours.is_some() && clock(start) == "00:00";
        let clock = if is_given { String::new() } else { format!(" {}-{}", clock(start), clock(end)) };
        let told = format!("{:<12}{}{clock}, {} h", "time", date.format("%a %Y-%m-%d"), length(*seconds));
        let rounded = (seconds != rounded_seconds).then(|| format!("rounded to {}", length(*rounded_seconds)));
        let part = stood.part.map(|(place, all)| format!("part {place} of {all}"));
        let held = if stood.body.held { ", held" } else { "" };
        let known = stood.known.filter(|_| self.entries.len() > 1 || self.is_question);
        let known = known.map(|(id, status)| format!("{status} {}{held}", ids::short(id.0)));
        let more: Vec<_> = [rounded, part, known].into_iter().flatten().collect();
        fitted(told, &more)
    }

    fn why(&self, why: &Why) -> String {
        let Why { reason, asked, other } = why;
        let rule = reason.evidence["rule"].as_str().map_or_else(String::new, |rule| format!("by {}", self.who(rule)));
        let other = other.as_ref().map(|other| {
            let of = other.body.project.as_ref().or(other.body.client.as_ref()).map(|of| format!(" of {of}"));
            format!("which is {} {}{}", other.status, ids::short(other.id.0), of.unwrap_or_default())
        });
        let noted = if reason.holding { String::new() } else { "(for information)".to_owned() };
        let asked = asked.filter(|_| !self.is_question).map(|(id, _)| format!("asked as {}", ids::short(id.0)));
        fitted(
            format!("{:<12}{}:", "WHY", reason.reason),
            &[reason.message.clone(), other.unwrap_or_default(), noted, rule, asked.unwrap_or_default()],
        )
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
