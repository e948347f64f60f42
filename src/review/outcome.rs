//! What people decided an event is, in as far as a rule could have said it: what its time is for, and the task and billable flag that they
//! set besides. Pure.

use chrono::NaiveDate;

use crate::{
    drafting::{assigned, values},
    model::{
        catalog::{Catalog, Field},
        decision::{Act, Assignment, Decision},
        entry::{Entry, EntryStatus},
        verdict::Verdict,
    },
};

/// What time is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Purpose {
    Project(String),
    Client(String),
    NotWork,
}

/// What is paid otherwise, and reported otherwise, of time for the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Details {
    pub(super) task: Option<String>,
    pub(super) billable: Option<bool>,
}

/// What a rule would have to say: nothing of task and billable flag where they come out right by themselves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Outcome {
    pub(super) purpose: Purpose,
    pub(super) details: Details,
}

/// What people decided of one event.
#[derive(Debug)]
pub(super) struct Decided {
    purpose: Purpose,
    /// Task and billable flag as they stand.
    details: Details,
    /// As rules and defaults would have them, if people had said the purpose alone.
    by_itself: Details,
}

/// How far what is said of an event is what people decided of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    Whole,
    /// People chose another task.
    ButTask,
    Not,
}

impl Decided {
    /// What decisions say of an event, if they say what it is. Of divided time no rule is learnt.
    pub(super) fn of(decisions: &[&Decision], verdict: &Verdict, catalog: &Catalog) -> Option<Self> {
        let has = |kind: fn(&Act) -> bool| decisions.iter().any(|decision| kind(&decision.act));
        if has(|act| *act == Act::NotWork) {
            return Some(Self { purpose: Purpose::NotWork, details: Details::default(), by_itself: Details::default() });
        }
        let whole = assigned(decisions);
        let purpose = match (&whole.project, &whole.client) {
            _ if has(|act| matches!(act, Act::Split { .. })) => return None,
            (Some(Some(code)), _) => Purpose::Project(catalog.project(code).map_or(code, |(_, project)| &project.code).clone()),
            (_, Some(Some(key))) => Purpose::Client(catalog.client(key).map_or(key, |client| &client.key).clone()),
            _ => return None,
        };
        let alone = Assignment { client: whole.client.clone(), project: whole.project.clone(), ..Assignment::default() };
        let verdict = verdict.beneath.as_deref().unwrap_or(verdict);
        Some(Self { purpose, details: Details::of(verdict, &whole, catalog), by_itself: Details::of(verdict, &alone, catalog) })
    }

    /// The smallest rule that says it, and the one that leaves the task to people.
    pub(super) fn outcomes(&self) -> [Outcome; 2] {
        let billable = self.details.billable.filter(|_| self.details.billable != self.by_itself.billable);
        let task = self.details.task.clone().filter(|_| self.details.task != self.by_itself.task);
        [task, None].map(|task| Outcome { purpose: self.purpose.clone(), details: Details { task, billable } })
    }

    /// Were a rule to say this.
    pub(super) fn with(&self, outcome: &Outcome) -> Agreement {
        let Details { task, billable } = &outcome.details;
        let told = Details { task: task.clone().or(self.by_itself.task.clone()), billable: billable.or(self.by_itself.billable) };
        self.agrees(self.purpose == outcome.purpose, &told)
    }

    /// As rules say it alone.
    pub(super) fn by_rules(&self, verdict: &Verdict, catalog: &Catalog) -> Agreement {
        self.agrees(self.purpose.is_said_by(verdict), &Details::of(verdict, &Assignment::default(), catalog))
    }

    fn agrees(&self, is_same: bool, told: &Details) -> Agreement {
        match () {
            () if !is_same => Agreement::Not,
            () if self.purpose == Purpose::NotWork || self.details == *told => Agreement::Whole,
            () if self.details.billable == told.billable => Agreement::ButTask,
            () => Agreement::Not,
        }
    }
}

impl Details {
    fn of(verdict: &Verdict, by_person: &Assignment, catalog: &Catalog) -> Self {
        let (values, _) = values(catalog, Some(verdict), by_person);
        Self { task: values.task, billable: values.billable }
    }

    /// Whether these say the same, as far as they say anything.
    fn are_in(&self, task: Option<&String>, billable: Option<bool>) -> bool {
        self.task.as_ref().is_none_or(|said| task == Some(said)) && self.billable.is_none_or(|said| billable == Some(said))
    }
}

impl Purpose {
    /// Whether rules alone say the same.
    fn is_said_by(&self, verdict: &Verdict) -> bool {
        let named = verdict.skip.is_none() && verdict.split.is_none() && verdict.conflicts().next().is_none();
        match self {
            Self::Project(code) => named && verdict.value(Field::Project) == Some(code),
            Self::Client(key) => named && verdict.value(Field::Client) == Some(key),
            Self::NotWork => verdict.skip.is_some(),
        }
    }
}

impl Outcome {
    /// Whether time may still go there.
    pub(super) fn is_open(&self, on: NaiveDate, catalog: &Catalog) -> bool {
        match &self.purpose {
            Purpose::Project(code) => catalog.project(code).is_some_and(|(_, project)| project.is_open_on(on)),
            Purpose::Client(_) | Purpose::NotWork => true,
        }
    }

    /// Whether agreeing so far speaks for a rule that says this: one that names a task has to name the right one.
    pub(super) fn allows(&self, agreement: Agreement) -> bool {
        agreement == Agreement::Whole || (agreement == Agreement::ButTask && self.details.task.is_none())
    }

    /// Whether rules alone say the same.
    pub(super) fn is_said_by(&self, verdict: &Verdict, catalog: &Catalog) -> bool {
        let told = Details::of(verdict, &Assignment::default(), catalog);
        self.purpose.is_said_by(verdict) && self.details.are_in(told.task.as_ref(), told.billable)
    }

    /// Whether an entry stands so.
    pub(super) fn is(&self, entry: &Entry) -> bool {
        let body = &entry.body;
        let is_for = match &self.purpose {
            Purpose::Project(code) => body.project.as_ref() == Some(code),
            Purpose::Client(key) => body.client.as_ref() == Some(key),
            Purpose::NotWork => entry.status == EntryStatus::Void,
        };
        is_for && self.details.are_in(body.task.as_ref(), body.billable)
    }
}
