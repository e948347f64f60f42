//! What became of an event and why: which rule gave each field and on what words, what lost, and what nearly matched.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::found::{Found, find};

use crate::{
    model::{
        catalog::Field,
        entry::{Body, DECISION, Entry, EntryStatus, Given, Provenance},
        event::{Event, Fact, Span},
        exception::{Exception, ExceptionStatus, Reason},
        ids,
        verdict::{Evidence, Loss, Lost, Place, Verdict},
        words::counted,
    },
    rules::{RuleSet, explain::Asked, rewritten::rewritten, written::WrittenEvent},
    settling::{
        activation::Active,
        rehearsal::{self, rehearse},
        scene, subjects, verdicts,
    },
    store::Tx,
    yaml,
};

/// How many near misses are worth reading.
const MISSES: usize = 3;
/// Between the names of several rules.
const SEVERAL: &str = ", ";

/// All there is to say about one event.
pub(crate) struct Explained<'a> {
    rules: &'a RuleSet,
    /// What that set is called.
    digest: String,
    /// What it is about, in a line or two.
    heading: String,
    /// The event; none of what a person wrote, and of questions about days and sources.
    fact: Option<Fact>,
    /// What stands now.
    result: String,
    entry: Option<(Body, Provenance)>,
    reasons: Vec<Reason>,
    verdict: Arc<Verdict>,
    asked: Vec<Asked>,
}

/// Of an event that someone typed as JSON; `name` is what it is called in complaints, `digest` what the set is.
pub(crate) fn typed<'a>((rules, digest): (&'a RuleSet, &str), name: &str, text: &str) -> anyhow::Result<Explained<'a>> {
    let event: WrittenEvent = yaml::read_json(text, "event").map_err(|told| anyhow::anyhow!("{name} is not an event: {told}"))?;
    let rehearsed = rehearse(rules, &event, &[]).map_err(|problem| anyhow::anyhow!("{name}: {problem}"))?;
    let result = match (rehearsed.outcome(), rehearsed.reasons()) {
        ("exception", reasons) => format!("a held entry and an exception: {}", reasons.join(", ")),
        ("skipped", _) => "skipped: it makes no entry".to_owned(),
        ("none", _) => "no entry: an all-day event has no hours unless a rule gives it some".to_owned(),
        _ => "an entry, no exception".to_owned(),
    };
    let reasons = rehearsed.drafted.questions.into_iter().flat_map(|question| question.open).collect();
    let entry = rehearsed.drafted.entries.into_iter().next().map(|draft| (draft.body, draft.provenance));
    let heading = heading(&rehearsed.fact, rehearsed.zone, &event.calendar);
    let (fact, verdict, asked) = (Some(rehearsed.fact), rehearsed.verdict, rehearsed.asked);
    Ok(Explained { rules, digest: digest.to_owned(), heading, fact, result, entry, reasons, verdict, asked })
}

/// Of an entry, an event or an exception in the book, by the end of its id.
pub(crate) async fn of_book<'a>(tx: &mut Tx, active: &'a Active, id: &str) -> anyhow::Result<Explained<'a>> {
    match find(tx, id).await? {
        Found::Event(event) => of_event(tx, active, *event).await,
        Found::Written(entry) => of_written(tx, active, *entry).await,
        Found::Question(exception) => Ok(of_question(active, *exception)),
    }
}

