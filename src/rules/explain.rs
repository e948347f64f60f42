//! Why a verdict came out as it did: which rules held, and which nearly did.

use super::{
    RuleSet, Scene,
    matching::{Condition, Hits},
    reader::Reader,
};
use crate::model::{
    event::Span,
    residual::{Decided, Residual},
    verdict::Verdict,
};

/// One rule, asked about one event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) rule: String,
    /// Conditions that did not hold; none if the rule matched.
    pub(crate) failed: Vec<Failed>,
    /// How many conditions found something in the event; that something is missing is no sign of nearness.
    pub(crate) held: usize,
}

/// One condition that did not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) key: &'static str,
    /// As the rule file has it.
    pub(crate) wants: String,
    /// What the event has instead, where that is short to say.
    pub(crate) has: String,
}

impl RuleSet {
    /// Asks every rule on its own, in order, whatever came before it; conditions on what was set see the finished verdict.
    pub(crate) fn ask(&self, scene: &Scene<'_>, verdict: &Verdict) -> Vec<Asked> {
        if let Some(fact) = scene.without_words() {
            return self.ask(&Scene { fact: &fact, ..*scene }, verdict);
        }
        asked(&Reader::new(self, &self.seen(*scene)), verdict)
    }
}

/// What each rule makes of an event by itself.
pub(super) fn asked<'a>(reader: &'a Reader<'a>, verdict: &Verdict) -> Vec<Asked> {
    let scene = reader.scene;
    let value = |field| verdict.value(field);
    let decided = Decided {
        client: value(crate::model::catalog::Field::Client),
        project: value(crate::model::catalog::Field::Project),
        task: value(crate::model::catalog::Field::Task),
        billable: value(crate::model::catalog::Field::Billable).map(|word| word == "true"),
        confidence: verdict.confidence,
        ..scene.undecided()
    };
    let asked = |rule: &super::compile::Rule| {
        let holds = |condition| reader.holds(condition, &mut Hits::default(), &|residual| residual.holds(&decided));
        // What a rule asked of the fields held when it was asked, whatever came of them since.
        let clauses = rule.when.iter().filter(|clause| !verdict.names(&rule.id) && !holds(&clause.condition));
        let mut failed: Vec<Failed> = clauses
            .map(|clause| Failed { key: clause.key, wants: clause.written.clone(), has: reader.has(clause.key, &decided) })
            .collect();
        if !reader.is_between(rule.from, rule.until) {
            let dates = [rule.from.map(|from| format!("from {from}")), rule.until.map(|until| format!("until {until}"))];
            let wants = dates.into_iter().flatten().collect::<Vec<_>>().join(" ");
            failed.push(Failed { key: "dates", wants, has: scene.date.to_string() });
        }
        let told = |key: &str| key == "not" || failed.iter().any(|failed| failed.key == key);
        let held = rule.when.iter().filter(|clause| !told(clause.key) && clause.condition.asks_for_something()).count();
        Asked { rule: rule.id.to_string(), failed, held }
    };
    reader.set.rules.iter().map(asked).collect()
}

impl Condition {
    /// Whether it asks for something to be there: that nothing is, holds of most events and brings none nearer.
    fn asks_for_something(&self) -> bool {
        match self {
            Self::Entry(Residual::Client(named) | Residual::Project(named) | Residual::Task(named)) => !named.is_empty(),
            Self::Entry(Residual::Billable(_)) => true,
            Self::Entry(_) | Self::AllDay(false) | Self::Recurring(false) | Self::Guests { min: 0, unknown: None | Some(false), .. } => {
                false
            }
            Self::Attendees { min, .. } => *min > 1,
            Self::All(parts) => parts.iter().any(Self::asks_for_something),
            _ => true,
        }
    }
}

impl Reader<'_> {
    /// What the event has, in the words of the rule files.
    fn has(&self, key: &str, decided: &Decided<'_>) -> String {
        let fact = self.scene.fact;
        let text = &fact.text;
        let set = |value: Option<&str>| value.unwrap_or("unset").to_owned();
        let yes = |is: bool| is.to_string();
        // Hours and weekdays of another zone than hers say which.
        let clock = |says: String| self.set.zone.map_or(says.clone(), |zone| format!("{says} {zone}"));
        match key {
            "attendees" => format!("{} with the owner", self.people()),
            "guests" => self.guests().count().to_string(),
            "organizer" => set(text.organizer.as_deref()),
            "calendar" => self.scene.calendar.to_owned(),
            "duration" => {
                fact.span.seconds().map_or_else(|| "all day".to_owned(), |seconds| format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60))
            }
            "time" => self
                .start()
                .map_or_else(|| "all day".to_owned(), |at| clock(at.with_timezone(&self.scene.zone).format("%H:%M").to_string())),
            "weekday" => clock(self.weekday().to_string().to_lowercase()),
            "recurring" => yes(fact.recurring),
            "all_day" => yes(matches!(fact.span, Span::AllDay { .. })),
            "my_response" => self.scene.response.to_string(),
            "show_as" => fact.show_as.to_string(),
            "visibility" => fact.visibility.to_string(),
            "status" => fact.status.to_string(),
            "categories" => {
                if text.categories.is_empty() {
                    "none".to_owned()
                } else {
                    text.categories.join(", ")
                }
            }
            "colour" => set(text.colour.as_deref()),
            "event_type" => set(text.event_type.as_deref()),
            "conference" => set(text.conference.as_deref()),
            "series" => fact.ical_uid.clone(),
            "client" => set(decided.client),
            "project" => set(decided.project),
            "task" => set(decided.task),
            "billable" => decided.billable.map_or_else(|| "unset".to_owned(), yes),
            "project_code" | "client_domain" | "client_name" => "none found".to_owned(),
            "same_day" => format!("{} other events", self.scene.same_day.len()),
            _ => String::new(),
        }
    }
}
