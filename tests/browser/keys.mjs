// What keys and forms do when something is odd: a key is held, the help is open, a form is refused, a session ends meanwhile.
// Usage: node keys.mjs PROGRAM. Fails if anything is not as it should be.
import { demo } from "./demo.mjs";

const [program] = process.argv.slice(2);
const { base, browser, check, end, enter, link } = await demo(program);

const quiet = (page) => page.waitForFunction(() => !("busy" in document.body.dataset));
const open = async (page) => Number(await page.locator("main p strong").first().textContent());

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(link);
  await page.locator("main button").click();
  await page.waitForURL("**/queue*");
  await skipped(page);
  await beside(page);
  await alike(page);
  await helped(page);
  for (const key of ["1", "Enter"]) await held(page, key);
  await refused(page);
  await expired(context, page);
} finally {
  await end("keys and forms are as they should be");
}

// Past the navigation by the first link of a page, which stays.
async function skipped(page) {
  await page.goto(`${base}/catalog`);
  await page.evaluate(() => { window.stayed = true; });
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(300);
  check(await page.evaluate(() => window.stayed && document.activeElement.id === "main"), "the first link does not lead past the navigation");
}

// The hours of a week lie beside its days, whatever stands above these.
async function beside(page) {
  await page.goto(`${base}/week`);
  const tops = await page.locator(".axis, .day > .grid").evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().top)));
  check(new Set(tops).size === 1, `hours and days begin at ${tops}`);
}

// What is said to all alike is said to all, with whichever key.
async function alike(page) {
  await page.goto(`${base}/queue`);
  for (const link of await page.locator(".items a").evaluateAll((all) => all.map((one) => one.href))) {
    await page.goto(link);
    const words = (await page.locator("#answer label:has([name=all])").count()) ? await page.locator("#answer label:has([name=all])").textContent() : "";
    if (!words) continue;
    const [before, count] = [await open(page), Number(words.match(/all (\d+)/)[1])];
    await page.keyboard.press("a");
    await page.keyboard.press("n");
    await quiet(page);
    check((await open(page)) <= before - count, `of ${before} questions ${await open(page)} are left, ${count} were alike`);
    await page.keyboard.press("u");
    await quiet(page);
    return;
  }
  check(false, "no questions of the demo are alike");
}

// A key that is held answers one question, not every one that comes after it.
async function held(page, key) {
  await page.goto(`${base}/queue`);
  const before = await open(page);
  await page.locator("#answer [data-key='1']").focus();
  for (let times = 0; times < 12; times += 1) { await page.keyboard.down(key); await page.waitForTimeout(60); }
  await page.keyboard.up(key);
  await quiet(page);
  check((await open(page)) === before - 1, `${key} held: of ${before} questions ${await open(page)} are left`);
}

// While the help is open, keys do nothing behind it.
async function helped(page) {
  await page.goto(`${base}/queue`);
  const before = await open(page);
  await page.keyboard.press("?");
  for (const key of ["n", "s", "1"]) { await page.keyboard.press(key); await quiet(page); }
  check((await page.locator("dialog[open]").count()) === 1 && page.url() === `${base}/queue`, "a key works behind the help");
  await page.keyboard.press("Escape");
  check((await open(page)) === before, "a question was answered behind the help");
}

// Time that no calendar has, sent off from her week.
async function written(page, start, end, project, description) {
  await page.locator("summary", { hasText: "Write an entry" }).click();
  const form = page.locator("form[action='/week/write']");
  for (const [name, value] of Object.entries({ start, end, project, description })) await form.locator(`[name=${name}]`).fill(value);
  await form.locator("button").click();
  await quiet(page);
  return form;
}

function told(page) {
  return page.locator("p.refused").textContent({ timeout: 2000 }).catch(() => "nothing");
}

function typed(form) {
  return form.locator("[name=description]").inputValue({ timeout: 2000 }).catch(() => "nothing");
}

// A form that is refused stays as it was filled, says why, and can be sent again.
async function refused(page) {
  await page.goto(`${base}/week`);
  const form = await written(page, "06:00", "06:30", "ACME-99", "Words that took a while");
  check((await told(page)).includes("there is no project ACME-99"), `a wrong project: ${await told(page)}`);
  check((await typed(form)) === "Words that took a while", `a wrong project leaves ${await typed(form)}`);
  await form.locator("[name=project]").fill("ACME-15");
  await form.locator("button").click();
  await page.waitForURL("**done=saved*", { timeout: 5000 }).catch(() => check(false, "a form that was refused cannot be sent again"));
  check((await page.locator("p.refused").count()) === 0, "what was put right is still said to be wrong");
}

// A session that ended while someone typed: she signs in beside it and sends the same form.
async function expired(context, page) {
  await page.goto(`${base}/week`);
  await context.clearCookies();
  const form = await written(page, "07:00", "07:30", "ACME-15", "Typed for long");
  check((await told(page)).includes("you are signed out"), `without a session: ${await told(page)}`);
  check((await typed(form)) === "Typed for long", `without a session ${await typed(form)} is left`);
  check((await page.locator("p.refused a[target=_blank]").count()) === 1, "no way to sign in beside it");
  await (await enter(context, "ines@northwind.example")).close();
  await form.locator("button").click();
  await quiet(page);
  check((await told(page)).includes("signed in as ines@northwind.example"), `with another session: ${await told(page)}`);
  await form.locator("button").click();
  await page.waitForURL("**done=saved*", { timeout: 5000 }).catch(() => check(false, "a form of an older session cannot be sent again"));
}
