//! `clients`, `projects`, `tasks`: read here, owned by the rule files. Whoever wants to write one is told where.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use super::{
    lists::{self, LIMIT, words},
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::model::{
    catalog::{self, Field, ProjectKind},
    principal::Scope,
};

/// Which page is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 1000)]
    cursor: Option<String>,
}

fn kind_words() -> Schema {
    words(ProjectKind::ALL.iter().map(|one| one.as_str()))
}

fn required_words() -> Schema {
    utoipa::openapi::ArrayBuilder::new().items(RefOr::T(words(Field::ALL.iter().map(|one| one.as_str())))).into()
}

/// A client, or the firm itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    key: String,
    name: String,
    aliases: Vec<String>,
    domains: Vec<String>,
    /// Codes of its projects.
    projects: Vec<String>,
    /// Our own firm.
    own: bool,
    #[schema(schema_with = owner_words)]
    owner: &'static str,
}

/// A body of work for a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    code: String,
    name: String,
    client: String,
    #[schema(schema_with = kind_words)]
    kind: &'static str,
    billable: bool,
    #[schema(format = "date")]
    from: Option<String>,
    #[schema(format = "date")]
    until: Option<String>,
    /// What its entries must carry.
    #[schema(schema_with = required_words)]
    required: Vec<&'static str>,
    /// The tasks it allows; any if there are none.
    tasks: Vec<String>,
    #[schema(schema_with = owner_words)]
    owner: &'static str,
}

/// A task of a project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Task {
    name: String,
    project: String,
    client: String,
    #[schema(schema_with = owner_words)]
    owner: &'static str,
}

fn owner_words() -> Schema {
    words(["file"])
}

/// A page of clients.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientPage {
    items: Vec<Client>,
    next_cursor: Option<String>,
}

/// A page of projects.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectPage {
    items: Vec<Project>,
    next_cursor: Option<String>,
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskPage {
    items: Vec<Task>,
    next_cursor: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    let mut all = vec![
        Operation::new(Method::GET, "/clients", "list_clients", Scope::CatalogRead, clients)
            .says("Clients, by key")
            .query::<Page>()
            .gives::<ClientPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::GET, "/clients/{key}", "read_client", Scope::CatalogRead, client).says("One client").gives::<Client>(200),
        Operation::new(Method::GET, "/projects", "list_projects", Scope::CatalogRead, projects)
            .says("Projects, by code")
            .query::<Page>()
            .gives::<ProjectPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::GET, "/projects/{code}", "read_project", Scope::CatalogRead, project)
            .says("One project")
            .gives::<Project>(200),
        Operation::new(Method::GET, "/tasks", "list_tasks", Scope::CatalogRead, tasks)
            .says("Tasks, by project and name")
            .query::<Page>()
            .gives::<TaskPage>(200)
            .refuses(&[Kind::Invalid]),
    ];
    let owned = [
        (Method::POST, "/clients", "add_client"),
        (Method::PUT, "/clients/{key}", "replace_client"),
        (Method::PATCH, "/clients/{key}", "change_client"),
        (Method::DELETE, "/clients/{key}", "remove_client"),
        (Method::POST, "/projects", "add_project"),
        (Method::PUT, "/projects/{code}", "replace_project"),
        (Method::PATCH, "/projects/{code}", "change_project"),
        (Method::DELETE, "/projects/{code}", "remove_project"),
        (Method::POST, "/tasks", "add_task"),
    ];
    all.extend(owned.into_iter().map(|(method, path, name)| {
        let says = "Refused: the rule files own the catalog";
        Operation { gives: (409, None), ..Operation::new(method, path, name, Scope::CatalogWrite, owned_by_file).says(says) }
    }));
    all
}

/// A page of what is sorted by a key, after the last key of the page before.
fn paged<T>(call: &Call, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> Result<(Vec<T>, Option<String>), Problem> {
    let asked: Page = call.query()?;
    let limit = asked.limit.unwrap_or(LIMIT);
    let after: Option<String> = lists::place(asked.cursor.as_deref())?;
    rows.retain(|row| after.as_ref().is_none_or(|after| key(row) > *after));
    rows.sort_by_key(&key);
    let next = lists::page(&mut rows, limit, key);
    Ok((rows, next))
}

async fn clients(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let (items, next_cursor) = paged(&call, active.rules.catalog.clients.values().map(Client::new).collect(), |one| one.key.clone())?;
    Answer::of(&ClientPage { items, next_cursor })
}

async fn client(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    Answer::of(&active.rules.catalog.client(&call.named).map(Client::new).ok_or_else(Problem::not_found)?)
}

async fn projects(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let rows = active.rules.catalog.projects().map(|(client, project)| Project::new(&active.rules.catalog, client, project)).collect();
    let (items, next_cursor) = paged(&call, rows, |one: &Project| one.code.clone())?;
    Answer::of(&ProjectPage { items, next_cursor })
}

async fn project(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let (client, project) = active.rules.catalog.project(&call.named).ok_or_else(Problem::not_found)?;
    Answer::of(&Project::new(&active.rules.catalog, client, project))
}

async fn tasks(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let of = |(client, project): (&catalog::Client, &catalog::Project)| {
        let task = |name: &String| Task { name: name.clone(), project: project.code.clone(), client: client.key.clone(), owner: "file" };
        project.tasks.iter().map(task).collect::<Vec<_>>()
    };
    let rows = active.rules.catalog.projects().flat_map(of).collect();
    let (items, next_cursor) = paged(&call, rows, |one: &Task| format!("{}\n{}", one.project, one.name))?;
    Answer::of(&TaskPage { items, next_cursor })
}

async fn owned_by_file(call: Call) -> Result<Answer, Problem> {
    let folder = call.app.config.rules.file_name().map_or_else(|| "rules".into(), |name| name.to_string_lossy());
    let told = format!(
        "The catalog is owned by the rule files: change it in the folder `{folder}` of the installation; `kalends rules check` shows \
         whether it can be loaded, and the daemon takes it over when it is restarted or by `kalends sync`."
    );
    Err(Problem::new(Kind::Conflict, told))
}

impl Client {
    fn new(client: &catalog::Client) -> Self {
        Self {
            key: client.key.clone(),
            name: client.name.clone(),
            aliases: client.aliases.iter().map(|alias| alias.name.clone()).collect(),
            domains: client.domains.clone(),
            projects: client.projects.values().map(|project| project.code.clone()).collect(),
            own: client.own,
            owner: "file",
        }
    }
}

impl Project {
    fn new(all: &catalog::Catalog, client: &catalog::Client, project: &catalog::Project) -> Self {
        Self {
            code: project.code.clone(),
            name: project.name.clone(),
            client: client.key.clone(),
            kind: project.kind.as_str(),
            billable: project.billable,
            from: project.from.map(|date| date.to_string()),
            until: project.until.map(|date| date.to_string()),
            required: all.required_for(Some(&project.code)).iter().map(|field| field.as_str()).collect(),
            tasks: project.tasks.clone(),
            owner: "file",
        }
    }
}
