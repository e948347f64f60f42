//! `clients.yaml` to the catalog: checks what serde cannot, then hands over records.

use std::collections::{BTreeMap, HashMap};

use super::{
    findings::{Findings, Place},
    identity::FREE_MAIL,
    syntax::{ClientText, ClientsFile, ProjectText},
};
use crate::{
    model::catalog::{Alias, Catalog, Client, Field, Project},
    yaml::{code::Code, diagnostic::Source, gate::Positions},
};

/// The catalog of one file.
pub(super) fn catalog(file: ClientsFile, source: &Source, positions: &Positions, findings: &mut Findings) -> Catalog {
    let place = Place { source, positions, path: "" };
    let mut catalog = Catalog { required: file.required.unwrap_or_else(|| vec![Field::Client, Field::Project]), ..Catalog::default() };
    let mut owners: HashMap<String, String> = HashMap::new();
    for (key, text) in file.clients {
        client_is_right(&key, &text, &place, findings);
        for code in text.projects.keys() {
            if let Some(other) = owners.get(&code.to_ascii_lowercase()) {
                let label = format!("client `{other}` has it already; codes are unique");
                let path = format!("clients.{key}.projects.{code}");
                place.complain_of_key(findings, Code::Twice, &path, format!("the code `{code}` stands twice"), &label);
            }
        }
        for code in text.projects.iter().flat_map(|(code, project)| std::iter::once(code).chain(&project.was.0)) {
            owners.entry(code.to_ascii_lowercase()).or_insert_with(|| key.clone());
        }
        catalog.clients.insert(key.clone(), client(key, text));
    }
    names_are_unique(&catalog, &place, findings);
    former_keys_are_free(&catalog, &place, findings);
    catalog
}

fn client_is_right(key: &str, text: &ClientText, place: &Place<'_>, findings: &mut Findings) {
    let path = format!("clients.{key}");
    if text.name.trim().is_empty() {
        place.complain(findings, Code::WrongValue, &format!("{path}.name"), "a client has a name".into(), "write one");
    }
    for (index, domain) in text.domains.iter().enumerate() {
        let at = format!("{path}.domains[{index}]");
        if FREE_MAIL.contains(&domain.to_lowercase().as_str()) {
            let message = format!("`{domain}` is free mail");
            place.complain(findings, Code::NobodysDomain, &at, message, "anyone can have it; list single addresses under `addresses`");
        } else if domain.contains('@') || !domain.contains('.') {
            let label = "write it as `acme.example`; single addresses go under `addresses`";
            place.complain(findings, Code::WrongValue, &at, format!("`{domain}` is not a mail domain"), label);
        }
    }
    for (index, email) in text.addresses.iter().enumerate().filter(|(_, email)| !email.contains('@')) {
        let at = format!("{path}.addresses[{index}]");
        place.complain(findings, Code::WrongValue, &at, format!("`{email}` is not an address"), "write it as `tom@acme.example`");
    }
    for (code, ProjectText { from, until, .. }) in &text.projects {
        if let (Some(from), Some(until)) = (from, until)
            && from > until
        {
            let at = format!("{path}.projects.{code}.until");
            place.complain(findings, Code::Contradiction, &at, format!("`{code}` ends before it begins"), "`until` is its last date");
        }
    }
}

/// A name that two clients go by says nothing, unless it is weak at both, and then asks for a second witness (S24).
fn names_are_unique(catalog: &Catalog, place: &Place<'_>, findings: &mut Findings) {
    let mut owners: BTreeMap<String, (&str, bool)> = BTreeMap::new();
    for client in catalog.clients.values().filter(|client| !client.own) {
        let names = client.aliases.iter().enumerate().map(|(index, alias)| (format!("aliases[{index}]"), alias.name.as_str(), alias.weak));
        for (at, name, weak) in std::iter::once(("name".to_owned(), client.name.as_str(), false)).chain(names) {
            let folded = super::fold::folded(name);
            let known = owners.insert(folded, (&client.key, weak));
            if let Some((other, was_weak)) = known.filter(|(other, _)| *other != client.key)
                && !(weak && was_weak)
            {
                let label = format!("client `{other}` has it too; make it weak at both: {{name: {name}, weak: true}}");
                let path = format!("clients.{}.{at}", client.key);
                place.complain(findings, Code::Twice, &path, format!("`{name}` stands for two clients"), &label);
            }
        }
    }
}

/// Keys are permanent: a former one names nothing else (S6).
fn former_keys_are_free(catalog: &Catalog, place: &Place<'_>, findings: &mut Findings) {
    for client in catalog.clients.values() {
        for was in client.was.iter().filter(|was| catalog.clients.contains_key(*was)) {
            let path = format!("clients.{}.was", client.key);
            place.complain(
                findings,
                Code::ReusedKey,
                &path,
                format!("`{was}` is another client's key"),
                "a former key is never used again",
            );
        }
    }
}

fn client(key: String, text: ClientText) -> Client {
    let lower = |list: Vec<String>| list.into_iter().map(|word| word.trim().to_lowercase()).collect();
    let alias = |alias: super::syntax::AliasText| Alias { name: alias.name, weak: alias.weak };
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
        aliases: text.aliases.into_iter().map(alias).collect(),
        domains: lower(text.domains),
        addresses: lower(text.addresses),
        projects: projects.collect(),
        was: text.was.0,
        own: text.own,
    }
}
        closed: false,
