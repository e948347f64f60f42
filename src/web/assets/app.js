// Makes pages quicker to use; every page works without it. Forms and links inside <main> are answered in place, and keys press what
// carries them (data-key). Nothing here decides anything.
"use strict";

const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
let busy = false;

async function load(address, options) {
  if (busy) return;
  busy = true;
  document.body.dataset.busy = "";
  try {
    const answer = await fetch(address, { ...options, credentials: "same-origin" });
    const type = answer.headers.get("content-type") || "";
    if (!type.startsWith("text/html")) { location.assign(answer.url); return; }
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!next.querySelector("header.top")) { document.replaceChild(document.adoptNode(next.documentElement), document.documentElement); return; }
    const open = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
    document.title = next.title;
    document.querySelector("main").replaceWith(document.adoptNode(next.querySelector("main")));
    document.querySelector("header.top").replaceWith(document.adoptNode(next.querySelector("header.top")));
    if (!(options && options.method === "post" && answer.status >= 400)) history.pushState(null, "", answer.url);
    for (const id of open) { const one = document.getElementById(id); if (one && one.dataset.stays !== undefined) one.open = true; }
    const here = document.querySelector("main [aria-current=true]");
    if (here) here.scrollIntoView({ block: "nearest" });
    (document.querySelector("main [data-focus]") || document.querySelector("main")).focus({ preventScroll: true });
  } catch {
    location.assign(address);
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
  if (form.method === "get") { address.search = fields; load(address); } else { load(address, { method: "post", body: fields }); }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("main a[href^='/'], main a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0 || link.target || link.dataset.plain !== undefined) return;
  if (!document.querySelector("header.top")) return;
  event.preventDefault();
  load(link.href);
});

addEventListener("popstate", () => location.reload());

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    document.querySelectorAll("dialog[open]").forEach((one) => one.close());
    if (typing(event.target)) event.target.blur();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "?") { const help = document.getElementById("help"); if (help) { event.preventDefault(); help.open ? help.close() : help.showModal(); } return; }
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted || wanted.disabled) return;
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
