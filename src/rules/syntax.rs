//! Rule files as they are written. Types only; meaning is given by `compile`.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::written::WrittenEvent;
use crate::model::{
    catalog::{Field, ProjectKind},
    event::{EventStatus, Response, ShowAs, Visibility},
    verdict::{Confidence, SkipAs},
};

/// One value or a list of them, never an empty one: a list of nothing matches nothing and was meant otherwise.
#[derive(Clone, Debug, PartialEq)]
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
                f.write_str("text or a list of texts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Many<T>, E> {
                T::deserialize(text.into_deserializer()).map(|one| Many(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                if all.is_empty() { Err(de::Error::custom("an empty list matches nothing; name at least one")) } else { Ok(Many(all)) }
            }
        }
        from.deserialize_any(OneOrMany(std::marker::PhantomData))
    }
}

/// A file of rules. The header keys stand in `rules.yaml` alone (S24).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "header")]
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

/// Keys of [`RulesFile`] that hold for all files together.
pub(super) const HEADER: &[&str] = &["timezone", "our_domains", "sections", "defaults"];

#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "defaults")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Defaults {
    pub(super) task: Option<String>,
    /// `true`, `false` or `${project.billable}`.
    pub(super) billable: Option<YesOrWords>,
    pub(super) description: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "rule")]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) section: String,
    #[serde(default)]
    pub(super) over: Many<String>,
    /// First and last date of events it is asked about.
    pub(super) from: Option<chrono::NaiveDate>,
    pub(super) until: Option<chrono::NaiveDate>,
    #[serde(default)]
    pub(super) when: When,
    pub(super) set: Option<Set>,
    pub(super) split: Option<Vec<Share>>,
    /// Of all-day events, on each working day, such as `8h`.
    pub(super) hours: Option<String>,
    pub(super) skip: Option<SkipText>,
    pub(super) review: Option<String>,
    #[serde(default)]
    pub(super) stop: bool,
    pub(super) confidence: Option<Confidence>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "set")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Set {
    pub(super) client: Option<String>,
    pub(super) project: Option<String>,
    pub(super) task: Option<String>,
    pub(super) billable: Option<bool>,
    pub(super) description: Option<String>,
    pub(super) tags: Many<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "split")]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys of the file")]
pub(super) struct Share {
    /// Hundredths of the event.
    pub(super) share: u32,
    pub(super) client: Option<String>,
    pub(super) project: Option<String>,
    pub(super) task: Option<String>,
    pub(super) billable: Option<bool>,
}

/// A skip with more to say than why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "skip")]
struct FullSkip {
    why: String,
    #[serde(rename = "as")]
    counts_as: Option<SkipAs>,
}

/// `skip: why`, or `skip: {why: …, as: absence}`.
#[derive(Clone, Debug)]
pub(super) struct SkipText {
    pub(super) why: String,
    pub(super) counts_as: Option<SkipAs>,
}

impl<'de> Deserialize<'de> for SkipText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = SkipText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("why it is skipped, or {why: …, as: …}")
            }
            fn visit_str<E: de::Error>(self, why: &str) -> Result<SkipText, E> {
                Ok(SkipText { why: why.to_owned(), counts_as: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SkipText, A::Error> {
                let FullSkip { why, counts_as } = FullSkip::deserialize(MapAccessDeserializer::new(map))?;
                Ok(SkipText { why, counts_as })
            }
        }
        from.deserialize_any(Either)
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "suspicious")]
#[serde(deny_unknown_fields)]
pub(super) struct Suspicious {
    pub(super) id: String,
    /// Kebab-case; the id where it is not given.
    pub(super) reason: Option<String>,
    /// What the reviewer reads; the reason where it is not given.
    pub(super) text: Option<String>,
    pub(super) when: When,
}

/// Conditions. Keys are AND, list values are OR.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "when")]
#[serde(deny_unknown_fields, default)]
pub(super) struct When {
    pub(super) title: Option<Words>,
    /// Its first line.
    pub(super) description: Option<Words>,
    pub(super) location: Option<Words>,
    pub(super) categories: Option<Many<String>>,
    pub(super) colour: Option<Many<String>>,
    pub(super) event_type: Option<Many<String>>,
    /// Whether there is one, or words of its address.
    pub(super) conference: Option<YesOrWords>,
    /// UIDs of series.
    pub(super) series: Option<Many<String>>,
    pub(super) project_code: Option<Sought>,
    pub(super) client_domain: Option<Sought>,
    pub(super) client_name: Option<Sought>,
    pub(super) attendees: Option<Attendees>,
    pub(super) guests: Option<Guests>,
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
    /// Another event of that person on that date.
    pub(super) same_day: Option<Box<When>>,
    /// Keys, or `unset`.
    pub(super) client: Option<Many<String>>,
    /// Codes, or `unset`.
    pub(super) project: Option<Many<String>>,
    /// Names, or `unset`.
    pub(super) task: Option<Many<String>>,
    pub(super) billable: Option<bool>,
    pub(super) confidence: Option<Below>,
    pub(super) day_total: Option<Duration>,
    pub(super) any: Option<Vec<When>>,
    pub(super) all: Option<Vec<When>>,
    pub(super) not: Option<Box<When>>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "title")]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "the keys of the file")]
