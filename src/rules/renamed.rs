//! Former keys of clients and codes of projects in rule files. Each means what it is called now (S6), so that stands in its place before
//! anything else looks at the rules; what is not known at all stays, and is told where names are checked.

use std::collections::HashMap;

use serde_yaml::Value;

use super::syntax::{Expect, Many, RulesFile, Sought, When};
use crate::model::catalog::Catalog;

/// What each is called now.
struct Called<'a> {
    /// By former keys.
    clients: HashMap<&'a str, &'a str>,
    /// By codes and former ones, in lower case.
    codes: HashMap<String, &'a str>,
}

/// Puts names as they are now in the place of former ones, wherever a rule or a test may name a client or project.
pub(super) fn as_called_now<'f>(files: impl Iterator<Item = &'f mut RulesFile>, catalog: &Catalog) {
    let called = Called::by(catalog);
    for file in files {
        for rule in &mut file.rules {
            called.when(&mut rule.when);
            let of_set = rule.set.iter_mut().map(|set| (&mut set.client, &mut set.project));
            let of_shares = rule.split.iter_mut().flatten().map(|share| (&mut share.client, &mut share.project));
            for (client, project) in of_set.chain(of_shares) {
                called.clients(client);
                called.projects(project);
            }
        }
        file.suspicious.iter_mut().for_each(|one| called.when(&mut one.when));
        file.tests.iter_mut().for_each(|test| called.expect(&mut test.expect));
    }
}

impl<'a> Called<'a> {
    fn by(catalog: &'a Catalog) -> Self {
        let former = catalog.clients.values().flat_map(|client| client.was.iter().map(|was| (was.as_str(), client.key.as_str())));
        let clients = former.filter(|(was, _)| !catalog.clients.contains_key(*was)).collect();
        let code = |text: &str, now: &'a str| (text.to_ascii_lowercase(), now);
        let former = catalog.projects().flat_map(|(_, project)| project.was.iter().map(move |was| code(was, &project.code)));
        // A code that is in use means what it is used for.
        let codes = former.chain(catalog.projects().map(|(_, project)| code(&project.code, &project.code))).collect();
        Self { clients, codes }
    }

    fn clients<'k>(&self, keys: impl IntoIterator<Item = &'k mut String>) {
        for key in keys {
            if let Some(now) = self.clients.get(key.as_str()) {
                (*now).clone_into(key);
            }
        }
    }

    fn projects<'k>(&self, codes: impl IntoIterator<Item = &'k mut String>) {
        for code in codes {
            if let Some(now) = self.codes.get(&code.to_ascii_lowercase()) {
                (*now).clone_into(code);
            }
        }
    }

    fn when(&self, when: &mut When) {
        let sought = [&mut when.project_code, &mut when.client_domain, &mut when.client_name];
        let named = sought.into_iter().flatten().map(|Sought { is, .. }| is).chain(&mut when.client);
        self.clients(named.flat_map(|Many(keys)| keys));
        self.projects(when.project.iter_mut().flat_map(|Many(codes)| codes));
        let nested = when.any.iter_mut().chain(&mut when.all).flatten();
        let nested = nested.chain(when.not.as_deref_mut()).chain(when.same_day.as_deref_mut());
        nested.for_each(|part| self.when(part));
    }

    fn expect(&self, expect: &mut Expect) {
        self.clients(expect.get_mut("client").into_iter().flat_map(texts));
        self.projects(expect.get_mut("project").into_iter().flat_map(texts));
    }
}

/// One text or several.
fn texts(value: &mut Value) -> Vec<&mut String> {
    match value {
        Value::String(one) => vec![one],
        Value::Sequence(all) => all.iter_mut().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
