//! What all pages have in common: the frame, the navigation, what was just done, and the two files they are drawn with.

use std::sync::OnceLock;

use maud::{DOCTYPE, Markup, html};
use std::fmt::Write as _;

use super::super::guard::{CSRF_FIELD, Signed};
use crate::model::principal::Role;

pub(in crate::web) const CSS: &str = "/assets/app.css";
pub(in crate::web) const JS: &str = "/assets/app.js";
pub(in crate::web) const ICON: &str = "/assets/icon.svg";

/// Quarters of an hour in a day: what the week's grid is made of.
const QUARTERS: usize = 96;

/// The style, with a class for every place in the week's grid: a page may hold no style of its own (CSP).
pub(super) fn css() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = include_str!("../assets/app.css").to_owned();
        for quarter in 0..QUARTERS {
            let (start, length) = (quarter + 1, quarter + 1);
            let _text_grows = write!(text, ".s{quarter}{{grid-row-start:{start}}}.l{length}{{grid-row-end:span {length}}}");
        }
        text
    })
}

/// Something that was done, and can be taken back.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) words: String,
    pub(super) undo: Option<String>,
    /// Where one goes once it is taken back; the page without what was looked for, if nothing is said.
    pub(super) back: Option<String>,
    /// Where a rule can be made of it.
    pub(super) rule: Option<String>,
}

/// A page of someone who is signed in.
pub(super) fn page(signed: &Signed, title: &str, here: &str, done: Option<&Done>, content: &Markup) -> Markup {
    let who = &signed.who;
    let reviews = who.has(Role::Reviewer);
    let looks = reviews || who.has(Role::Ops) || who.has(Role::Staff);
    let links = [
        ("/queue", "Queue", looks),
        ("/week", "My week", who.has(Role::Staff) || reviews),
        ("/approve", "Approve", reviews),
        ("/calendars", "Calendars", who.has(Role::Staff) || who.has(Role::Ops)),
        ("/catalog", "Catalog", true),
        ("/rules", "Rules", who.has(Role::Ops) || who.has(Role::Admin)),
    ];
    frame(
        title,
        &html! {
            a.skip href="#main" { "Skip to content" }
            header.top {
                a.brand href="/" { "Kalends" }
                nav aria-label="Pages" {
                    @for (href, name, shown) in links { @if shown {
                        a href=(href) aria-current=[(here == href).then_some("page")] { (name) }
                    } }
                }
                form.leave method="post" action="/sign-out" {
                    (csrf(signed))
                    span.quiet { bdi { (who.name) } }
                    button.link { "Sign out" }
                }
            }
            main #main tabindex="-1" {
                div.title {
                h1 { (title) }
                div #said role="status" aria-live="polite" {
                    @if let Some(done) = done {
                        p.done {
                            span { (done.words) }
                            @if let Some(batch) = &done.undo {
                                form method="post" action=(format!("/undo/{batch}")) {
                                    (csrf(signed)) input type="hidden" name="back" value=(done.back.as_deref().unwrap_or(here));
                                    button data-key="u" { "Undo " kbd { "u" } }
                                }
                            }
                            @if let Some(rule) = &done.rule { a.button href=(rule) data-key="r" { "Make it a rule " kbd { "r" } } }
                        }
                    }
                }
                }
                (content)
            }
        },
    )
}

/// A page for whoever is there.
pub(in crate::web) fn plain(title: &str, content: &Markup) -> Markup {
    frame(title, &html! { main.narrow #main { p.brand { "Kalends" } h1 { (title) } (content) } })
}

fn frame(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Kalends" }
                link rel="icon" type="image/svg+xml" href=(ICON);
                link rel="stylesheet" href=(CSS);
                script src=(JS) defer {}
            }
            body { (body) }
        }
    }
}

/// What every form carries.
pub(in crate::web) fn csrf(signed: &Signed) -> Markup {
    html! { input type="hidden" name=(CSRF_FIELD) value=(signed.csrf); }
}
