// A reviewer clears the demo's queue by keyboard alone, in a real browser; every page is looked at in three widths, light and dark, with
// axe, and without script. Usage: node review.mjs PROGRAM SCREENSHOTS. Fails if anything is not as it should be.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { demo } from "./demo.mjs";

const [program, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = ["/queue", "/week", "/approve", "/calendars", "/catalog"];
// For whoever runs the system; the demo's reviewer does not.
const OPS = "tom@northwind.example";
const OPS_PAGES = ["/rules", "/rules/playground?test=0", "/rules/edit?file=rules/rules.yaml", "/rules/history", "/rules/history/1", "/rules/compare?one=1&other=active", "/rules/findings/R004"];
const WIDTHS = [320, 768, 1440];
// A first load over the wire, and how often a key is pressed for each question.
const BYTES = 100 * 1024;
const KEYS = 1.3;
const { base, browser, check, end, folder, link, signed } = await demo(program);
mkdirSync(shots, { recursive: true });

try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  const reports = [];
  page.on("console", (message) => { if (message.type() === "error") reports.push(message.text()); });
  page.on("response", (answer) => { if (answer.status() >= 400) reports.push(`${answer.status()} ${answer.url()}`); });
  page.on("dialog", (dialog) => { reports.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(link);
  await page.waitForFunction(() => document.activeElement && document.activeElement.matches("button"));
  await page.keyboard.press("Enter");
  await page.waitForURL("**/queue*");
  await page.screenshot({ path: join(shots, "queue-before.png"), fullPage: true });
  const state = await context.storageState();
  const ops = await signed(OPS);
  await rules(ops);
  await looks(state, PAGES);
  await looks(ops, OPS_PAGES);
  await without(state, PAGES);
  await without(ops, OPS_PAGES);
  await putOffWithout(state);
  await tryWithout(ops);
  await first(state, PAGES);
  await first(ops, ["/rules", "/rules/playground", "/rules/history"]);
  await feed(state);
  await page.goto(`${base}/queue`);
  const { keys, questions } = await clear(page);
  const each = keys / questions;
  console.log(`${questions} questions cleared with ${keys} keys: ${each.toFixed(2)} for each`);
  check(each <= KEYS, `${each.toFixed(2)} keys for each question, ${KEYS} were meant`);
  await page.screenshot({ path: join(shots, "queue-after.png"), fullPage: true });
  check(reports.length === 0, `the browser reports ${reports.join("; ")}`);
} finally {
  await end("all pages are as they should be");
}

// Answers every question with the key that is most likely right: the first answer, or it is accepted, or it was no work.
async function clear(page) {
  let keys = 0;
  const count = async () => Number(await page.locator("main p strong").first().textContent());
  const all = await page.locator("#bulk input[name=one]").count();
  check((await count()) >= all, "the count is less than what is listed");
  const press = async (key) => { keys += 1; await page.keyboard.press(key); await page.waitForFunction(() => !("busy" in document.body.dataset)); await page.waitForTimeout(30); };
  const before = new Set();
  for (let round = 0; round < all * 4 && (await page.locator(".items > li").count()) > 0; round += 1) {
    const item = await page.locator("#answer").getAttribute("action");
    const alike = await page.locator("#answer input[name=all]").count();
    const answers = await page.locator("#answer [data-key='1']").count();
    const seen = before.has(item);
    before.add(item);
    if (alike > 0 && !seen) await press("a");
    if (process.env.VERBOSE) console.log(item, await page.locator("#item h2").textContent(), alike, answers, seen);
    await press(seen ? "n" : answers > 0 ? "1" : (await page.locator("[data-key=d]").count()) > 0 && !(await unmatched(page)) ? "d" : "n");
    if (!(await page.locator("header.top").count())) { console.error(`answered with: ${await page.locator("main").textContent()}`); await page.goto(`${base}/queue`); }
  }
  check((await page.locator(".items > li").count()) === 0, "the queue is not empty");
  return { keys, questions: all };
}

async function unmatched(page) {
  return /unmatched|missing-field/.test(await page.locator("#item > ul").textContent());
}

// What ops do with rules, by keyboard: look for one, try an event, edit a copy and see what it would change.
async function rules(state) {
  const context = await browser.newContext({ storageState: state, viewport: { width: 1440, height: 900 }, locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  const quiet = () => page.waitForFunction(() => !("busy" in document.body.dataset));
  await page.goto(`${base}/rules`);
  const all = await page.locator("#rules ~ .scroll tbody tr").count();
  await page.locator("input[name=q]").focus();
  await page.keyboard.type("client");
  await page.keyboard.press("Enter");
  await page.waitForURL("**q=client*");
  await quiet();
  const some = await page.locator("#rules ~ .scroll tbody tr").count();
  check(some > 0 && some < all, `${some} of ${all} rules are about clients`);
  await page.goto(`${base}/rules/playground`);
  await page.locator("input[name=title]").focus();
  await page.keyboard.type("[ACME-15] Kickoff");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#answer article");
  await quiet();
  check((await page.locator("#answer mark").first().textContent()) === "ACME-15", "the code in the title is not marked");
  check(!page.url().includes("ACME"), "the title stands in the address");
  check(await page.evaluate(() => document.activeElement.matches("#answer article")), "the answer has not the focus");
  await page.screenshot({ path: join(shots, "rules-answer.png"), fullPage: true });
  await audited(page, "rules-answer");
  await page.goto(`${base}/rules/edit?file=rules/rules.yaml`);
  const text = await page.locator("#text").inputValue();
  const edited = text.replace(/(\n {2}- id: code-in-title)/, "\n  - {id: try-this, section: overrides, when: {title: {words: [review, standup, weekly, sync]}}, set: {task: Tried}}$1");
  check(edited !== text, "the copy could not be edited");
  for (const [name, words] of [["edit", edited], ["edit-broken", `${text}\nrules: [\n`]]) {
    await page.locator("#text").fill(words);
    await page.locator("button[value=try]").click();
    await page.waitForSelector("#result");
    check(name === "edit" ? (await page.locator("#result").textContent()).includes("would change") : (await page.locator("#result pre").count()) > 0, `${name} is not answered`);
    for (const width of [320, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(shots, `rules-${name}-${width}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      check(wide <= 0, `rules-${name}-${width} is ${wide} px wider than the window`);
      await audited(page, `rules-${name}-${width}`);
    }
  }
  const [taken] = await Promise.all([page.waitForEvent("download"), page.locator("button[value=patch]").click()]);
  check(taken.suggestedFilename() === "rules.yaml.patch", `the patch is called ${taken.suggestedFilename()}`);
  await page.goto(`${base}/rules`);
  await page.emulateMedia({ media: "print" });
  await page.screenshot({ path: join(shots, "rules-print.png"), fullPage: true });
  await context.close();
}

// No finding of axe. From outside the page, whose policy allows no script but its own.
async function audited(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  for (const one of violations) check(false, `${name}: ${one.id} at ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
}

// Every page, three widths, light and dark: no axe finding, nothing wider than the window.
async function looks(state, pages) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of WIDTHS) {
      const context = await browser.newContext({ storageState: state, viewport: { width, height: 800 }, colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      for (const path of pages) {
        await page.goto(base + path);
        if (path === "/week") { const block = page.locator("a.block").first(); if (await block.count()) await block.click(); }
        if (path === "/approve") { const cell = page.locator("td a").first(); if (await cell.count()) await cell.click(); }
        await page.waitForFunction(() => !("busy" in document.body.dataset));
        const name = `${path.slice(1).replace(/[^a-z0-9]+/gi, "-")}-${width}-${colorScheme}`;
        await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        check(wide <= 0, `${name} is ${wide} px wider than the window`);
        await page.evaluate(() => document.getElementById("help")?.close());
        await audited(page, name);
      }
      await context.close();
    }
  }
}

// Without script every page is there.
async function without(state, pages) {
  const context = await browser.newContext({ storageState: state, javaScriptEnabled: false, viewport: { width: 1024, height: 800 } });
  const page = await context.newPage();
  for (const path of pages) {
    const answer = await page.goto(base + path);
    check(answer.status() === 200 && (await page.locator("h1").count()) === 1, `${path} without script`);
  }
  await context.close();
}

// Without script a question is answered by a button.
async function putOffWithout(state) {
  const context = await browser.newContext({ storageState: state, javaScriptEnabled: false, viewport: { width: 1024, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${base}/queue`);
  const action = await page.locator("#answer").getAttribute("action");
  await page.locator("[data-key='s']").click();
  check(page.url().includes("done=snoozed"), "a question is not put off without script");
  check((await page.locator("#answer").getAttribute("action")) !== action, "the next question does not come without script");
  await context.close();
}

// A feed that is refused: said where it was typed, with the field ready for another address, and that one nowhere in the page.
async function feed(state) {
  const context = await browser.newContext({ storageState: state, viewport: { width: 768, height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  spawnSync(program, ["keys", "generate"], { cwd: join(folder, "demo") });
  await page.goto(`${base}/calendars`);
  await page.screenshot({ path: join(shots, "calendars-768.png"), fullPage: true });
  await page.locator("#feed > summary").click();
  await page.locator("#feed-address").fill("https://10.0.0.5/private-7c1fe0/basic.ics");
  await page.locator("#feed [name=name]").fill("Team plan");
  await page.keyboard.press("Enter");
  await page.locator("#feed [role=alert]").waitFor();
  check((await page.locator("#feed [role=alert]").textContent()).includes("10.0.0.5 is at a private address"), "a refused feed does not say why");
  check(page.url() === `${base}/calendars`, `a refused feed leads to ${page.url()}`);
  check(await page.locator("#feed-address").evaluate((field) => field === document.activeElement && field.value === ""), "the address is not to be typed again");
  check((await page.locator("#feed [name=name]").inputValue()) === "Team plan", "the name of a refused feed is lost");
  check(!(await page.content()).includes("private-7c1fe0"), "the address of a feed is in the page");
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document));
  for (const one of violations) check(false, `a refused feed: ${one.id}`);
  await page.screenshot({ path: join(shots, "feed-refused.png"), fullPage: true });
  await context.close();
}

// Without script an event is tried, and so is a copy.
async function tryWithout(state) {
  const context = await browser.newContext({ storageState: state, javaScriptEnabled: false, viewport: { width: 1024, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${base}/rules/playground`);
  await page.locator("input[name=title]").fill("Lunch");
  await page.locator("form.card button").click();
  check((await page.locator("#answer article").count()) === 1, "an event is not tried without script");
  await page.goto(`${base}/rules/edit?file=rules/rules.yaml`);
  await page.locator("button[value=try]").click();
  check((await page.locator("#result").textContent()).includes("0 of"), "a copy is not tried without script, or what is active differs from itself");
  await context.close();
}

// What a first load takes over the wire, and that nothing moves while it comes.
async function first(state, pages) {
  const context = await browser.newContext({ storageState: state, viewport: { width: 1440, height: 900 } });
  for (const path of pages) {
    const page = await context.newPage();
    const client = await context.newCDPSession(page);
    await client.send("Network.enable");
    await client.send("Network.setCacheDisabled", { cacheDisabled: true });
    let bytes = 0;
    client.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
    await page.addInitScript(() => {
      window.shifted = 0;
      new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifted += one.value; }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(base + path, { waitUntil: "networkidle" });
    const shifted = await page.evaluate(() => window.shifted);
    check(bytes <= BYTES, `${path} takes ${bytes} bytes`);
    // A score below this is less than a pixel of the page: fonts that settle on a slow machine, and nothing that an eye sees.
    check(shifted < 0.0005, `${path} moves by ${shifted} while it loads`);
    console.log(`${path}: ${(bytes / 1024).toFixed(1)} KiB, layout shift ${shifted}`);
    await page.close();
  }
  await context.close();
}
