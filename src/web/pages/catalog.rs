//! The catalog: clients, projects and people, and who owns which record. Files own what stands in them; people change it there.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, routing::get};
use maud::{Markup, html};

use super::{
    Failure,
    layout::page,
    text::{Style, hours},
};
use crate::{
    app::App,
    model::principal::{Reviews, Role},
    web::{guard::Signed, routes::Route},
};

pub(super) const ROUTES: &[Route] = &[Route::get("/catalog", || get(show))];

async fn show(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap) -> Result<Markup, Failure> {
    let style = Style::of(&headers);
    let active = app.current().await?;
    let today = app.config.clock.now().date_naive();
    let mut tx = app.store.read().await?;
    let (people, rights) = (tx.staff().await?, tx.rights().await?);
    let people: Vec<_> = people.into_iter().filter(|one| signed.who.sees_everyone() || signed.who.reads_words_of(one.id)).collect();
    let catalog = &active.rules.catalog;
    let content = html! {
        p.quiet { "Clients and projects are owned by " code { "rules/clients.yaml" } ": they are changed there, and closed by leaving the file." }
        h2 { "Clients and projects" }
        div.scroll tabindex="0" role="region" aria-label="Clients and projects" { table {
            thead { tr { th scope="col" { "Client" } th scope="col" { "Project" } th scope="col" { "Name" } th scope="col" { "Kind" } th scope="col" { "Billable" } th scope="col" { "Open" } th scope="col" { "Tasks" } th scope="col" { "Owner" } } }
            tbody { @for (client, project) in catalog.projects() { tr {
                td { (client.name) } td { code { (project.code) } } td { (project.name) } td { (project.kind) }
                td { @if project.billable { "yes" } @else { "no" } }
                td { @if project.is_open_on(today) { "open" } @else { span.quiet { "closed" } }
                    @if let Some(until) = project.until { " until " (style.date(until)) } }
                td { (project.tasks.join(", ")) } td { "file" }
            } } }
        } }
        h2 { "People" }
        div.scroll tabindex="0" role="region" aria-label="People" { table {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Address" } th scope="col" { "Roles" } th scope="col" { "Zone" } th.n scope="col" { "Hours a week" } th scope="col" { "Since" } th scope="col" { "Owner" } } }
            tbody { @for one in &people {
                @let (roles, reviews) = rights.get(&one.id).cloned().unwrap_or_default();
                tr {
                    td { (one.name) } td { bdi { (one.email()) } }
                    td { (roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")) @if roles.contains(&Role::Reviewer) && reviews == Reviews::Everyone { " (of everyone)" } }
                    td { (one.zones) } td.n { (hours(one.working.0.iter().map(|seconds| i64::from(*seconds)).sum())) }
                    td { (style.date(one.first_day)) } td { "command" }
                }
            } }
        } }
        p.quiet { "People are added with " code { "kalends staff add" } ", changed with " code { "kalends staff set" } ", and given roles with " code { "kalends users set" } "." }
    };
    Ok(page(&signed, "Catalog", "/catalog", None, &content))
}
