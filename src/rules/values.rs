//! What rules write: names that must exist, gaps that something must fill, shares that make a whole.

use super::{
    RuleSet,
    compile::Names,
    findings::{Findings, Place, meant},
    matching::Condition,
    syntax::{self, When},
    templates::{Gap, Template},
};
use crate::model::{catalog::Field, residual::Residual, verdict::Share};
use crate::yaml::{code::Code, diagnostic::Source, positions::Positions};

/// What the conditions of a rule can give to its values.
#[derive(Debug, Default)]
pub(super) struct Given {
    client: bool,
    code: bool,
    word: bool,
    captures: Vec<String>,
    /// How many patterns cannot be read: they may have any groups.
    unread: usize,
}

impl Given {
    /// Everything that some branch of a `when` may find; what a branch did not find sets nothing.
    pub(super) fn by<'c>(when: &When, parts: impl Iterator<Item = &'c Condition>) -> Self {
        let mut given = Self::default();
        given.add(when);
        parts.for_each(|part| part.groups(&mut given.captures));
        given
    }

    fn add(&mut self, when: &When) {
        self.client |= when.project_code.is_some() || when.client_domain.is_some() || when.client_name.is_some();
        self.code |= when.project_code.is_some();
        for words in [&when.title, &when.description, &when.location].into_iter().flatten() {
            self.word |= words.words.is_some() || words.regex.is_some();
            self.unread += words.regex.iter().filter(|text| regex_syntax::parse(text).is_err()).count();
        }
        self.word |= when.categories.is_some();
        when.any.iter().chain(&when.all).flatten().for_each(|part| self.add(part));
    }

    fn gives(&self, gap: &Gap, field: Field) -> Result<(), String> {
        let needs = |there: bool, name: &str, keys: &str| if there { Ok(()) } else { Err(format!("`${{{name}}}` needs {keys} in `when`")) };
        match gap {
            Gap::Client => needs(self.client, "client", "`project_code`, `client_domain` or `client_name`"),
            Gap::OpenProject if field != Field::Project => Err("`${client.open_project}` fills a project".to_owned()),
            Gap::OpenProject => needs(self.client, "client.open_project", "`client_domain` or `client_name`"),
            Gap::Code => needs(self.code, "code", "`project_code`"),
            Gap::Word => needs(self.word, "word", "`words`, `regex` or `categories`"),
            Gap::Rest if field != Field::Description => Err("`${rest}` fills a description, nothing else".to_owned()),
            Gap::Rest => Ok(()),
            Gap::Capture(name) if self.unread > 0 || self.captures.contains(name) => Ok(()),
            Gap::Capture(name) => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let fixed = ["client", "project.client", "client.open_project", "code", "word", "rest"];
        let known = self.captures.iter().map(String::as_str).chain(fixed);
        format!("nothing gives `${{{name}}}`; {}", meant(name, known))
    }
}

/// The fields and tags of a `set`, checked.
pub(super) fn set(
    set: &syntax::Set,
    given: &Given,
    place: &Place<'_>,
    names: &Names<'_>,
    findings: &mut Findings,
) -> (Vec<(Field, Template)>, Vec<Template>) {
    let mut template = |field: Field, text: &str, below: &str| {
        let Some(template) = Template::parse(text) else {
            let label = "close it with `}`";
            place.complain(findings, Code::Capture, below, "a `${` is never closed".to_owned(), label);
            return None;
        };
        for label in template.gaps().filter_map(|gap| given.gives(gap, field).err()) {
            place.complain(findings, Code::Capture, below, format!("`{text}` cannot be filled"), &label);
        }
        Some((field, template))
    };
    let billable = set.billable.map(|yes| yes.to_string());
    let texts = [
        (Field::Client, &set.client, "set.client"),
        (Field::Project, &set.project, "set.project"),
        (Field::Task, &set.task, "set.task"),
        (Field::Billable, &billable, "set.billable"),
        (Field::Description, &set.description, "set.description"),
    ];
    let fields: Vec<_> = texts.iter().filter_map(|(field, text, below)| template(*field, text.as_ref()?, below)).collect();
    let tags = set.tags.0.iter().filter_map(|text| template(Field::Tags, text, "set.tags")).map(|(_, template)| template).collect();
    let literal = |wanted: Field| fields.iter().find(|(field, _)| *field == wanted).and_then(|(_, template)| template.literal());
    names_exist(literal(Field::Client), literal(Field::Project), literal(Field::Task), place, "set", names, findings);
    (fields, tags)
}

