// Makes pages quicker to use; every page works without it. Forms and links inside <main> are answered in place, and keys press what
// carries them (data-key). Nothing here decides anything.
"use strict";

const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
let busy = false;

// What a form was refused for is said where it stands, and everything that was typed stays.
function refuse(form, told, fresh) {
  document.querySelectorAll("p.refused").forEach((one) => one.remove());
  // Whoever signed in again meanwhile has another token; the next try carries it.
  if (fresh) document.querySelectorAll("input[name=csrf]").forEach((one) => { one.value = fresh; });
  const words = document.createElement("p");
  const again = Object.assign(document.createElement("a"), { href: location.href, textContent: "Look again" });
  words.className = "wrong refused";
  words.setAttribute("role", "alert");
  words.append(...told, " ", again);
  (form.closest(".acts") || form).before(words);
  words.scrollIntoView({ block: "nearest" });
}

// `form` is what is sent, if one is.
async function load(address, options, form) {
  if (busy) return;
  busy = true;
  document.body.dataset.busy = "";
  try {
    const answer = await fetch(address, { ...options, credentials: "same-origin" });
    const type = answer.headers.get("content-type") || "";
    const is_page = type.startsWith("text/html");
    if (!is_page && form) { refuse(form, [await answer.text()]); return; }
    if (!is_page) { location.assign(answer.url); return; }
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = next.querySelector("[role=alert]");
    if (form && answer.status >= 400 && told && !next.querySelector("header.top")) {
      refuse(form, [...document.adoptNode(told).childNodes], next.querySelector("input[name=csrf]")?.value);
      return;
    }
    if (!next.querySelector("header.top")) { document.replaceChild(document.adoptNode(next.documentElement), document.documentElement); return; }
    const open = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
    document.title = next.title;
    document.querySelector("main").replaceWith(document.adoptNode(next.querySelector("main")));
    document.querySelector("header.top").replaceWith(document.adoptNode(next.querySelector("header.top")));
    if (!(options && options.method === "post" && answer.status >= 400)) { history.pushState(null, "", answer.url); shown = location.pathname + location.search; }
    for (const id of open) { const one = document.getElementById(id); if (one && one.dataset.stays !== undefined) one.open = true; }
    const here = document.querySelector("main [aria-current=true]");
    if (here) here.scrollIntoView({ block: "nearest" });
    (document.querySelector("main [data-focus]") || document.querySelector("main")).focus({ preventScroll: true });
  } catch {
    if (form) refuse(form, ["The server does not answer; nobody knows whether this was done."]); else location.assign(address);
  } finally {
    busy = false;
    delete document.body.dataset.busy;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.closest("main") || form.dataset.plain !== undefined || !document.querySelector("header.top")) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const address = new URL((event.submitter && event.submitter.getAttribute("formaction")) || form.action, location.href);
  if (form.method === "get") { address.search = fields; load(address); } else { load(address, { method: "post", body: fields }, form); }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("main a[href^='/'], main a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0 || link.target || link.dataset.plain !== undefined) return;
  if (!document.querySelector("header.top")) return;
  event.preventDefault();
  load(link.href);
});

// Where a link leads inside a page, that page stays.
let shown = location.pathname + location.search;
addEventListener("popstate", () => { if (location.pathname + location.search !== shown) location.reload(); });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    document.querySelectorAll("dialog[open]").forEach((one) => one.close());
    if (typing(event.target)) event.target.blur();
    return;
  }
  // A key that is held presses once: what comes after it nobody has seen yet.
  if (event.repeat && event.key === "Enter" && !event.target.closest("textarea")) event.preventDefault();
  if (typing(event.target)) return;
  if (event.repeat && event.key === "?") return;
  if (event.key === "?") { const help = document.getElementById("help"); if (help) { event.preventDefault(); help.open ? help.close() : help.showModal(); } return; }
  if (document.querySelector("dialog[open]")) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted || wanted.disabled || (event.repeat && !wanted.matches("a"))) return;
  event.preventDefault();
  if (wanted.dataset.opens) {
    const box = document.getElementById(wanted.dataset.opens);
    box.open = true;
    const first = box.querySelector("input:not([type=hidden]), select");
    if (first) first.focus();
  } else if (wanted.matches("input[type=checkbox]")) {
    wanted.checked = !wanted.checked;
    wanted.dispatchEvent(new Event("change", { bubbles: true }));
  } else {
    wanted.click();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) { const help = document.getElementById("help"); if (help) { event.preventDefault(); help.showModal(); } }
  if (event.target.closest("dialog [data-close]")) event.target.closest("dialog").close();
});
