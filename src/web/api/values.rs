//! What a body says about an entry, as decisions; names are checked against the catalog, and every one that is wrong is told.

use chrono::{DateTime, Utc};
use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

use super::problem::{Kind, Misfit, Problem};
use crate::{
    model::{catalog::Catalog, day, decision::Assignment, entry::Body},
    review::fields,
};

/// A body that says what some time was for, beside fields of its own: absent stays, null clears.
macro_rules! says_what {
    ($(#[$about:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "its fields are read one by one, so that all that is wrong is told")]
        pub(super) struct $name {
            $($own)*
            #[schema(min_length = 1, max_length = 200)]
            client: Option<String>,
            #[schema(min_length = 1, max_length = 200)]
            project: Option<String>,
            #[schema(min_length = 1, max_length = 200)]
            task: Option<String>,
            /// What was decided or the project says, if it is absent.
            #[schema(nullable = false)]
            billable: Option<bool>,
            #[schema(schema_with = crate::web::api::values::tags)]
            tags: Option<Vec<String>>,
            #[schema(max_length = 2000)]
            description: Option<String>,
        }
    };
}
pub(super) use says_what;

/// The schema of tags.
pub(super) fn tags() -> Schema {
    let one = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200));
    ArrayBuilder::new().items(one).max_items(Some(50)).into()
}

/// A field that is absent, null, or set.
#[expect(clippy::option_option, reason = "absent, cleared and set are three states")]
fn given(body: &Value, name: &str) -> Option<Option<String>> {
    body.get(name).map(|value| value.as_str().map(str::to_owned))
}

/// What an entry is, from the fields of a JSON body, beside what stands. `pointer` is where the fields are.
pub(super) fn assignment((catalog, stands): (&Catalog, Option<&Body>), body: &Value, pointer: &str, found: &mut Vec<Misfit>) -> Assignment {
    let at = |name: &str| format!("{pointer}/{name}");
    let mut wanted = Assignment {
        client: given(body, "client"),
        project: given(body, "project"),
        task: given(body, "task"),
        description: given(body, "description"),
        billable: body.get("billable").and_then(Value::as_bool),
        tags: body
            .get("tags")
            .map(|tags| tags.as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()),
    };
    found.extend(fields::against(catalog, stands, &mut wanted).into_iter().map(|(field, told)| Misfit::new(at(field.as_str()), told)));
    wanted
}

/// An instant of a body.
pub(super) fn instant(body: &Value, name: &str) -> Option<DateTime<Utc>> {
    day::instant_from(body.get(name)?.as_str()?)
}

/// Nothing was wrong.
pub(super) fn all_fit(found: Vec<Misfit>) -> Result<(), Problem> {
    if found.is_empty() { Ok(()) } else { Err(Problem::misfits(Kind::Invalid, found)) }
}
