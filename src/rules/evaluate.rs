//! One event against all rules: first writer wins per field, disagreement is told (SEMANTICS S24).

use std::collections::BTreeMap;

use super::{
    RuleSet, Scene,
    compile::{Effect, Rule},
    matching::{Hits, Reader},
};
use crate::model::{
    catalog::Field,
    event::{Fact, Response, Text},
    residual::{Decided, Residual},
    verdict::{Claim, Confidence, Conflict, Place, Skip, Suspicion, Verdict},
};

impl RuleSet {
    /// What the rules make of one event. Of a private one they see only calendar, times, recurrence, show-as and visibility (S8).
    pub(crate) fn judge(&self, scene: &Scene<'_>) -> Verdict {
        if scene.fact.visibility.is_private() && scene.fact.text != Text::default() {
            let fact = Fact { text: Text::default(), ..scene.fact.clone() };
            return self.judge(&Scene { fact: &fact, response: Response::Unknown, ..*scene });
        }
        let scene = &Scene { zone: self.zone.unwrap_or(scene.zone), ..*scene };
        let reader = Reader { scene, identity: &self.identity, catalog: &self.catalog };
        let mut judging = Judging {
            set: self,
            reader,
            verdict: Verdict { defaults: self.defaults.clone(), ..Verdict::default() },
            writers: BTreeMap::new(),
        };
        for (index, rule) in self.rules.iter().enumerate() {
            if judging.try_rule(index, rule) {
                break;
            }
        }
        judging.finish()
    }
}

struct Judging<'a> {
    set: &'a RuleSet,
    reader: Reader<'a>,
    verdict: Verdict,
    /// Which rule set a field.
    writers: BTreeMap<Field, usize>,
}

impl Judging<'_> {
    /// Whether evaluation ends here.
    fn try_rule(&mut self, index: usize, rule: &Rule) -> bool {
        let mut hits = Hits::default();
        if !self.reader.reduce(&rule.when, &mut hits).holds(&self.decided()) {
            return false;
        }
        match &rule.effect {
            Effect::Skip(why) => {
                self.verdict.skip = Some(Skip { rule: rule.id.clone(), why: why.clone() });
                return true;
            }
            Effect::Review(text) => {
                self.verdict.suspicions.push(Suspicion {
                    rule: rule.id.clone(),
                    reason: "review".into(),
                    text: text.clone(),
                    when: Residual::Always,
                });
                return true;
            }
            Effect::Set(fields) => {
                for (field, template) in fields {
                    self.set(index, rule, *field, template, &hits);
                }
                for tag in &rule.tags {
                    self.verdict.tags.push(Claim { value: tag.clone(), rule: rule.id.clone(), evidence: Vec::new() });
                }
            }
        }
        rule.stop
    }

    fn decided(&self) -> Decided<'_> {
        Decided {
            client: self.verdict.value(Field::Client),
            project: self.verdict.value(Field::Project),
            task: self.verdict.value(Field::Task),
            billable: self.verdict.value(Field::Billable).map(|word| word == "true"),
            seconds: self.reader.scene.fact.span.seconds().unwrap_or(0),
            confidence: self.verdict.confidence,
        }
    }

    fn set(&mut self, index: usize, rule: &Rule, field: Field, template: &str, hits: &Hits) {
        for value in expand(template, hits, &self.reader.scene.fact.text.title) {
            let claim = Claim { value, rule: rule.id.clone(), evidence: hits.evidence.clone() };
            self.claim(index, rule, field, claim);
        }
    }

    /// The first claim stands. A later one that differs is a conflict: about the client always, about other fields inside one section,
    /// and never if the winner says it goes over that rule.
    fn claim(&mut self, index: usize, rule: &Rule, field: Field, claim: Claim) {
        let owner =
            (field == Field::Project).then(|| self.set.catalog.project(&claim.value)).flatten().map(|(client, _)| client.key.clone());
        if let Some(owner) = owner {
            self.claim(index, rule, Field::Client, Claim { value: owner.clone(), ..claim.clone() });
            if self.verdict.value(Field::Client) != Some(owner.as_str()) {
                return;
            }
        }
        let Some(won) = self.verdict.fields.get(&field) else {
            if matches!(field, Field::Client | Field::Project) {
                let level = rule.confidence.unwrap_or(Confidence::Medium);
                self.verdict.confidence = Some(self.verdict.confidence.map_or(level, |known| known.min(level)));
            }
            self.writers.insert(field, index);
            self.verdict.fields.insert(field, claim);
            return;
        };
        let winner = self.writers.get(&field).map_or(rule, |writer| &self.set.rules[*writer]);
        let counts = field == Field::Client || winner.section == rule.section;
        if won.value != claim.value && counts && !winner.over.contains(&rule.id) {
            self.verdict.conflicts.push(Conflict { field, won: won.clone(), lost: claim });
        }
    }

    fn finish(mut self) -> Verdict {
        for suspicious in &self.set.suspicious {
            let when = self.reader.reduce(&suspicious.when, &mut Hits::default());
            if when != Residual::Never {
                let (rule, reason, text) = (suspicious.id.clone(), suspicious.reason.clone(), suspicious.text.clone());
                self.verdict.suspicions.push(Suspicion { rule, reason, text, when });
            }
        }
        let text = &self.reader.scene.fact.text;
        self.verdict.unknown_codes = self.set.identity.codes(&self.set.catalog, Place::Title, 0, &text.title).1;
        self.verdict
    }
}

/// Fills `${…}`; more than one witness gives more than one value, and so a conflict. A value that is not there sets nothing.
fn expand(template: &str, hits: &Hits, title: &str) -> Vec<String> {
    let witnesses = |of: fn(&super::identity::Witness) -> Option<&String>| {
        let mut values: Vec<String> = Vec::new();
        for value in hits.witnesses.iter().filter_map(of) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    };
    match template {
        "${client}" | "${project.client}" => witnesses(|witness| Some(&witness.client)),
        "${code}" => witnesses(|witness| witness.project.as_ref()),
        "${rest}" => vec![rest(hits, title)],
        _ => named(template, hits).into_iter().collect(),
    }
}

fn named(template: &str, hits: &Hits) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("${") {
        let (name, after) = tail.split_once('}')?;
        out.push_str(before);
        out.push_str(hits.captures.get(name)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The title without what matched in it, and without the brackets and dashes that held it.
fn rest(hits: &Hits, title: &str) -> String {
    let mut rest = title.to_owned();
    let mut spans: Vec<_> = hits.evidence.iter().filter(|evidence| evidence.place == Place::Title).map(|evidence| evidence.span).collect();
    spans.sort_unstable();
    for (start, end) in spans.into_iter().rev() {
        if rest.get(start..end).is_some() {
            rest.replace_range(start..end, "");
        }
    }
    rest.trim_matches(|char: char| char.is_whitespace() || "[](){}:-–—|/".contains(char)).to_owned()
}
