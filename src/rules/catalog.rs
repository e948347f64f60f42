//! `clients.yaml` to the catalog: checks what serde cannot, then hands over records.

use std::collections::{BTreeMap, HashMap};

use super::{
    findings::{Findings, Place},
    identity::FREE_MAIL,
    mail,
    syntax::{ClientText, ClientsFile, ProjectText},
};
use crate::{
    model::catalog::{Alias, Catalog, Client, Field, Project},
    yaml::{code::Code, diagnostic::Source, positions::Positions},
};

/// The catalog of one file.
pub(super) fn catalog(file: ClientsFile, source: &Source, positions: &Positions, findings: &mut Findings) -> Catalog {
    let place = Place { source, positions, path: "" };
    let mut catalog = Catalog { required: file.required.unwrap_or_else(|| vec![Field::Client, Field::Project]), ..Catalog::default() };
    for (key, text) in file.clients {
        client_is_right(&key, &text, &place, findings);
        catalog.clients.insert(key.clone(), client(key, text));
    }
    codes_are_unique(&catalog, &place, findings);
    former_codes_are_free(&catalog, &place, findings);
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
        } else if !mail::is_domain(domain.trim()) {
            let label = format!("{}; single addresses go under `addresses`", mail::written_domain(domain));
            place.complain(findings, Code::WrongValue, &at, format!("`{domain}` is not a mail domain"), &label);
        }
    }
    for (index, email) in text.addresses.iter().enumerate().filter(|(_, email)| !mail::is_address(email.trim())) {
        let at = format!("{path}.addresses[{index}]");
        place.complain(findings, Code::WrongValue, &at, format!("`{email}` is not an address"), &mail::written_address(email));
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

/// A code is one project's, in any case.
fn codes_are_unique(catalog: &Catalog, place: &Place<'_>, findings: &mut Findings) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for (client, project) in catalog.projects() {
        if let Some(other) = owners.insert(project.code.to_ascii_lowercase(), &client.key) {
            let path = format!("clients.{}.projects.{}", client.key, project.code);
            let label = format!("client `{other}` has it already; codes are unique, in any case");
            place.complain_of_key(findings, Code::Twice, &path, format!("the code `{}` stands twice", project.code), &label);
        }
    }
}

/// Codes are permanent too: what is booked on a former one is of one project for good.
fn former_codes_are_free(catalog: &Catalog, place: &Place<'_>, findings: &mut Findings) {
    let in_use: HashMap<String, &str> = catalog.projects().map(|(_, one)| (one.code.to_ascii_lowercase(), one.code.as_str())).collect();
    let mut former: HashMap<String, &str> = HashMap::new();
    for (client, project) in catalog.projects() {
        let path = format!("clients.{}.projects.{}.was", client.key, project.code);
        for was in project.was.iter().filter(|was| !was.eq_ignore_ascii_case(&project.code)) {
            let folded = was.to_ascii_lowercase();
            if let Some(other) = in_use.get(&folded) {
                let label = format!("`{other}` is in use: a former code is never used again; give that project a new one");
                place.complain(findings, Code::ReusedKey, &path, format!("`{was}` is another project's code"), &label);
            }
            if let Some(other) = former.insert(folded, &project.code).filter(|other| *other != project.code) {
                let label = format!("it was the code of `{other}` too: what is booked on it would be of either");
                place.complain(findings, Code::Twice, &path, format!("`{was}` was two projects' code"), &label);
            }
        }
    }
}

/// Keys are permanent: a former one names nothing else (S6).
fn former_keys_are_free(catalog: &Catalog, place: &Place<'_>, findings: &mut Findings) {
    let mut former: HashMap<&str, &str> = HashMap::new();
    for client in catalog.clients.values() {
        let path = format!("clients.{}.was", client.key);
        for was in &client.was {
            if let Some(other) = former.insert(was, &client.key).filter(|other| *other != client.key) {
                let label = format!("it was the key of `{other}` too: what carries it would be of either");
                place.complain(findings, Code::Twice, &path, format!("`{was}` was two clients' key"), &label);
            }
        }
        for was in client.was.iter().filter(|was| **was != client.key && catalog.clients.contains_key(*was)) {
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
        closed: false,
    }
}