async fn of_event<'a>(tx: &mut Tx, active: &'a Active, event: Event) -> anyhow::Result<Explained<'a>> {
    let staff = tx.staff_member(event.staff).await?;
    let (first, zone) = (staff.zones.first_date(&event.fact.span), staff.zones.on(staff.zones.first_date(&event.fact.span)));
    let there = tx.events_on(staff.id, first, first).await?;
    let verdict = verdicts(&staff, there.iter(), &active.rules).remove(&event.id).unwrap_or_default();
    let others: Vec<_> = there.iter().filter(|other| other.meeting != event.meeting).map(|other| scene(&staff, other, &[])).collect();
    let asked = active.rules.ask(&scene(&staff, &event, &others), &verdict);
    let entries = tx.entries_of_meetings(&[event.meeting]).await?;
    let open = tx.exceptions_about(staff.id, &subjects(&event)).await?;
    let entry = entries.iter().find(|entry| entry.status != EntryStatus::Void);
    let result = match entry {
        Some(entry) => standing(entry),
        None if verdict.skip.is_some() => "skipped: it makes no entry".to_owned(),
        None if !event.is_live() => "no entry: the event was deleted or called off".to_owned(),
        None if matches!(event.fact.span, Span::AllDay { .. }) => {
            "no entry: an all-day event has no hours unless a rule gives it some".to_owned()
        }
        None => "no entry: it is not over yet, is no work, or lies outside the recorded time".to_owned(),
    };
    Ok(Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: heading(&event.fact, zone, &event.calendar_name),
        result,
        entry: entry.map(|entry| (entry.body.clone(), entry.provenance.clone())),
        reasons: reasons(open),
        verdict,
        asked,
        fact: Some(event.fact),
    })
}

/// Of an entry that no calendar has: rules had no say in it, and checks had.
async fn of_written<'a>(tx: &mut Tx, active: &'a Active, entry: Entry) -> anyhow::Result<Explained<'a>> {
    let open = tx.exceptions_about(entry.staff, &[entry.key.meeting.0]).await?;
    let title = entry.body.description.as_deref().unwrap_or("(no description)");
    Ok(Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: format!("{title}\n{}, {}\nno calendar has it: a person wrote it", entry.body.date, length(entry.body.seconds)),
        result: standing(&entry),
        entry: Some((entry.body, entry.provenance)),
        reasons: reasons(open),
        verdict: Arc::default(),
        asked: Vec::new(),
        fact: None,
    })
}

/// Of a question about a day, a calendar or a connection.
fn of_question(active: &Active, exception: Exception) -> Explained<'_> {
    Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: format!("a question about a {}\n{}", exception.subject.kind, exception.date),
        result: format!("{} exception {}, about no single event", exception.status, ids::short(exception.id.0)),
        entry: None,
        reasons: exception.reasons,
        verdict: Arc::default(),
        asked: Vec::new(),
        fact: None,
    }
}

/// The event behind an id of any kind, and whether some entry of it is matched to work; none if it is about no single event.
pub(crate) async fn about(tx: &mut Tx, id: &str) -> anyhow::Result<Option<(Event, bool)>> {
    let Found::Event(event) = find(tx, id).await? else { return Ok(None) };
    let entries = tx.entries_of_meetings(&[event.meeting]).await?;
    Ok(Some((*event, entries.iter().any(|entry| entry.body.is_matched()))))
}

fn standing(entry: &Entry) -> String {
    let held = if entry.body.held { ", held by an open exception" } else { "" };
    format!("{} {}{held}", entry.status, ids::short(entry.id.0))
}

fn reasons(about: Vec<Exception>) -> Vec<Reason> {
    about.into_iter().filter(|one| one.status == ExceptionStatus::Open).flat_map(|one| one.reasons).collect()
}

/// A test of rule files made of an event, entry or exception of the book: what these rules make of it now.
pub(crate) async fn test_of(tx: &mut Tx, rules: &RuleSet, id: &str) -> anyhow::Result<String> {
    let Found::Event(event) = find(tx, id).await? else { anyhow::bail!("no calendar has this: a test needs an event") };
    let staff = tx.staff_member(event.staff).await?;
    let first = staff.zones.first_date(&event.fact.span);
    let there = if rules.looks_around() { tx.events_on(staff.id, first, first).await? } else { Vec::new() };
    let others = there.iter().filter(|other| other.meeting != event.meeting && other.is_live());
    let others: Vec<_> = others.map(|other| rewritten(rules, &scene(&staff, other, &[]))).collect();
    let title = if event.fact.visibility.is_private() { "a private event" } else { event.fact.text.title.trim() };
    // Two people may have been at the same meeting.
    let name = format!("{} on {first}, {}", if title.is_empty() { "an event without a title" } else { title }, staff.email());
    rehearsal::test_of(rules, &name, &rewritten(rules, &scene(&staff, &event, &[])), &others).map_err(anyhow::Error::msg)
}

