//! One event against all rules: first writer wins per field, disagreement is told (SEMANTICS S24).

use std::sync::Arc;

use super::{
    RuleSet, Scene,
    compile::{End, Rule},
    judge::Dates,
    matching::Hits,
    reader::Reader,
    templates::{Filling, Template},
};
use crate::model::{
    catalog::Field,
    residual::{Decided, Residual},
    verdict::{Claim, Confidence, Evidence, Hours, Loss, Lost, Place, Skip, Split, Suspicion, Verdict},
};

impl RuleSet {
    /// What the rules make of one event. Of a private one they do not see the words (S8).
    pub(crate) fn judge(&self, scene: &Scene<'_>) -> Verdict {
        self.judge_for_dates(scene).0
    }

    /// The same, and the dates on any of which it would be the same.
    pub(super) fn judge_for_dates(&self, scene: &Scene<'_>) -> (Verdict, Dates) {
        if let Some(fact) = scene.without_words() {
            return self.judge_for_dates(&Scene { fact: &fact, ..*scene });
        }
        let scene = &self.seen(*scene);
        let reader = Reader::new(self, scene);
        let candidates = self.index.candidates(&reader);
        let verdict = judged(self, &reader, candidates.into_iter().map(|rule| rule as usize));
        (verdict, reader.dates())
    }
}

impl RuleSet {
    /// A value as it is called now. A client or project that words of an event make up is none.
    fn called_now(&self, field: Field, value: String) -> Option<String> {
        match field {
            Field::Client => self.catalog.client(&value).map(|client| client.key.clone()),
            Field::Project => self.identity.project(&value).map(|(_, code)| code.to_owned()),
            _ => Some(value),
        }
    }
}

/// Asks these rules, in their order.
pub(super) fn judged<'a>(set: &'a RuleSet, reader: &'a Reader<'a>, rules: impl Iterator<Item = usize> + Clone) -> Verdict {
    let mut verdict = asked(set, reader, rules.clone());
    if verdict.skip.is_some() {
        let skips = |rule: &usize| matches!(set.rules[*rule].end, End::Skips { .. });
        verdict.beneath = Some(asked(set, reader, rules.filter(|rule| !skips(rule))).into());
    }
    verdict
}

fn asked<'a>(set: &'a RuleSet, reader: &'a Reader<'a>, rules: impl Iterator<Item = usize>) -> Verdict {
    let verdict = Verdict { defaults: set.defaults.clone(), ..Verdict::default() };
    let mut judging = Judging { set, reader, verdict, writers: [None; Field::ALL.len()] };
    for rule in rules {
        if judging.try_rule(rule) {
            break;
        }
    }
    judging.finish()
}

struct Judging<'a> {
    set: &'a RuleSet,
    reader: &'a Reader<'a>,
    verdict: Verdict,
    /// Which rule set a field.
    writers: [Option<usize>; Field::ALL.len()],
}

