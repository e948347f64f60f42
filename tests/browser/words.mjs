// What anyone can write into an invitation is shown and never run: 200 titles, descriptions, places and people that try to, on every page.
// Usage: node words.mjs PROGRAM. Fails if one runs, if the browser has to stop one, or if one is not shown as it was written.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [program] = process.argv.slice(2);
const SEEDS = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>",
  "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</bdi><script>alert(1)</script>", "<iframe srcdoc='<script>alert(1)</script>'>",
  "<a href=javascript:alert(1)>x</a>", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "<details open ontoggle=alert(1)>", "<body onload=alert(1)>",
  "<input autofocus onfocus=alert(1)>", "<style>*{background:url(javascript:alert(1))}</style>", "<link rel=stylesheet href=//evil.example/x.css>", "<base href=//evil.example/>",
  "<meta http-equiv=refresh content='0;url=//evil.example'>", "<form action=//evil.example><button>x</button></form>", "${alert(1)}", "{{constructor.constructor('alert(1)')()}}",
  "<math><mtext></mtext><script>alert(1)</script></math>", "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<video><source onerror=alert(1)></video>",
  "<marquee onstart=alert(1)>", "<select autofocus onfocus=alert(1)>", "<!--<script>alert(1)</script>-->", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)", "<scr<script>ipt>alert(1)</scr</script>ipt>",
  "<ScRiPt>alert(1)</sCrIpT>", "<script src=//evil.example/x.js></script>", "<x onclick=alert(1)>", "\u202e<script>alert(1)</script>", "\u2066evil\u2069", "%3Cscript%3Ealert(1)%3C/script%3E", "onerror=alert(1) x", "` onload=alert(1)",
];
const WRAPS = [(one) => one, (one) => `Sync ${one}`, (one) => `${one} review`, (one) => `"${one}"`, (one) => `'${one}'`];
const PAYLOADS = WRAPS.flatMap((wrap) => SEEDS.map(wrap));
const folder = mkdtempSync(join(tmpdir(), "kalends-words-"));
const port = 20000 + ((process.pid + 7919) % 20000);
const kalends = (...args) => execFileSync(program, args, { cwd: folder, encoding: "utf8", env: { ...process.env, KALENDS_ACTOR: "ops" } });
const escaped = (text) => text.replace(/[\\;,]/g, (one) => `\\${one}`);
const fold = (line) => line.match(/.{1,60}/gu).join("\r\n ");

kalends("init", ".");
writeFileSync(join(folder, "kalends.yaml"), `listen: 127.0.0.1:${port}\nclock: 2026-03-31T12:00:00Z\n`);
kalends("staff", "add", "eva@northwind.example", "--first-day", "2026-02-01", "--name", "<script>alert(1)</script>");
kalends("users", "set", "eva@northwind.example", "--role", "staff", "--role", "reviewer", "--role", "ops", "--role", "admin", "--reviews", "everyone");
const events = PAYLOADS.map((words, number) => {
  const day = String(2 + (number % 25)).padStart(2, "0");
  const hour = String(6 + Math.floor(number / 25)).padStart(2, "0");
  const lines = ["BEGIN:VEVENT", `UID:w${number}`, `DTSTART:202603${day}T${hour}0000Z`, `DTEND:202603${day}T${hour}4500Z`, `SUMMARY:${escaped(words)}`, `DESCRIPTION:${escaped(words)}`, `LOCATION:${escaped(words)}`,
    `ATTENDEE;CN="${words.replace(/["\r\n]/g, "")}":mailto:guest${number}@elsewhere.example`, "ORGANIZER:mailto:eva@northwind.example", `CATEGORIES:${escaped(words)}`, "END:VEVENT"];
  return lines.map(fold).join("\r\n");
});
writeFileSync(join(folder, "work.ics"), `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${events.join("\r\n")}\r\nEND:VCALENDAR\r\n`);
kalends("calendar", "add", "ics", "--staff", "eva@northwind.example", "--file", "work.ics");
kalends("sync");
const asked = JSON.parse(kalends("exceptions", "list", "--format", "json"));
const serving = spawn(program, ["serve"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
let log = "";
serving.stderr.on("data", (more) => { log += more; });
const problems = [];
const browser = await chromium.launch({
  executablePath: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync),
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--short-reporting-delay"],
});
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.on("dialog", (dialog) => { problems.push(`ran: ${page.url()}`); dialog.dismiss(); });
  page.on("console", (message) => { if (message.type() === "error") problems.push(`${page.url()}: ${message.text()}`); });
  page.on("request", (request) => { if (!request.url().startsWith(`http://127.0.0.1:${port}/`)) problems.push(`asked for ${request.url()}`); });
  for (let tries = 0; tries < 100; tries += 1) {
    try { await fetch(`http://127.0.0.1:${port}/sign-in`); break; } catch { await new Promise((next) => setTimeout(next, 100)); }
  }
  await page.goto(kalends("users", "link", "eva@northwind.example").split("\n")[0]);
  await page.locator("button").click();
  await page.waitForURL("**/queue*");
  const shown = new Set();
  const visible = (text) => text.replace(/[\u202a-\u202e\u2060-\u2069]/gu, "\ufffd").trim();
  for (const one of asked) {
    await page.goto(`http://127.0.0.1:${port}/queue?item=${one.id}`);
    shown.add((await page.locator("#item h2").textContent()).trim());
  }
  for (const path of ["/week?of=2026-03-02", "/week?of=2026-03-09", "/week?of=2026-03-16", "/approve?of=2026-03-02", "/calendars", "/catalog"]) {
    await page.goto(`http://127.0.0.1:${port}${path}`);
    for (const block of (await page.locator("a.block").all()).slice(0, 3)) { await block.click({ force: true }); await page.waitForTimeout(50); }
  }
  const missing = PAYLOADS.filter((words) => !shown.has(visible(words)));
  for (const words of missing.slice(0, 10)) problems.push(`not shown as it was written: ${words}`);
  console.log(`${PAYLOADS.length} sets of words, ${asked.length} questions and 6 other pages looked at, ${shown.size} titles read back, ${problems.length} problems`);
  // What the browser does keep from running is told to whoever looks after the installation.
  const told = problems.length;
  await page.goto(`http://127.0.0.1:${port}/catalog?link=XYLOPHONE`);
  const ran = await page.evaluate(() => { const one = document.createElement("script"); one.textContent = "window.ran = 1"; document.body.append(one); return window.ran === 1; });
  for (let tries = 0; tries < 100 && !log.includes("kept something from running"); tries += 1) await page.waitForTimeout(100);
  problems.length = told;
  const line = log.split("\n").find((one) => one.includes("kept something from running")) || "";
  console.log(line.slice(line.indexOf("A browser")));
  if (ran || !line.includes("directive script-src-elem, blocked inline, page /catalog") || log.includes("XYLOPHONE")) problems.push(`a script that was kept from running is not in the log: ${line}`);
} finally {
  await browser.close();
  serving.kill("SIGTERM");
}
for (const one of [...new Set(problems)].slice(0, 20)) console.error(one);
process.exit(problems.length === 0 ? 0 : 1);
