//! The catalog: clients, their projects and tasks. Keys and codes are permanent (S6).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::model::words::words;

words! {
    /// What a project is for.
    ProjectKind {
        Delivery = "delivery",
        Presales = "presales",
        Internal = "internal",
        Management = "management",
        Training = "training",
    }
}

words! {
    /// A field an entry may have to carry before it can be approved.
    Field {
        Client = "client",
        Project = "project",
        Task = "task",
        Billable = "billable",
        Description = "description",
        Tags = "tags",
    }
}

/// A body of work for a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Project {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) kind: ProjectKind,
    pub(crate) billable: bool,
    /// First and last date, both included.
    pub(crate) from: Option<NaiveDate>,
    pub(crate) until: Option<NaiveDate>,
    /// Replaces the general list where given.
    pub(crate) required: Option<Vec<Field>>,
    /// Task names it allows; any if empty.
    pub(crate) tasks: Vec<String>,
    /// Former codes (`was:`).
    pub(crate) was: Vec<String>,
}

impl Project {
    /// One of the tasks it lists, in any case.
    pub(crate) fn listed_task(&self, task: &str) -> Option<&String> {
        self.tasks.iter().find(|known| known.to_lowercase() == task.to_lowercase())
    }

    pub(crate) fn is_open_on(&self, date: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

/// A name a client goes by in titles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) name: String,
    /// A common word, which needs a second witness (S24).
    pub(crate) weak: bool,
}

/// A client, or the firm itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) aliases: Vec<Alias>,
    /// Lower-case mail domains; each covers its subdomains.
    pub(crate) domains: Vec<String>,
    /// Lower-case single addresses.
    pub(crate) addresses: Vec<String>,
    pub(crate) projects: BTreeMap<String, Project>,
    /// Former keys (`was:`).
    pub(crate) was: Vec<String>,
    /// Our own firm, whose names and domains are never evidence of a client.
    pub(crate) own: bool,
    /// That it left the files, and is evidence of nothing.
    #[serde(skip)]
    pub(crate) closed: bool,
}

/// All clients, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Catalog {
    pub(crate) clients: BTreeMap<String, Client>,
    /// Fields every entry needs unless its project says otherwise.
    pub(crate) required: Vec<Field>,
}

/// Records that left the files; each project with its client's key, and its last date as `until`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed {
    pub(crate) clients: Vec<Client>,
    pub(crate) projects: Vec<(String, Project)>,
}

impl Catalog {
    /// A project and its client, by its code or a former one, in any case.
    pub(crate) fn project(&self, code: &str) -> Option<(&Client, &Project)> {
        let is = |known: &String| known.eq_ignore_ascii_case(code);
        self.projects().find(|(_, project)| is(&project.code)).or_else(|| self.projects().find(|(_, project)| project.was.iter().any(is)))
    }

    /// A client by its key or a former one.
    pub(crate) fn client(&self, key: &str) -> Option<&Client> {
        self.clients.get(key).or_else(|| self.clients.values().find(|client| client.was.iter().any(|was| was == key)))
    }

    /// Adds records that left the files: they are closed, not forgotten (S6). One that came back or was renamed stands already.
    pub(crate) fn add_closed(&mut self, closed: Closed) {
        while self.inherit(&closed) {}
        for client in closed.clients {
            if self.client(&client.key).is_none() {
                let (aliases, projects) = (Vec::new(), BTreeMap::new());
                let client = Client { aliases, projects, domains: Vec::new(), addresses: Vec::new(), closed: true, ..client };
                self.clients.insert(client.key.clone(), client);
            }
        }
        for (client, project) in closed.projects {
            if self.project(&project.code).is_none()
                && let Some(owner) = self.client(&client).map(|client| client.key.clone())
            {
                self.clients.entry(owner).and_modify(|client| drop(client.projects.insert(project.code.clone(), project)));
            }
        }
    }

    /// What was called as one of those was is still called what that one had been called before: a rename may follow another. Says whether
    /// it found more.
    fn inherit(&mut self, closed: &Closed) -> bool {
        let mut more = false;
        for old in &closed.clients {
            let Some(now) = self.client(&old.key).filter(|now| now.key != old.key).map(|now| now.key.clone()) else { continue };
            let was: Vec<_> = old.was.iter().filter(|was| self.client(was).is_none()).cloned().collect();
            more |= !was.is_empty();
            self.clients.entry(now).and_modify(|client| client.was.extend(was));
        }
        for (_, old) in &closed.projects {
            let Some((client, now)) = self.project(&old.code).filter(|(_, now)| !now.code.eq_ignore_ascii_case(&old.code)) else {
                continue;
            };
            let was: Vec<_> = old.was.iter().filter(|was| self.project(was).is_none()).cloned().collect();
            more |= !was.is_empty();
            let (client, code) = (client.key.clone(), now.code.clone());
            let project = self.clients.get_mut(&client).and_then(|client| client.projects.get_mut(&code));
            if let Some(project) = project {
                project.was.extend(was);
            }
        }
        more
    }

    /// Every project with its client.
    pub(crate) fn projects(&self) -> impl Iterator<Item = (&Client, &Project)> {
        self.clients.values().flat_map(|client| client.projects.values().map(move |project| (client, project)))
    }

    /// What an entry on this project must carry.
    pub(crate) fn required_for(&self, project: Option<&str>) -> &[Field] {
        project.and_then(|code| self.project(code)).and_then(|(_, project)| project.required.as_deref()).unwrap_or(&self.required)
    }
}
