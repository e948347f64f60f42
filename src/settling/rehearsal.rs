//! A written event through the whole derivation, without a book: what `rules test` compares and `rules explain --event` shows. Pure.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;

use crate::{
    drafting::{Drafted, Page, draft_day},
    model::{
        catalog::Field,
        day::Zones,
        event::{Event, Fact, Response, Span},
        ids::{CalendarId, EventId, MeetingId, StaffId},
        policy::Policy,
        residual::Decided,
        staff::{Staff, Working},
        verdict::Verdict,
    },
    rules::{RuleSet, Scene, coverage::Reach, explain::Asked, written::WrittenEvent},
};

/// What became of a written event.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    pub(crate) fact: Fact,
    /// Of the day and place it is on.
    pub(crate) zone: Tz,
    pub(crate) verdict: Arc<Verdict>,
    pub(crate) asked: Vec<Asked>,
    /// Rules that had a part in it.
    pub(super) reach: Vec<Reach>,
    pub(crate) drafted: Drafted,
}

/// Takes a written event the way of every other.
///
/// # Errors
/// What is wrong with its times.
pub(crate) fn rehearse(rules: &RuleSet, written: &WrittenEvent, same_day: &[WrittenEvent]) -> Result<Rehearsed, String> {
    let zone = written.timezone.or(rules.zone).unwrap_or(chrono_tz::UTC);
    let fact = written.fact(zone)?;
    let (owner, response) = rules.owner(written);
    let staff = someone(owner, zone);
    let others = same_day.iter().map(|other| Ok((other.fact(zone)?, rules.owner(other).1, other.calendar.as_str())));
    let others: Vec<(Fact, _, &str)> = others.collect::<Result<_, String>>()?;
    let neighbours: Vec<Scene<'_>> =
        others.iter().map(|(fact, response, calendar)| scene(&staff, (fact, *response, calendar), &[])).collect();
    let scene = scene(&staff, (&fact, response, written.calendar.as_str()), &neighbours);
    let verdict = Arc::new(rules.judge(&scene));
    let asked = rules.ask(&scene, &verdict);
    let policy = Policy { day_limits: rules.day_limits.clone(), ..Policy::default() };
    let drafted = draft(rules, &staff, event(&staff, &fact, written), &verdict, &policy);
    let reach = rules.reach(&scene, &asked, &decided(&fact, &verdict, &drafted));
    Ok(Rehearsed { fact, zone, verdict, asked, reach, drafted })
}

/// What its entry says, for whoever asks of that; with none, how long it is.
fn decided<'a>(fact: &Fact, verdict: &Verdict, drafted: &'a Drafted) -> Decided<'a> {
    let body = drafted.entries.first().map(|draft| &draft.body);
    Decided {
        client: body.and_then(|body| body.client.as_deref()),
        project: body.and_then(|body| body.project.as_deref()),
        task: body.and_then(|body| body.task.as_deref()),
        billable: body.and_then(|body| body.billable),
        seconds: body.map_or_else(|| fact.span.seconds().unwrap_or(0), |body| body.seconds),
        confidence: verdict.confidence,
    }
}

/// What rules may see of it.
fn scene<'a>(staff: &'a Staff, (fact, response, calendar): (&'a Fact, Response, &'a str), same_day: &'a [Scene<'a>]) -> Scene<'a> {
    let date = staff.zones.first_date(&fact.span);
    Scene { fact, response, calendar, addresses: &staff.addresses, date, zone: staff.zones.on(date), same_day }
}

/// Nobody in particular, who has always worked here.
fn someone(owner: Option<String>, zone: Tz) -> Staff {
    Staff {
        id: StaffId(uuid::Uuid::nil()),
        name: String::new(),
        addresses: owner.into_iter().collect(),
        zones: Zones::only(zone),
        working: Working::default(),
        first_day: NaiveDate::MIN,
        last_day: None,
    }
}

fn event(staff: &Staff, fact: &Fact, written: &WrittenEvent) -> Event {
    let nil = uuid::Uuid::nil();
    let start = staff.zones.starts_at(&fact.span);
    Event {
        id: EventId(nil),
        staff: staff.id,
        calendar: CalendarId(nil),
        calendar_order: 0,
        calendar_name: written.calendar.as_str().into(),
        meeting: MeetingId(nil),
        fact: fact.clone(),
        response: Response::Accepted,
        revision: 1,
        first_seen: start,
        placed_at: start,
        removed_at: None,
    }
}

/// Its pages as they stand once it is over, with nothing else on them.
pub(super) fn draft(rules: &RuleSet, staff: &Staff, event: Event, verdict: &Arc<Verdict>, policy: &Policy) -> Drafted {
    let end = match event.fact.span {
        Span::Timed { start, end, .. } => start.max(end),
        Span::AllDay { until, .. } => staff.zones.start(until),
    };
    let dates = staff.zones.dates(&event.fact.span);
    let events = [(event, verdict.clone())];
    let mut sum = Drafted::default();
    for date in dates {
        let as_of = end + TimeDelta::days(2);
        let page = Page { staff, date, events: &events, catalog: &rules.catalog, policy, decisions: &[], standing: &[], as_of };
        let drafted = draft_day(&page);
        sum.entries.extend(drafted.entries);
        sum.concerns.extend(drafted.concerns);
        sum.questions.extend(drafted.questions);
    }
    sum
}

impl Rehearsed {
    /// `skipped`, `exception`, `entry`, or `none` for an all-day event that no rule gives hours.
    pub(crate) fn outcome(&self) -> &'static str {
        let asks = self.drafted.questions.iter().any(|question| !question.open.is_empty());
        match () {
            () if self.verdict.skip.is_some() => "skipped",
            () if asks => "exception",
            () if self.drafted.entries.is_empty() => "none",
            () => "entry",
        }
    }

    /// The reasons raised, each once.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for reason in self.drafted.questions.iter().flat_map(|question| &question.open) {
            if !seen.contains(&reason.reason) {
                seen.push(reason.reason.clone());
            }
        }
        seen
    }

    /// A field of its entry; of a split event, those of all entries.
    pub(super) fn value(&self, field: Field) -> Option<String> {
        let mut values: Vec<String> = self.drafted.entries.iter().filter_map(|draft| draft.body.value(field)).collect();
        values.dedup();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Which rule gave a field.
    pub(super) fn giver(&self, field: Field) -> Option<String> {
        self.drafted.entries.first()?.provenance.0.get(&field).map(|given| given.by.clone())
    }
}
