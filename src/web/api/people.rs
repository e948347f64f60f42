//! `users`: people, what they are to the firm, and whose time they review. Who they are is changed by commands.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};
use uuid::Uuid;

use super::{
    lists::{self, LIMIT, words},
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::{
    model::{
        ids::StaffId,
        principal::{Principal, Reviews, Role, Scope},
        staff::Staff,
    },
    store::{Tx, records::Listed},
};

/// Which people, calendars or grants are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPeople {
    /// A person, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    pub(super) staff: Option<String>,
    #[schema(minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) cursor: Option<String>,
}

fn role_words() -> Schema {
    utoipa::openapi::ArrayBuilder::new().items(RefOr::T(words(Role::ALL.iter().map(|one| one.as_str())))).into()
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    id: Uuid,
    email: String,
    name: String,
    #[schema(schema_with = role_words)]
    roles: Vec<&'static str>,
    /// Whose time she reviews: `everyone`, or addresses.
    reviews: Vec<String>,
    /// Her time is recorded from this date on.
    #[schema(format = "date")]
    first_day: String,
    #[schema(format = "date")]
    last_day: Option<String>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserPage {
    items: Vec<User>,
    next_cursor: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/users", "list_users", Scope::UsersRead, list)
            .says("People whose records you may see")
            .query::<OfPeople>()
            .gives::<UserPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::GET, "/users/{id}", "read_user", Scope::UsersRead, one).says("One person").gives::<User>(200),
    ]
}

/// The ids of a page of records, and where the next one begins.
pub(super) async fn ids(call: &Call, tx: &mut Tx, what: Listed) -> Result<(Vec<Uuid>, Option<String>), Problem> {
    let asked: OfPeople = call.query()?;
    let limit = asked.limit.unwrap_or(LIMIT);
    let staff = lists::filtered(tx, asked.staff.as_deref()).await?;
    let mut ids = tx.listed(&call.who, what, staff, lists::place(asked.cursor.as_deref())?, limit + 1).await?;
    let next = lists::page(&mut ids, limit, |id| *id);
    Ok((ids, next))
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let mut tx = call.app.store.read().await?;
    let (ids, next_cursor) = ids(&call, &mut tx, Listed::People).await?;
    let known = Known::read(&mut tx).await?;
    Answer::of(&UserPage { items: ids.iter().filter_map(|id| known.user(&call.who, StaffId(*id))).collect(), next_cursor })
}

async fn one(call: Call) -> Result<Answer, Problem> {
    let mut tx = call.app.store.read().await?;
    let id = call.id()?;
    if !tx.is_listed(&call.who, Listed::People, id).await? {
        return Err(Problem::not_found());
    }
    let known = Known::read(&mut tx).await?;
    Answer::of(&known.user(&call.who, StaffId(id)).ok_or_else(Problem::not_found)?)
}

/// Everyone, with what they may do.
struct Known {
    people: BTreeMap<StaffId, Staff>,
    rights: BTreeMap<StaffId, (std::collections::BTreeSet<Role>, Reviews)>,
}

impl Known {
    async fn read(tx: &mut Tx) -> Result<Self, Problem> {
        let people = tx.staff().await?.into_iter().map(|one| (one.id, one)).collect();
        Ok(Self { people, rights: tx.rights().await? })
    }

    fn user(&self, who: &Principal, id: StaffId) -> Option<User> {
        let person = self.people.get(&id)?;
        let (roles, reviews) = self.rights.get(&id).cloned().unwrap_or_default();
        // Of someone else's reviews, what concerns people the reader does not know of stays out.
        let known = |one: &&StaffId| who.sees_everyone() || who.reads_words_of(**one) || who.staff == Some(id);
        let email = |one: &StaffId| self.people.get(one).map(|one| one.email().to_owned());
        Some(User {
            id: id.0,
            email: person.email().to_owned(),
            name: person.name.clone(),
            roles: roles.iter().map(|role| role.as_str()).collect(),
            reviews: match &reviews {
                Reviews::Everyone => vec!["everyone".to_owned()],
                Reviews::Only(some) => some.iter().filter(known).filter_map(email).collect(),
            },
            first_day: person.first_day.to_string(),
            last_day: person.last_day.map(|date| date.to_string()),
        })
    }
}
