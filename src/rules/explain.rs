//! Why a verdict came out as it did: which rules held, and which nearly did.

use super::{
    RuleSet, Scene,
    matching::{Condition, Hits, Reader},
};
use crate::model::{
    event::{Fact, Response, Text},
    residual::Residual,
};

/// One rule, asked about one event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) rule: String,
    /// Conditions that did not hold; none if the rule matched.
    pub(crate) failed: Vec<&'static str>,
    /// How many conditions it has.
    pub(crate) conditions: usize,
}

impl RuleSet {
    /// Asks every rule on its own, in order, whatever came before it.
    pub(crate) fn ask(&self, scene: &Scene<'_>) -> Vec<Asked> {
        if scene.fact.visibility.is_private() && scene.fact.text != Text::default() {
            let fact = Fact { text: Text::default(), ..scene.fact.clone() };
            return self.ask(&Scene { fact: &fact, response: Response::Unknown, ..*scene });
        }
        let scene = &Scene { zone: self.zone.unwrap_or(scene.zone), ..*scene };
        let reader = Reader { scene, identity: &self.identity, catalog: &self.catalog };
        self.rules
            .iter()
            .map(|rule| {
                let parts = match &rule.when {
                    Condition::All(parts) => parts.as_slice(),
                    one => std::slice::from_ref(one),
                };
                let fails = |part: &&Condition| reader.reduce(part, &mut Hits::default()) == Residual::Never;
                let failed = parts.iter().filter(fails).map(Condition::name).collect();
                Asked { rule: rule.id.clone(), failed, conditions: parts.len() }
            })
            .collect()
    }
}

impl Condition {
    /// The word it has in rule files.
    fn name(&self) -> &'static str {
        match self {
            Self::Text { place, .. } => place.as_str(),
            Self::Code(_) => "project_code",
            Self::Domain(_) => "client_domain",
            Self::Name(_) => "client_name",
            Self::Attendees { .. } | Self::OnlyOurs | Self::AnyAttendee(_) => "attendees",
            Self::Organizer(_) => "organizer",
            Self::Calendar(_) => "calendar",
            Self::Time { .. } => "time",
            Self::Weekday(_) => "weekday",
            Self::Recurring(_) => "recurring",
            Self::AllDay(_) => "all_day",
            Self::Response(_) => "my_response",
            Self::ShowAs(_) => "show_as",
            Self::Visibility(_) => "visibility",
            Self::Status(_) => "status",
            Self::Entry(_) => "the entry's own values",
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Not(_) => "not",
        }
    }
}
