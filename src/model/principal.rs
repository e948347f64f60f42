//! Who acts: a person or a token of hers, with what she may do. Deny by default: without a role there is nothing.

use std::collections::BTreeSet;

use crate::model::{ids::StaffId, words::words};

words! {
    /// What a person is to the firm. One may be several.
    Role {
        /// Her own time and calendars.
        Staff = "staff",
        /// Other people's time: questions, approval.
        Reviewer = "reviewer",
        /// Sources, rules, the state of the queue; no words of events, no approval.
        Ops = "ops",
        /// People, roles, tokens; no entry.
        Admin = "admin",
    }
}

words! {
    /// What a token may be used for. Writing does not bring reading.
    Scope {
        EntriesRead = "entries:read",
        EntriesWrite = "entries:write",
        ExceptionsRead = "exceptions:read",
        ExceptionsWrite = "exceptions:write",
        CatalogRead = "catalog:read",
        CatalogWrite = "catalog:write",
        SourcesRead = "sources:read",
        SourcesWrite = "sources:write",
        ReportsRead = "reports:read",
        AuditRead = "audit:read",
        UsersRead = "users:read",
        UsersWrite = "users:write",
    }
}

impl Scope {
    /// What it takes to read what this one writes.
    pub(crate) fn reading(self) -> Self {
        match self {
            Self::EntriesWrite => Self::EntriesRead,
            Self::ExceptionsWrite => Self::ExceptionsRead,
            Self::CatalogWrite => Self::CatalogRead,
            Self::SourcesWrite => Self::SourcesRead,
            Self::UsersWrite => Self::UsersRead,
            reading => reading,
        }
    }
}

/// Whose time a reviewer reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reviews {
    Everyone,
    Only(BTreeSet<StaffId>),
}

impl Default for Reviews {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

/// Who acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Principal {
    /// As the audit names her.
    pub(crate) name: String,
    /// None for whoever commands the machine itself.
    pub(crate) staff: Option<StaffId>,
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) reviews: Reviews,
    /// What a token is limited to; none for the person herself.
    pub(crate) scopes: Option<BTreeSet<Scope>>,
}

words! {
    /// In which capacity someone stands towards the time of one person.
    Capacity {
        Owner = "owner",
        Reviewer = "reviewer",
        /// A reviewer before her own time.
        OwnReviewer = "own-reviewer",
        Ops = "ops",
        Admin = "admin",
        Stranger = "stranger",
    }
}

impl Principal {
    /// Whoever commands the machine: she has the book in her hands anyway, so every act is open to her, and written down.
    pub(crate) fn operator(name: &str, staff: Option<StaffId>) -> Self {
        Self { name: name.to_owned(), staff, roles: Role::ALL.iter().copied().collect(), reviews: Reviews::Everyone, scopes: None }
    }

    /// A token of hers, which may do no more than she.
    pub(crate) fn with_token(self, token: &str, scopes: BTreeSet<Scope>) -> Self {
        Self { name: format!("token {token} of {}", self.name), scopes: Some(scopes), ..self }
    }

    /// Whether she, or a token of hers, is who did something.
    pub(crate) fn is(&self, actor: &str) -> bool {
        let person = |name: &str| {
            name.strip_prefix("token ").and_then(|rest| rest.rsplit_once(" of ")).map_or(name.to_owned(), |(_, person)| person.to_owned())
        };
        person(&self.name) == person(actor)
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope))
    }

    /// Whether she reviews this person's time.
    pub(crate) fn reviews(&self, staff: StaffId) -> bool {
        self.has(Role::Reviewer)
            && match &self.reviews {
                Reviews::Everyone => true,
                Reviews::Only(some) => some.contains(&staff),
            }
    }

    /// Every capacity she has towards someone's time; a stranger if none.
    pub(crate) fn capacities(&self, staff: StaffId) -> Vec<Capacity> {
        let own = self.staff == Some(staff);
        let found = [
            (own && self.has(Role::Staff), Capacity::Owner),
            (!own && self.reviews(staff), Capacity::Reviewer),
            (own && self.reviews(staff), Capacity::OwnReviewer),
            (self.has(Role::Ops), Capacity::Ops),
            (self.has(Role::Admin), Capacity::Admin),
        ];
        let found: Vec<_> = found.into_iter().filter_map(|(is, capacity)| is.then_some(capacity)).collect();
        if found.is_empty() { vec![Capacity::Stranger] } else { found }
    }

    /// Whether she may know of this person's time at all.
    pub(crate) fn sees(&self, staff: StaffId) -> bool {
        self.capacities(staff) != [Capacity::Stranger]
    }

    /// Whether she may read the words of this person's events.
    pub(crate) fn reads_words_of(&self, staff: StaffId) -> bool {
        (self.staff == Some(staff) && !self.roles.is_empty()) || self.reviews(staff)
    }

    /// Whether she sees everyone's records, if not their words.
    pub(crate) fn sees_everyone(&self) -> bool {
        self.has(Role::Ops) || self.has(Role::Admin) || (self.has(Role::Reviewer) && self.reviews == Reviews::Everyone)
    }
}
