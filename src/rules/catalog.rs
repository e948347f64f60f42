//! `clients.yaml` to the catalog.

use crate::{
    model::catalog::{Alias, Catalog, Client, Field, Project},
    yaml::{diagnostic::Source, gate::Positions},
};

use super::{
    compile::Findings,
    identity::FREE_MAIL,
    syntax::{ClientText, ClientsFile},
};

/// Checks what serde cannot: codes that stand twice, mail domains that name nobody.
pub(super) fn catalog(file: ClientsFile, source: &Source, positions: &Positions, findings: &mut Findings) -> Catalog {
    let mut catalog = Catalog { required: file.required.unwrap_or_else(|| vec![Field::Client, Field::Project]), ..Catalog::default() };
    for (key, text) in file.clients {
        let path = format!("clients.{key}");
        for (index, domain) in text.domains.iter().enumerate().filter(|(_, domain)| FREE_MAIL.contains(&domain.to_lowercase().as_str())) {
            let span = positions.value(&format!("{path}.domains[{index}]"));
            findings.add(
                source,
                "rules::free-mail-domain",
                span,
                format!("`{domain}` is free mail"),
                "anyone can have it; list single addresses instead",
            );
        }
        for code in text.projects.keys() {
            if let Some((other, _)) = catalog.project(code) {
                let label = format!("client `{}` has it already; codes are unique", other.key);
                findings.add(
                    source,
                    "rules::duplicate-code",
                    positions.key(&format!("{path}.projects.{code}")),
                    format!("the code `{code}` stands twice"),
                    &label,
                );
            }
        }
        catalog.clients.insert(key.clone(), client(key, text));
    }
    catalog
}

fn client(key: String, text: ClientText) -> Client {
    let lower = |list: Vec<String>| list.into_iter().map(|word| word.trim().to_lowercase()).collect();
    let alias = |weak| move |name| Alias { name, weak };
    let projects = text.projects.into_iter().map(|(code, project)| {
        let project = Project {
            code: code.clone(),
            name: project.name,
            kind: project.kind,
            billable: project.billable,
            from: project.from,
            until: project.until,
            required: project.required,
            tasks: project.tasks,
            was: project.was.0,
        };
        (code, project)
    });
    Client {
        key,
        name: text.name,
        aliases: text.aliases.into_iter().map(alias(false)).chain(text.weak_aliases.into_iter().map(alias(true))).collect(),
        domains: lower(text.domains),
        addresses: lower(text.addresses),
        projects: projects.collect(),
        was: text.was.0,
        own: text.own,
    }
}
