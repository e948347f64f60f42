//! What other rules would change: entries, questions and weeks, in the words and groups of `rules backtest`. Ops read no words of events:
//! a title is shown to whoever may read it, a task where the rule files name it.

use std::collections::HashMap;

use maud::{Markup, html};

use super::Failure;
use crate::{
    app::App,
    model::{
        event::Event,
        ids::{self, EventId, StaffId},
        words::counted,
    },
    review,
    settling::backtest::{Backtest, Changed, Move, Sum, Sums, Weeks},
    web::{
        guard::Signed,
        pages::text::{Style, hours, words},
    },
};

/// Examples of each move, and moves of a page.
const EXAMPLES: usize = 3;
const MOVES: usize = 200;

/// Words that stand in rule files: whoever edits those may read them.
pub(super) struct Written<'a>(pub(super) Vec<&'a str>);

impl Written<'_> {
    pub(super) fn tells(&self, word: &str) -> bool {
        self.0.iter().any(|text| text.contains(word))
    }
}

/// A difference, ready to be drawn.
pub(super) struct Difference<'a> {
    found: &'a Backtest,
    moves: Vec<(Move, Vec<&'a Changed>)>,
    titles: HashMap<EventId, String>,
    people: HashMap<StaffId, String>,
}

impl<'a> Difference<'a> {
    pub(super) async fn load(app: &App, signed: &Signed, found: &'a Backtest, written: &Written<'_>) -> Result<Self, Failure> {
        let moves: Vec<_> = found.moves_told(|task| written.tells(task)).into_iter().collect();
        let mut tx = app.store.read().await?;
        let people = tx.staff().await?.into_iter().map(|one| (one.id, one.name)).collect();
        let examples = moves.iter().take(MOVES).flat_map(|(_, changed)| changed.iter().take(EXAMPLES));
        let matched: HashMap<EventId, bool> = examples
            .filter_map(|one| Some((one.after.body.event?, one.before.as_ref().is_some_and(|before| before.body.is_matched()))))
            .collect();
        let events: Vec<EventId> = matched.keys().copied().collect();
        let may = |event: &Event| review::words::reads(&signed.who, app.config.titles, event, matched[&event.id]);
        let events = tx.events_by_ids(&events).await?.into_iter().filter(may);
        let titles = events.map(|event| (event.id, event.fact.text.title.clone())).collect();
        Ok(Self { found, moves, titles, people })
    }

    pub(super) fn shown(&self, style: Style) -> Markup {
        let Self { found, .. } = self;
        html! {
            p { strong { (found.changed.len()) " of " (counted(found.entries, "entry", "entries")) " would change" }
                " (" (format!("{:.1}", found.share())) " %); billable time " (signed_hours(found.billable())) ". Nothing was written." }
            (sums(found.sums()))
            @if !self.moves.is_empty() { (self.moves(style)) }
            @if !found.questions().is_empty() { (questions(found)) }
            (self.weeks(found.weeks(), style))
            @for (through, people) in &found.locked {
                p.quiet { "Locked through " (style.full_date(*through)) " for " (counted(*people, "person", "people")) ": nothing changes there." }
            }
        }
    }

    fn moves(&self, style: Style) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label="What would move" { table.stacks {
                thead { tr { th scope="col" { "From" } th scope="col" { "To" } th scope="col" { "Because of" } th.n scope="col" { "Entries" } th.n scope="col" { "h" } th scope="col" { "Such as" } } }
                tbody { @for ((from, to, cause), changed) in self.moves.iter().take(MOVES) { tr {
                    th scope="row" { (words(from)) } td data-is="To" { (words(to)) } td data-is="Because of" { code { (cause) } }
                    td.n data-is="Entries" { (changed.len()) } td.n data-is="h" { (hours(changed.iter().map(|one| one.after.body.seconds).sum())) }
                    td data-is="Such as" { @for one in changed.iter().take(EXAMPLES) { (self.example(one, style)) } }
                } } }
            } }
            @if self.moves.len() > MOVES { p.quiet { "And " (self.moves.len() - MOVES) " more." } }
        }
    }

    fn example(&self, one: &Changed, style: Style) -> Markup {
        let title = one.after.body.event.and_then(|event| self.titles.get(&event));
        html! { span.example { (style.date(one.after.body.date)) " " code { (ids::short(one.after.id.0)) } @if let Some(title) = title { " " (words(title)) } } " " }
    }

    /// What was submitted, and what is approved.
    fn weeks(&self, (submitted, approved): (Weeks, Weeks), style: Style) -> Markup {
        let of = |weeks: Weeks, what: &str| {
            let line = |(staff, monday): &(StaffId, chrono::NaiveDate)| {
                format!("{}, week of {}: something {what}", self.people.get(staff).map_or("", String::as_str), style.full_date(*monday))
            };
            weeks.iter().map(line).collect::<Vec<_>>()
        };
        let lines = [
            of(submitted, "that was submitted goes back to draft"),
            of(approved, "that is approved stays, and raises changed-after-approval"),
        ];
        html! { @if lines.iter().any(|lines| !lines.is_empty()) { ul { @for line in lines.iter().flatten() { li { (line) } } } } }
    }
}

fn sums(sums: Sums) -> Markup {
    let Sums { matched, unmatched, queued, released, opened, cleared } = sums;
    let rows = [("newly matched", matched), ("newly unmatched", unmatched), ("into the queue", queued), ("out of the queue", released)];
    html! { table.sums {
        caption.quiet { "What would become known, unknown, held and free" }
        tbody {
            @for (name, Sum { entries, seconds }) in rows { tr { th scope="row" { (name) } td.n { (entries) } td.n { (hours(seconds)) " h" } } }
            @for (name, number) in [("new exceptions", opened), ("cleared exceptions", cleared)] { tr { th scope="row" { (name) } td.n { (number) } td {} } }
        }
    } }
}

fn questions(found: &Backtest) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label="Questions" { table.sums {
        thead { tr { th scope="col" { "Question" } th.n scope="col" { "New" } th.n scope="col" { "Gone" } } }
        tbody { @for (reason, (new, gone)) in found.questions() { tr { th scope="row" { (reason) } td.n { (new) } td.n { (gone) } } } }
    } } }
}

fn signed_hours(seconds: i64) -> String {
    format!("{}{} h", if seconds < 0 { "−" } else { "+" }, hours(seconds.abs()))
}
