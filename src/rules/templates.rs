//! `${…}` in values: taken apart when the files are read, so that a name nothing gives is a finding and not an empty field.

use chrono::NaiveDate;

use super::{identity::Witness, matching::Hits, rest::rest};
use crate::model::{
    catalog::{Catalog, Field, Project},
    verdict::{Evidence, Place},
};

/// A value with its gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Gap(Gap),
}

/// What fills a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// The client that a code, name or address points to.
    Client,
    /// The project that a code names.
    Code,
    /// The one project of that client which is open on the event's date.
    OpenProject,
    /// The word that matched.
    Word,
    /// The title without what matched.
    Rest,
    /// A named group of a pattern.
    Capture(String),
}

impl Template {
    /// Takes a value apart. None if a `${` is never closed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("${") {
            let (name, after) = tail.split_once('}')?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Gap(match name {
                "client" | "project.client" => Gap::Client,
                "code" => Gap::Code,
                "client.open_project" => Gap::OpenProject,
                "word" => Gap::Word,
                "rest" => Gap::Rest,
                name => Gap::Capture(name.to_owned()),
            }));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Some(Self(parts))
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.0.iter().filter_map(|part| if let Part::Gap(gap) = part { Some(gap) } else { None })
    }

    /// Whether it comes to a client or project as the catalog calls it, and not to words.
    pub(super) fn names_record(&self, field: Field) -> bool {
        matches!(
            (field, self.0.as_slice()),
            (Field::Client, [Part::Gap(Gap::Client)]) | (Field::Project, [Part::Gap(Gap::Code | Gap::OpenProject)])
        )
    }

    /// The value, where it has no gaps.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The values it comes to. More than one witness gives more than one, and so a conflict; what is not there sets nothing.
    pub(super) fn fill(&self, from: &Filling<'_>) -> Vec<String> {
        if let [Part::Text(text)] = self.0.as_slice() {
            return Vec::from_iter((!text.trim().is_empty()).then(|| text.clone()));
        }
        if let [Part::Gap(gap)] = self.0.as_slice() {
            return from.values(gap);
        }
        let part = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Gap(gap) => from.values(gap).into_iter().next(),
        };
        self.0.iter().map(part).collect::<Option<String>>().filter(|value| !value.trim().is_empty()).into_iter().collect()
    }
}

/// What gaps are filled from.
pub(super) struct Filling<'a> {
    pub(super) hits: &'a Hits<'a>,
    pub(super) title: &'a str,
    /// Every code in it.
    pub(super) codes: &'a [Witness<'a>],
    pub(super) catalog: &'a Catalog,
    /// Whether the event is between two dates, both included; asked only where a project has to be open.
    pub(super) is_between: &'a dyn Fn(Option<NaiveDate>, Option<NaiveDate>) -> bool,
}

impl Filling<'_> {
    fn values(&self, gap: &Gap) -> Vec<String> {
        match gap {
            Gap::Client => owned(self.clients()),
            Gap::Code => owned(distinct(self.hits.witnesses.iter().filter_map(|witness| witness.project))),
            Gap::OpenProject => self.clients().iter().filter_map(|client| self.open_project(client)).collect(),
            Gap::Word => self.hits.word.iter().map(|word| (*word).to_owned()).collect(),
            Gap::Rest => Vec::from_iter(Some(rest(self.title, self.matched())).filter(|rest| !rest.is_empty())),
            Gap::Capture(name) => {
                let captured = self.hits.captures.iter().rfind(|(known, _)| known == name);
                captured.map(|(_, part)| (*part).to_owned()).into_iter().collect()
            }
        }
    }

    /// What matched in the title. A code that is found there stands for all its likes.
    fn matched(&self) -> impl Iterator<Item = (usize, usize)> {
        let is_in_title = |evidence: &&Evidence| evidence.place == Place::Title;
        let found =
            |code: &&Witness<'_>| self.hits.witnesses.iter().any(|hit| hit.project == code.project && hit.evidence.place == Place::Title);
        let again = self.codes.iter().filter(found).map(|code| &code.evidence);
        self.hits.evidence.iter().filter(is_in_title).chain(again).map(|evidence| evidence.span)
    }

    fn clients(&self) -> Vec<&str> {
        distinct(self.hits.witnesses.iter().map(|witness| witness.client))
    }

    fn open_project(&self, client: &str) -> Option<String> {
        let is_open = |project: &&Project| (self.is_between)(project.from, project.until);
        let mut open = self.catalog.client(client)?.projects.values().filter(is_open);
        let one = open.next()?;
        open.next().is_none().then(|| one.code.clone())
    }
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    values.fold(Vec::new(), |mut seen, value| {
        if !seen.contains(&value) {
            seen.push(value);
        }
        seen
    })
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

/// In words; a gap among other text in brackets.
impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_alone = self.0.len() == 1;
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Gap(gap) if is_alone => write!(f, "{gap}")?,
                Part::Gap(gap) => write!(f, "[{gap}]")?,
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client => f.write_str("the one that is found"),
            Self::Code => f.write_str("the one that the code names"),
            Self::OpenProject => f.write_str("the client's one open project"),
            Self::Word => f.write_str("the word that is found"),
            Self::Rest => f.write_str("the rest of the title"),
            Self::Capture(name) => write!(f, "what `{name}` matches"),
        }
    }
}