/// The same of an event that someone typed as JSON.
pub(crate) fn test_of_typed(rules: &RuleSet, text: &str) -> anyhow::Result<String> {
    let event: serde_yaml::Value = serde_json::from_str(text)?;
    let title = event.get("title").and_then(serde_yaml::Value::as_str).map(str::trim).filter(|title| !title.is_empty());
    rehearsal::test_of(rules, title.unwrap_or("an event without a title"), &event, &[]).map_err(anyhow::Error::msg)
}

impl Explained<'_> {
    /// Each field with its value and who gave it: as it stands, or as the rules alone have it.
    fn fields(&self) -> Vec<(Field, String, Option<Given>)> {
        let of_rules = |field: Field| self.verdict.fields.get(&field).map(|claim| (field, claim.value.clone(), Some(Given::of(claim))));
        let Some((body, provenance)) = &self.entry else { return Field::ALL.iter().filter_map(|field| of_rules(*field)).collect() };
        let tags = Some(body.tags.join(", ")).filter(|tags| !tags.is_empty());
        let billable = body.billable.map(|yes| yes.to_string());
        let values = [&body.client, &body.project, &body.task, &billable, &body.description, &tags];
        let fields = [Field::Client, Field::Project, Field::Task, Field::Billable, Field::Description, Field::Tags];
        let row = |(field, value): (Field, &Option<String>)| Some((field, value.clone()?, provenance.0.get(&field).cloned()));
        fields.into_iter().zip(values).filter_map(row).collect()
    }

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

    /// Losers that a reader cares for: not a project that only followed its client.
    fn lost(&self, field: Field) -> impl Iterator<Item = &Lost> {
        self.verdict.lost.iter().filter(move |lost| lost.field == field)
    }

    /// Rules of which all but one condition held, those of which most did first.
    fn misses(&self) -> impl Iterator<Item = &Asked> {
        let mut near: Vec<_> = self.asked.iter().filter(|one| one.failed.len() == 1 && one.held > 0).collect();
        near.sort_by_key(|one| std::cmp::Reverse(one.held));
        near.into_iter().take(MISSES)
    }

    /// Rules up to the one that ended it, and those after it.
    fn turns(&self) -> (&[Asked], &[Asked]) {
        let ender = self.verdict.ended_by.as_deref();
        let last = self.asked.iter().position(|one| Some(one.rule.as_str()) == ender);
        self.asked.split_at(last.map_or(self.asked.len(), |at| at + 1))
    }

    /// Rules that held and gave nothing, since others had said the same.
    fn idle(&self) -> impl Iterator<Item = &str> {
        matched(self.turns().0).filter(|rule| !self.verdict.names(rule))
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
}

fn matched(rules: &[Asked]) -> impl Iterator<Item = &str> {
    rules.iter().filter(|one| one.failed.is_empty()).map(|one| one.rule.as_str())
}

fn heading(fact: &Fact, zone: chrono_tz::Tz, calendar: &str) -> String {
    let when = match fact.span {
        Span::Timed { start, end, .. } => {
            let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
            format!("{}-{} {zone}", start.format("%a %Y-%m-%d %H:%M"), end.format("%H:%M"))
        }
        Span::AllDay { first, until } => format!("{} until {until}, all day", first.format("%a %Y-%m-%d")),
    };
    let title = if fact.text.title.is_empty() { "(no title)" } else { &fact.text.title };
    let people: Vec<_> = fact.text.attendees.iter().filter(|person| !person.resource).map(|person| person.email.as_str()).collect();
    let with = if people.is_empty() { "nobody else".to_owned() } else { people.join(", ") };
    format!("{title}\n{when}\n{}; {with}", if calendar.is_empty() { "no calendar named" } else { calendar })
}

impl Explained<'_> {
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

fn length(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { format!("{}…", text.chars().take(59).collect::<String>()) }
}