impl Judging<'_> {
    /// Whether evaluation ends here.
    fn try_rule(&mut self, index: usize) -> bool {
        let rule = &self.set.rules[index];
        let mut hits = Hits::default();
        let mut holds = |condition| self.reader.holds(condition, &mut hits, &|residual| residual.holds(&self.decided()));
        if !self.reader.is_between(rule.from, rule.until) || !rule.when.iter().all(|clause| holds(&clause.condition)) {
            return false;
        }
        if let End::Skips { why, counts_as } = &rule.end {
            self.verdict.skip = Some(Skip { rule: rule.id.to_string(), why: why.clone(), counts_as: *counts_as });
        } else {
            self.write(index, rule, &hits);
        }
        if let End::Asks(text) = &rule.end {
            let (rule, text) = (rule.id.clone(), text.as_str().into());
            self.verdict.suspicions.push(Suspicion { rule, reason: "review".into(), text, when: Residual::Always });
        }
        let ends = !matches!(rule.end, End::GoesOn);
        self.verdict.ended_by = ends.then(|| rule.id.clone());
        ends
    }

    fn write(&mut self, index: usize, rule: &Rule, hits: &Hits) {
        let evidence: Arc<[Evidence]> = hits.evidence.as_slice().into();
        for (field, template) in &rule.set {
            let called = |value| if template.names_record(*field) { Some(value) } else { self.set.called_now(*field, value) };
            for value in self.fill(template, hits).into_iter().filter_map(called) {
                let claim = Claim { value, rule: rule.id.clone(), evidence: evidence.clone() };
                self.claim(index, rule, *field, claim, !hits.witnesses.is_empty());
            }
        }
        if !rule.split.is_empty() {
            self.split(index, rule, hits);
        }
        if let (Some(seconds), None) = (rule.hours, &self.verdict.hours) {
            self.verdict.hours = Some(Hours { rule: rule.id.to_string(), seconds });
        }
        for template in &rule.tags {
            let tag = |value| Claim { value, rule: rule.id.clone(), evidence: Arc::default() };
            let values = self.fill(template, hits);
            self.verdict.tags.extend(values.into_iter().map(tag));
        }
    }

    fn fill(&self, template: &Template, hits: &Hits) -> Vec<String> {
        let title = &self.reader.scene.fact.text.title;
        let codes = &self.reader.codes(self.reader.first_scan(Place::Title)).0;
        let is_between = |from, until| self.reader.is_between(from, until);
        template.fill(&Filling { hits, title, codes, catalog: &self.set.catalog, is_between: &is_between })
    }

    fn decided(&self) -> Decided<'_> {
        let share = self.verdict.split.as_ref().and_then(|split| split.shares.first());
        Decided {
            client: self.verdict.value(Field::Client).or_else(|| share?.client.as_deref()),
            project: self.verdict.value(Field::Project).or_else(|| share?.project.as_deref()),
            task: self.verdict.value(Field::Task),
            billable: self.verdict.value(Field::Billable).map(|word| word == "true"),
            seconds: self.reader.scene.fact.span.seconds().unwrap_or(0),
            confidence: self.verdict.confidence,
        }
    }

    /// The first claim stands. A later one that differs is a conflict inside one section; about the client also across sections, where
    /// it rests on a code, a name or an address; and never if the winner says that it goes over that rule.
    fn claim(&mut self, index: usize, rule: &Rule, field: Field, claim: Claim, is_evidence: bool) {
        let set = self.set;
        let owner = (field == Field::Project).then(|| set.identity.project(&claim.value)).flatten();
        if let Some((client, _)) = owner {
            self.claim(
                index,
                rule,
                Field::Client,
                Claim { value: client.to_owned(), rule: claim.rule.clone(), evidence: claim.evidence.clone() },
                is_evidence,
            );
            if let Some(won) = self.verdict.fields.get(&Field::Client).filter(|won| won.value != client).cloned() {
                self.verdict.lost.push(Lost { field, won, lost: claim, why: Loss::OtherClient });
                return;
            }
        }
        if let (Some(split), Field::Client | Field::Project) = (&self.verdict.split, field) {
            let mut shares = split.shares.iter().map(|share| if field == Field::Client { &share.client } else { &share.project });
            if !shares.any(|value| value.as_ref() == Some(&claim.value)) {
                let won = Claim { value: "split".to_owned(), rule: split.rule.as_str().into(), evidence: split.evidence.as_slice().into() };
                self.lose(rule, field, won, claim, is_evidence);
            }
            return;
        }
        match self.verdict.fields.get(&field) {
            Some(won) if won.value == claim.value => {}
            Some(won) => {
                let won = won.clone();
                self.lose(rule, field, won, claim, is_evidence);
            }
            None => {
                if matches!(field, Field::Client | Field::Project) {
                    self.trust(rule);
                }
                self.writers[field as usize] = Some(index);
                self.verdict.fields.insert(field, claim);
            }
        }
    }

    /// The confidence of a verdict is that of its weakest rule.
    fn trust(&mut self, rule: &Rule) {
        let level = rule.confidence.unwrap_or(Confidence::Medium);
        self.verdict.confidence = Some(self.verdict.confidence.map_or(level, |known| known.min(level)));
    }

    fn lose(&mut self, rule: &Rule, field: Field, won: Claim, lost: Claim, is_evidence: bool) {
        let winner = self.writers[field as usize].map_or(rule, |writer| &self.set.rules[writer]);
        let counts = winner.section == rule.section || (field == Field::Client && is_evidence);
        let why = match () {
            () if winner.over.iter().any(|id| **id == *rule.id) => Loss::Over,
            () if counts => Loss::Conflict,
            () => Loss::Later,
        };
        self.verdict.lost.push(Lost { field, won, lost, why });
    }

    /// A split counts as client and project: it stands only where neither is set yet.
    fn split(&mut self, index: usize, rule: &Rule, hits: &Hits) {
        let split = Split { rule: rule.id.to_string(), evidence: hits.evidence.clone(), shares: rule.split.clone() };
        for field in [Field::Client, Field::Project] {
            if let Some(won) = self.verdict.fields.get(&field).cloned() {
                let lost = Claim { value: "split".to_owned(), rule: rule.id.clone(), evidence: split.evidence.as_slice().into() };
                return self.lose(rule, field, won, lost, true);
            }
        }
        if self.verdict.split.is_none() {
            self.trust(rule);
            (self.writers[Field::Client as usize], self.writers[Field::Project as usize]) = (Some(index), Some(index));
            self.verdict.split = Some(split);
        }
    }

    fn finish(mut self) -> Verdict {
        for suspicious in &self.set.suspicious {
            let when = self.reader.reduce(&suspicious.when);
            if when != Residual::Never {
                let (rule, reason, text) = (suspicious.id.clone(), suspicious.reason.clone(), suspicious.text.clone());
                self.verdict.suspicions.push(Suspicion { rule, reason, text, when });
            }
        }
        // In title and categories, which people write on purpose; descriptions quote all kinds of numbers.
        let written = std::iter::once(self.reader.first_scan(Place::Title)).chain(self.reader.categories());
        self.verdict.unknown_codes = written.flat_map(|scan| self.reader.codes(scan).1.iter().cloned()).collect();
        self.verdict
    }
}