/// Clients, projects and tasks named outright must exist, and belong together.
fn names_exist(
    client: Option<&str>,
    project: Option<&str>,
    task: Option<&str>,
    place: &Place<'_>,
    below: &str,
    names: &Names<'_>,
    findings: &mut Findings,
) {
    let catalog = names.catalog;
    if let Some(key) = client.filter(|key| catalog.client(key).is_none()) {
        let label = meant(key, catalog.clients.keys().map(String::as_str));
        place.complain(findings, Code::Unknown, &format!("{below}.client"), format!("there is no client `{key}`"), &label);
    }
    let Some(code) = project else { return };
    let at = format!("{below}.project");
    let Some((owner, record)) = names.project(code) else {
        let label = meant(code, catalog.projects().map(|(_, project)| project.code.as_str()));
        place.complain(findings, Code::Unknown, &at, format!("there is no project `{code}`"), &label);
        return;
    };
    if let Some(other) = client.and_then(|key| catalog.client(key)).filter(|client| client.key != owner.key) {
        let label = format!("it belongs to `{}`, not `{}`", owner.key, other.key);
        place.complain(findings, Code::Unknown, &at, format!("`{code}` is another client's project"), &label);
    }
    if let Some(task) = task.filter(|task| !record.tasks.is_empty() && !record.tasks.iter().any(|known| known == task)) {
        let label = meant(task, record.tasks.iter().map(String::as_str));
        let at = format!("{below}.task");
        place.complain(findings, Code::Unknown, &at, format!("`{code}` has no task `{task}`"), &label);
    }
}

/// The shares of a split, checked: hundredths that make a whole.
pub(super) fn split(shares: Vec<syntax::Share>, place: &Place<'_>, names: &Names<'_>, findings: &mut Findings) -> Vec<Share> {
    if shares.is_empty() {
        if place.positions.has_key(&format!("{}.split", place.path)) {
            place.complain(findings, Code::WrongValue, "split", "this splits into nothing".to_owned(), "name two shares or more");
        }
        return Vec::new();
    }
    let sum: u64 = shares.iter().map(|share| u64::from(share.share)).sum();
    if sum != 100 || shares.len() < 2 || shares.iter().any(|share| share.share == 0) {
        let message = format!("{} shares make {sum} of 100", shares.len());
        place.complain(findings, Code::Split, "split", message, "two shares or more, none of them 0, make 100 together");
    }
    for (index, share) in shares.iter().enumerate() {
        let below = format!("split[{index}]");
        if share.client.is_none() && share.project.is_none() {
            place.complain(findings, Code::Split, &below, "this share is nobody's".to_owned(), "name a client or project");
        }
        names_exist(share.client.as_deref(), share.project.as_deref(), share.task.as_deref(), place, &below, names, findings);
        let same = |other: &syntax::Share| (&other.client, &other.project, &other.task) == (&share.client, &share.project, &share.task);
        if shares[..index].iter().any(same) {
            place.complain(findings, Code::Split, &below, "two shares are the same".to_owned(), "make one of them");
        }
    }
    let owner = |project: &str| names.project(project).map(|(client, project)| (client.key.clone(), project.code.clone()));
    shares
        .into_iter()
        .map(|share| {
            let known = share.project.as_deref().and_then(owner);
            let client = known.as_ref().map(|(client, _)| client.clone()).or(share.client);
            let project = known.map(|(_, code)| code).or(share.project);
            Share { percent: share.share, client, project, task: share.task, billable: share.billable }
        })
        .collect()
}

/// A rule may ask for a client, project, task or billable flag only if some rule before it can have set it.
pub(super) fn fields_are_set_before_they_are_read(set: &RuleSet, source: &Source, positions: &Positions, findings: &mut Findings) {
    let mut written: Vec<Field> = Vec::new();
    for rule in &set.rules {
        for clause in &rule.when {
            let mut read = Vec::new();
            read_by(&clause.condition, &mut read);
            let Some(field) = read.into_iter().find(|field| !written.contains(field)) else { continue };
            let Some(spot) = set.places.get(&*rule.id).filter(|spot| spot.file == source.name) else { continue };
            let place = Place { source, positions, path: &spot.path };
            let (what, more) = match field {
                // What comes from the project or from `defaults` fills what is left behind all rules.
                Field::Billable => {
                    ("billable flag", "; what the project or `defaults` says comes after all rules: ask for that in `suspicious`")
                }
                Field::Task => ("task", "; `defaults` come after all rules: ask for those in `suspicious`"),
                _ => (field.as_str(), ""),
            };
            let label = format!("no rule before it sets the {what}; move it behind one that does{more}");
            let message = format!("`{}` asks for the {what} too early", rule.id);
            place.complain(findings, Code::ReadBeforeSet, &format!("when.{}", clause.key), message, &label);
        }
        written.extend(rule.set.iter().map(|(field, _)| *field));
        let projects = rule.set.iter().any(|(field, _)| *field == Field::Project) || !rule.split.is_empty();
        // A project brings its client.
        written.extend(projects.then_some([Field::Client, Field::Project]).into_iter().flatten());
    }
}

/// Fields that a condition or a part of it asks for.
fn read_by(condition: &Condition, into: &mut Vec<Field>) {
    match condition {
        Condition::Entry(Residual::Client(_)) => into.push(Field::Client),
        Condition::Entry(Residual::Project(_)) => into.push(Field::Project),
        Condition::Entry(Residual::Task(_)) => into.push(Field::Task),
        Condition::Entry(Residual::Billable(_)) => into.push(Field::Billable),
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| read_by(part, into)),
        Condition::Not(part) => read_by(part, into),
        _ => {}
    }
}
