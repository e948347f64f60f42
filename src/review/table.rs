//! What may be done to an entry or a question, by whom, and what becomes of it: the whole state machine as one pure table (SEMANTICS
//! S9, S14). It knows no book and no clock.

use crate::model::{entry::EntryStatus, exception::Standing, principal::Capacity, words::words};

words! {
    /// What can be done to an entry.
    EntryAct {
        /// Other values, other times, a split, a merge.
        Change = "change",
        /// It was no work at all.
        Void = "void",
        Submit = "submit",
        Withdraw = "withdraw",
        Approve = "approve",
        Reject = "reject",
        Reopen = "reopen",
    }
}

words! {
    /// What can be done to a question.
    QuestionAct {
        /// Say what the time was for, or when it was.
        Answer = "answer",
        NotWork = "not-work",
        /// Seen, not a problem.
        Dismiss = "dismiss",
        /// Out of sight until a date.
        Snooze = "snooze",
        /// Someone in particular is to answer it; or nobody in particular.
        Assign = "assign",
        /// Take back what was answered.
        Undo = "undo",
    }
}

words! {
    /// Why not.
    No {
        /// Whoever may not even know that it exists.
        Unknown = "unknown",
        NotYours = "it is not for you to do: a reviewer of this person does that",
        OwnTime = "it is your own time and four_eyes is on; someone else approves it",
        SubmittedFirst = "it is submitted: withdraw or reject it first",
        ReopenFirst = "it is approved: a reviewer reopens it first, with a reason",
        Final = "it was exported and does not change any more; write an entry that corrects it",
        Gone = "it stands no more; take back what took it out, with kalends entries undo or on the page of its week",
        NotSubmitted = "it is not submitted",
        AlreadySubmitted = "it is submitted already",
        AlreadyApproved = "it is approved already",
        NotApproved = "it is not approved",
        Closed = "the question is closed",
        StillOpen = "the question is still open: there is nothing to take back",
        ClearedByItself = "the question went by itself: there is nothing to take back",
    }
}

/// What an entry is after an act; change keeps a draft a draft, whatever derivation then makes of it.
pub(crate) fn entry(state: EntryStatus, act: EntryAct, who: Capacity, four_eyes: bool) -> Result<EntryStatus, No> {
    use EntryStatus::{Approved, Draft, Exported, Rejected, Submitted, Void};
    may_entry(act, who, four_eyes)?;
    match (act, state) {
        (_, Exported) => Err(No::Final),
        (_, Void) => Err(No::Gone),
        (EntryAct::Reopen, Approved) | (EntryAct::Change, Draft | Rejected) | (EntryAct::Withdraw, Submitted) => Ok(Draft),
        (EntryAct::Reopen, _) => Err(No::NotApproved),
        (EntryAct::Approve | EntryAct::Submit, Approved) => Err(No::AlreadyApproved),
        (_, Approved) => Err(No::ReopenFirst),
        (EntryAct::Approve, Draft | Submitted) => Ok(Approved),
        (EntryAct::Void, Draft | Rejected) => Ok(Void),
        (EntryAct::Change | EntryAct::Void, Submitted) => Err(No::SubmittedFirst),
        (EntryAct::Submit, Draft | Rejected) => Ok(Submitted),
        (EntryAct::Submit, Submitted) => Err(No::AlreadySubmitted),
        (EntryAct::Reject, Submitted) => Ok(Rejected),
        (EntryAct::Approve, Rejected) | (EntryAct::Withdraw | EntryAct::Reject, Draft | Rejected) => Err(No::NotSubmitted),
    }
}

fn may_entry(act: EntryAct, who: Capacity, four_eyes: bool) -> Result<(), No> {
    let judges = matches!(act, EntryAct::Approve | EntryAct::Reject | EntryAct::Reopen);
    match who {
        Capacity::Stranger => Err(No::Unknown),
        Capacity::OwnReviewer if act == EntryAct::Approve && four_eyes => Err(No::OwnTime),
        Capacity::Reviewer | Capacity::OwnReviewer => Ok(()),
        Capacity::Owner if !judges => Ok(()),
        Capacity::Owner | Capacity::Ops | Capacity::Admin => Err(No::NotYours),
    }
}

/// Where a question stands after an act; an answer that does not answer it all leaves it where it was. `of_source` are questions about
/// calendars and connections, which ops look after.
pub(crate) fn question(state: Standing, act: QuestionAct, who: Capacity, of_source: bool) -> Result<Standing, No> {
    use Standing::{Assigned, Cleared, Dismissed, Open, Reopened, Resolved, Snoozed};
    may_question(act, who, of_source)?;
    match (state, act) {
        (Open | Assigned | Snoozed | Reopened, QuestionAct::Answer | QuestionAct::NotWork) => Ok(Resolved),
        (Open | Assigned | Snoozed | Reopened, QuestionAct::Dismiss) => Ok(Dismissed),
        (Open | Assigned | Snoozed | Reopened, QuestionAct::Snooze) => Ok(Snoozed),
        (Open | Assigned | Snoozed | Reopened, QuestionAct::Assign) => Ok(Assigned),
        // An answer that did not answer it all can be taken back too.
        (Open | Assigned | Snoozed | Reopened, QuestionAct::Undo) => Ok(state),
        (Resolved | Dismissed, QuestionAct::Undo) => Ok(Reopened),
        (Cleared, QuestionAct::Undo) => Err(No::ClearedByItself),
        (Resolved | Dismissed | Cleared, _) => Err(No::Closed),
    }
}

