//! What holds for all rule files: the keys that stand in `rules.yaml` alone.

use super::{
    Spot,
    compile::Read,
    conditions,
    findings::{Findings, Place},
    identity::{FREE_MAIL, Identity, parents},
    mail,
    syntax::{self, HEADER, YesOrWords},
};
use crate::{
    model::{
        catalog::Catalog,
        verdict::{BillableDefault, Defaults},
    },
    yaml::code::Code,
};

/// What holds for all files.
#[derive(Default)]
pub(super) struct Header {
    pub(super) sections: Vec<String>,
    pub(super) our_domains: Vec<String>,
    pub(super) defaults: Defaults,
    pub(super) zone: Option<chrono_tz::Tz>,
    /// Where the defaults stand.
    pub(super) place: Option<(String, Spot)>,
}

/// The header keys stand in `rules.yaml` alone (S24).
pub(super) fn header(files: &[Read<'_>], findings: &mut Findings) -> Header {
    let mut header = Header::default();
    for (source, file, positions) in files {
        let place = Place { source, positions, path: "" };
        if file.version.is_some_and(|version| version != 1) {
            let label = "this kalends reads version 1";
            place.complain(findings, Code::Header, "version", "this version is not known".to_owned(), label);
        }
        if super::is_named(source, "rules.yaml") {
            header.sections.clone_from(&file.sections);
            header.our_domains.clone_from(&file.our_domains);
            for (index, domain) in file.our_domains.iter().enumerate().filter(|(_, domain)| !mail::is_domain(domain.trim())) {
                let message = format!("`{domain}` is not a mail domain");
                place.complain(findings, Code::WrongValue, &format!("our_domains[{index}]"), message, &mail::written_domain(domain));
            }
            for (index, domain) in
                file.our_domains.iter().enumerate().filter(|(_, one)| FREE_MAIL.contains(&one.trim().to_lowercase().as_str()))
            {
                let (at, label) = (format!("our_domains[{index}]"), "anyone can have it: all of its addresses would be ours");
                place.complain(findings, Code::NobodysDomain, &at, format!("`{domain}` is free mail"), label);
            }
            header.zone = conditions::zone(file.timezone.as_ref(), &place, findings);
            header.defaults = defaults(&file.defaults, &place, findings);
            header.place = Some((crate::model::entry::DEFAULTS.to_owned(), Spot::of(&Place { path: "defaults", ..place })));
            sections_are_unique(&file.sections, &place, findings);
            continue;
        }
        for key in HEADER.iter().filter(|key| positions.has_key(key)) {
            let message = format!("`{key}` stands in rules.yaml alone");
            place.complain_of_key(findings, Code::Header, key, message, "move it there: it holds for all files");
        }
    }
    header
}

fn sections_are_unique(sections: &[String], place: &Place<'_>, findings: &mut Findings) {
    for (index, section) in sections.iter().enumerate().filter(|(index, section)| sections[..*index].contains(section)) {
        let message = format!("the section `{section}` stands twice");
        place.complain(findings, Code::Twice, &format!("sections[{index}]"), message, "take one away");
    }
}

fn defaults(text: &syntax::Defaults, place: &Place<'_>, findings: &mut Findings) -> Defaults {
    let billable = match &text.billable {
        Some(YesOrWords::Yes(yes)) => Some(BillableDefault::Fixed(*yes)),
        Some(YesOrWords::Words(words)) => {
            if words != &["${project.billable}"] {
                let label = "write true, false or \"${project.billable}\"";
                place.complain(findings, Code::WrongValue, "defaults.billable", "this is no billable flag".to_owned(), label);
            }
            Some(BillableDefault::Project)
        }
        None => None,
    };
    for (name, value) in [("task", &text.task), ("description", &text.description)] {
        if value.as_ref().is_some_and(|value| value.contains("${")) {
            let at = format!("defaults.{name}");
            place.complain(findings, Code::Capture, &at, "a default knows nothing of the event".to_owned(), "write it out");
        }
    }
    Defaults { task: text.task.clone(), billable, description: text.description.clone() }
}

/// Our own domains are never a client's (S24).
pub(super) fn own_domains_are_no_clients(files: &[Read<'_>], catalog: &Catalog, identity: &Identity, findings: &mut Findings) {
    let Some((source, file, positions)) = files.iter().find(|(source, ..)| super::is_named(source, "rules.yaml")) else { return };
    let place = Place { source, positions, path: "" };
    for client in catalog.clients.values().filter(|client| !client.own) {
        for domain in &client.domains {
            let Some(ours) = parents(domain).find(|domain| identity.ours().contains(*domain)) else { continue };
            let index = file.our_domains.iter().position(|one| one.trim().to_lowercase() == ours);
            let at = index.map_or_else(|| "our_domains".to_owned(), |index| format!("our_domains[{index}]"));
            let (message, label) = if ours == domain {
                (format!("`{domain}` is ours and a client's"), format!("clients.yaml gives it to `{}`; take it away there", client.key))
            } else {
                let label = format!(
                    "it covers `{domain}`, which clients.yaml gives to `{}`: that says nothing of a client; list single addresses there",
                    client.key
                );
                (format!("`{ours}` is ours, and a client's domain lies in it"), label)
            };
            place.complain(findings, Code::NobodysDomain, &at, message, &label);
        }
    }
}