pub(super) struct Words {
    pub(super) words: Option<Many<String>>,
    pub(super) not_words: Option<Many<String>>,
    pub(super) regex: Option<String>,
}

/// Where evidence of a client is sought, and how many clients may be found.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "project_code")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sought {
    #[serde(rename = "in")]
    pub(super) within: Many<String>,
    pub(super) is: Many<String>,
    pub(super) exactly: Option<usize>,
    pub(super) at_least: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "attendees")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Attendees {
    pub(super) min: Option<usize>,
    pub(super) max: Option<usize>,
    pub(super) exactly: Option<usize>,
    /// `our_domains`, or addresses and domains to which everyone besides the owner belongs.
    pub(super) only: Option<Many<String>>,
    /// Addresses or domains of which one must be there.
    pub(super) any: Many<String>,
}

/// People from outside the firm.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "guests")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Guests {
    pub(super) min: Option<usize>,
    pub(super) max: Option<usize>,
    /// Whether one of them is of no known client.
    pub(super) unknown: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "duration")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Duration {
    pub(super) min: Option<String>,
    pub(super) max: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "time")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Time {
    pub(super) within: Option<String>,
    pub(super) outside: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "confidence")]
#[serde(deny_unknown_fields)]
pub(super) struct Below {
    pub(super) below: Confidence,
}

/// `true` or `false`, or words.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum YesOrWords {
    Yes(bool),
    Words(Vec<String>),
}

impl<'de> Deserialize<'de> for YesOrWords {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = YesOrWords;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or text")
            }
            fn visit_bool<E: de::Error>(self, yes: bool) -> Result<YesOrWords, E> {
                Ok(YesOrWords::Yes(yes))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<YesOrWords, E> {
                Ok(YesOrWords::Words(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<YesOrWords, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(list)).map(YesOrWords::Words)
            }
        }
        from.deserialize_any(Either)
    }
}

/// A test of the rules, beside them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "test")]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) event: WrittenEvent,
    /// What else stands in her calendar on that day.
    #[serde(default)]
    pub(crate) same_day: Vec<WrittenEvent>,
    #[schemars(with = "super::expectations::Expected")]
    pub(crate) expect: Expect,
}

/// What ought to come of it: fields of the entry, `outcome`, `reason`, and `by` which rule.
pub(crate) type Expect = BTreeMap<String, serde_yaml::Value>;

/// `clients.yaml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "clients")]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClientsFile {
    pub(super) version: Option<u8>,
    pub(super) required: Option<Vec<Field>>,
    pub(super) clients: BTreeMap<String, ClientText>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "client")]
#[serde(deny_unknown_fields)]
pub(super) struct ClientText {
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<AliasText>,
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

/// An alias that may be weak.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "alias")]
struct FullAlias {
    name: String,
    #[serde(default)]
    weak: bool,
}

/// `Acme`, or `{name: GX, weak: true}` for a common word, which needs a second witness.
#[derive(Debug)]
pub(super) struct AliasText {
    pub(super) name: String,
    pub(super) weak: bool,
}

impl<'de> Deserialize<'de> for AliasText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = AliasText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or {name: …, weak: true}")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<AliasText, E> {
                Ok(AliasText { name: name.to_owned(), weak: false })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AliasText, A::Error> {
                let FullAlias { name, weak } = FullAlias::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AliasText { name, weak })
            }
        }
        from.deserialize_any(Either)
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "project")]
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

/// What may be written in one way or another: its schema lists them.
macro_rules! either {
    ($type:ty, |$generator:ident| $ways:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                json_schema!({ "anyOf": $ways })
            }
        }
    };
}
pub(super) use either;

either!(SkipText, |generator| [generator.subschema_for::<String>(), generator.subschema_for::<FullSkip>()]);
either!(AliasText, |generator| [generator.subschema_for::<String>(), generator.subschema_for::<FullAlias>()]);
either!(YesOrWords, |generator| [
    generator.subschema_for::<bool>(),
    generator.subschema_for::<String>(),
    generator.subschema_for::<Vec<String>>()
]);

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("one or more of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}