fn may_question(act: QuestionAct, who: Capacity, of_source: bool) -> Result<(), No> {
    let of_ops = match act {
        QuestionAct::Snooze | QuestionAct::Assign => true,
        QuestionAct::Dismiss | QuestionAct::Undo => of_source,
        QuestionAct::Answer | QuestionAct::NotWork => false,
    };
    let of_owner = match act {
        QuestionAct::Answer | QuestionAct::NotWork | QuestionAct::Undo => true,
        // That something suspicious is no problem is for someone else to say.
        QuestionAct::Dismiss => of_source,
        QuestionAct::Snooze | QuestionAct::Assign => false,
    };
    match who {
        Capacity::Stranger => Err(No::Unknown),
        Capacity::Reviewer | Capacity::OwnReviewer => Ok(()),
        Capacity::Owner if of_owner => Ok(()),
        Capacity::Ops if of_ops => Ok(()),
        Capacity::Owner | Capacity::Ops | Capacity::Admin => Err(No::NotYours),
    }
}

/// The best of someone's capacities decides; if none allows it, the refusal that says most.
pub(crate) fn best<T>(capacities: &[Capacity], ask: impl Fn(Capacity) -> Result<T, No>) -> Result<T, No> {
    let mut refusal = No::Unknown;
    for capacity in capacities {
        match ask(*capacity) {
            Ok(allowed) => return Ok(allowed),
            Err(no) if rank(no) > rank(refusal) => refusal = no,
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// That it cannot be done at all says more than that this person may not.
fn rank(no: No) -> u8 {
    match no {
        No::Unknown => 0,
        No::NotYours => 1,
        No::OwnTime => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as it is meant, written down a second time: what each capacity may do, and what each act makes of each state.
    #[test]
    fn every_state_act_and_capacity_is_as_written_here() {
        let mut walked = 0;
        for (state, act, who, four_eyes) in cells() {
            let got = entry(state, act, who, four_eyes);
            let allowed = match who.as_str() {
                "owner" => ["change", "void", "submit", "withdraw"].contains(&act.as_str()),
                "reviewer" => true,
                "own-reviewer" => act.as_str() != "approve" || !four_eyes,
                _ => false,
            };
            let leads = match (state.as_str(), act.as_str()) {
                ("draft" | "rejected", "change") | ("submitted", "withdraw") | ("approved", "reopen") => Some("draft"),
                ("draft" | "rejected", "void") => Some("void"),
                ("draft" | "rejected", "submit") => Some("submitted"),
                ("draft" | "submitted", "approve") => Some("approved"),
                ("submitted", "reject") => Some("rejected"),
                _ => None,
            };
            assert_eq!(got.ok().map(EntryStatus::as_str), leads.filter(|_| allowed), "{state} {act} {who} {four_eyes}: {got:?}");
            walked += 1;
        }
        assert_eq!(walked, 6 * 7 * 6 * 2);
    }

    fn cells() -> impl Iterator<Item = (EntryStatus, EntryAct, Capacity, bool)> {
        let acts = |state| EntryAct::ALL.iter().map(move |act| (state, *act));
        let whos = |(state, act)| Capacity::ALL.iter().flat_map(move |who| [true, false].map(|eyes| (state, act, *who, eyes)));
        EntryStatus::ALL.iter().copied().flat_map(acts).flat_map(whos)
    }

    #[test]
    fn every_standing_act_and_capacity_of_a_question_is_as_written_here() {
        let mut walked = 0;
        for state in Standing::ALL {
            for act in QuestionAct::ALL {
                for who in Capacity::ALL {
                    for of_source in [true, false] {
                        let got = question(*state, *act, *who, of_source).ok();
                        let allowed = match who.as_str() {
                            "reviewer" | "own-reviewer" => true,
                            "owner" => ["answer", "not-work", "undo"].contains(&act.as_str()) || (of_source && act.as_str() == "dismiss"),
                            "ops" => {
                                ["snooze", "assign"].contains(&act.as_str()) || (of_source && ["dismiss", "undo"].contains(&act.as_str()))
                            }
                            _ => false,
                        };
                        let is_open = ["open", "assigned", "snoozed", "reopened"].contains(&state.as_str());
                        let leads = match act.as_str() {
                            "undo" if is_open => Some(state.as_str()),
                            "undo" => ["resolved", "dismissed"].contains(&state.as_str()).then_some("reopened"),
                            "answer" | "not-work" => is_open.then_some("resolved"),
                            "dismiss" => is_open.then_some("dismissed"),
                            "snooze" => is_open.then_some("snoozed"),
                            _ => is_open.then_some("assigned"),
                        };
                        assert_eq!(got.map(Standing::as_str), leads.filter(|_| allowed), "{state} {act} {who} {of_source}");
                        walked += 1;
                    }
                }
            }
        }
        assert_eq!(walked, 7 * 6 * 6 * 2);
    }

    #[test]
    fn who_is_several_may_what_one_of_them_may() {
        let both = [Capacity::Owner, Capacity::Reviewer];
        assert_eq!(best(&both, |who| entry(EntryStatus::Submitted, EntryAct::Reject, who, true)), Ok(EntryStatus::Rejected));
        let ops = [Capacity::Ops, Capacity::Admin];
        assert_eq!(best(&ops, |who| entry(EntryStatus::Submitted, EntryAct::Approve, who, true)), Err(No::NotYours));
    }
}
