//! What someone can do to a fake from outside: the same acts as values, for the HTTP control interface and for scenario files.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    faults::Fault,
    server::Fake,
    state::{Consent, Role},
};

/// One act. As JSON: `{"act": "add", "calendar": "…", "event": {…}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Control {
    Account {
        email: String,
    },
    Calendar {
        email: String,
        name: String,
    },
    DropCalendar {
        email: String,
        id: String,
    },
    /// Lets another account see a calendar, or changes how much of it.
    Share {
        calendar: String,
        email: String,
        role: Role,
    },
    Add {
        calendar: String,
        event: Value,
    },
    Edit {
        calendar: String,
        id: String,
        patch: Value,
    },
    Cancel {
        calendar: String,
        id: String,
    },
    Delete {
        calendar: String,
        id: String,
    },
    /// Calls a series off, but not what was changed of it before.
    Outlive {
        calendar: String,
        id: String,
    },
    Fault(Fault),
    Expire,
    Revoke {
        email: String,
    },
    Consent {
        consent: Consent,
    },
    /// What is not named stays as it is.
    Policy {
        policy: Value,
    },
    Approve {
        user_code: String,
        email: String,
    },
}

impl Control {
    /// Does it, and says what came of it.
    #[must_use]
    pub fn apply(self, fake: &Fake) -> Value {
        match self {
            Self::Account { email } => json!({ "calendar": fake.account(&email) }),
            Self::Calendar { email, name } => json!({ "calendar": fake.calendar(&email, &name) }),
            Self::Add { calendar, event } => json!({ "id": fake.add(&calendar, &event) }),
            Self::Policy { policy } => match fake.adjust(&policy) {
                Ok(()) => json!({ "done": true }),
                Err(error) => json!({ "error": error.to_string() }),
            },
            other => {
                match other {
                    Self::DropCalendar { email, id } => fake.drop_calendar(&email, &id),
                    Self::Share { calendar, email, role } => fake.share(&calendar, &email, role),
                    Self::Outlive { calendar, id } => fake.outlive(&calendar, &id),
                    Self::Edit { calendar, id, patch } => fake.edit(&calendar, &id, &patch),
                    Self::Cancel { calendar, id } => fake.cancel(&calendar, &id),
                    Self::Delete { calendar, id } => fake.delete(&calendar, &id),
                    Self::Fault(fault) => fake.fault(fault),
                    Self::Expire => fake.expire_tokens(),
                    Self::Revoke { email } => fake.revoke(&email),
                    Self::Consent { consent } => fake.consent(consent),
                    Self::Approve { user_code, email } => fake.approve(&user_code, &email),
                    Self::Account { .. } | Self::Calendar { .. } | Self::Add { .. } | Self::Policy { .. } => {}
                }
                json!({ "done": true })
            }
        }
    }
}
