//! Rule files as they are written. Types only; meaning is given by `compile`.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, SeqAccess, Visitor},
};

use crate::model::{
    catalog::{Field, ProjectKind},
    event::{EventStatus, Response, ShowAs, Visibility},
    verdict::Confidence,
};

/// One value or a list of them.
#[derive(Clone, Debug)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMany<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
            type Value = Many<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value or a list of them")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Many<T>, E> {
                T::deserialize(text.into_deserializer()).map(|one| Many(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(Many(all))
            }
        }
        from.deserialize_any(OneOrMany(std::marker::PhantomData))
    }
}

/// A file of rules. The header keys stand in `rules.yaml` alone (S24).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RulesFile {
    pub(super) version: Option<u8>,
    pub(super) timezone: Option<String>,
    pub(super) our_domains: Vec<String>,
    pub(super) sections: Vec<String>,
    pub(super) defaults: Defaults,
    pub(super) rules: Vec<Rule>,
    pub(super) suspicious: Vec<Suspicious>,
    pub(super) tests: Vec<Test>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Defaults {
    pub(super) task: Option<String>,
    /// `true`, `false` or `${project.billable}`.
    pub(super) billable: Option<serde_yaml::Value>,
    pub(super) description: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) section: String,
    #[serde(default)]
    pub(super) over: Many<String>,
    #[serde(default)]
    pub(super) when: When,
    #[serde(default)]
    pub(super) set: Set,
    pub(super) skip: Option<String>,
    pub(super) review: Option<String>,
    #[serde(default)]
    pub(super) stop: bool,
    pub(super) confidence: Option<Confidence>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Set {
    pub(super) client: Option<String>,
    pub(super) project: Option<String>,
    pub(super) task: Option<String>,
    pub(super) billable: Option<bool>,
    pub(super) description: Option<String>,
    pub(super) tags: Many<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suspicious {
    pub(super) id: String,
    /// Kebab-case; the id where it is not given.
    pub(super) reason: Option<String>,
    pub(super) text: String,
    pub(super) when: When,
}

/// Conditions. Keys are AND, list values are OR.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct When {
    pub(super) title: Option<Words>,
    pub(super) description: Option<Words>,
    pub(super) location: Option<Words>,
    pub(super) project_code: Option<Sought>,
    pub(super) client_domain: Option<Sought>,
    pub(super) client_name: Option<Sought>,
    pub(super) attendees: Option<Attendees>,
    pub(super) organizer: Option<Many<String>>,
    pub(super) calendar: Option<Many<String>>,
    pub(super) duration: Option<Duration>,
    pub(super) time: Option<Time>,
    pub(super) weekday: Option<Many<String>>,
    pub(super) recurring: Option<bool>,
    pub(super) all_day: Option<bool>,
    pub(super) my_response: Option<Many<Response>>,
    pub(super) show_as: Option<Many<ShowAs>>,
    pub(super) visibility: Option<Many<Visibility>>,
    pub(super) status: Option<Many<EventStatus>>,
    /// Keys, or `unset`.
    pub(super) client: Option<Many<String>>,
    pub(super) project: Option<Many<String>>,
    pub(super) billable: Option<bool>,
    pub(super) confidence: Option<Below>,
    pub(super) day_total: Option<Duration>,
    pub(super) any: Option<Vec<When>>,
    pub(super) all: Option<Vec<When>>,
    pub(super) not: Option<Box<When>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "the keys of the file")]
pub(super) struct Words {
    pub(super) words: Option<Many<String>>,
    pub(super) not_words: Option<Many<String>>,
    pub(super) regex: Option<String>,
}

/// Where evidence of a client is sought, and how many clients may be found.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sought {
    #[serde(rename = "in")]
    pub(super) within: Many<String>,
    pub(super) is: Many<String>,
    pub(super) exactly: Option<usize>,
    pub(super) at_least: Option<usize>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Attendees {
    pub(super) min: Option<usize>,
    pub(super) max: Option<usize>,
    pub(super) exactly: Option<usize>,
    /// `our_domains`.
    pub(super) only: Option<String>,
    /// Addresses or domains of which one must be there.
    pub(super) any: Many<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Duration {
    pub(super) min: Option<String>,
    pub(super) max: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Time {
    pub(super) within: Option<String>,
    pub(super) outside: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Below {
    pub(super) below: Confidence,
}

/// A test of the rules, beside them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) event: TestEvent,
    #[serde(default)]
    pub(super) expect: BTreeMap<String, serde_yaml::Value>,
}

/// An event as people write one: times are local.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TestEvent {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) location: String,
    pub(super) categories: Vec<String>,
    pub(super) attendees: Vec<String>,
    pub(super) organizer: Option<String>,
    pub(super) calendar: String,
    pub(super) start: Option<String>,
    pub(super) duration: Option<String>,
    pub(super) recurring: bool,
    pub(super) my_response: Option<Response>,
    pub(super) show_as: Option<ShowAs>,
    pub(super) visibility: Option<Visibility>,
    pub(super) status: Option<EventStatus>,
}

/// `clients.yaml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClientsFile {
    pub(super) required: Option<Vec<Field>>,
    pub(super) clients: BTreeMap<String, ClientText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientText {
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// Aliases that are common words, and need a second witness.
    #[serde(default)]
    pub(super) weak_aliases: Vec<String>,
    #[serde(default)]
    pub(super) domains: Vec<String>,
    #[serde(default)]
    pub(super) addresses: Vec<String>,
    #[serde(default)]
    pub(super) was: Many<String>,
    #[serde(default)]
    pub(super) own: bool,
    #[serde(default)]
    pub(super) projects: BTreeMap<String, ProjectText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectText {
    pub(super) name: String,
    #[serde(default = "delivery")]
    pub(super) kind: ProjectKind,
    pub(super) billable: bool,
    pub(super) from: Option<chrono::NaiveDate>,
    pub(super) until: Option<chrono::NaiveDate>,
    pub(super) required: Option<Vec<Field>>,
    #[serde(default)]
    pub(super) tasks: Vec<String>,
    #[serde(default)]
    pub(super) was: Many<String>,
}

fn delivery() -> ProjectKind {
    ProjectKind::Delivery
}
