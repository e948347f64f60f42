// The demo in a real browser: what the tests of its pages have in common.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export async function demo(program) {
  const folder = mkdtempSync(join(tmpdir(), "kalends-browser-"));
  const problems = [];
  const check = (is, words) => { if (!is) { problems.push(words); console.error(`not as it should be: ${words}`); } };
  const port = 20000 + (process.pid % 20000);
  const base = `http://127.0.0.1:${port}`;
  const serving = spawn(program, ["demo", "--serve", "--dir", join(folder, "demo"), "--listen", `127.0.0.1:${port}`], { stdio: ["ignore", "pipe", "inherit"] });
  const link = await new Promise((found, failed) => {
    let text = "";
    serving.stdout.on("data", (more) => { text += more; const one = text.match(/http:\S+link=\S+/); if (one) found(one[0]); });
    serving.on("exit", () => failed(new Error(`the demo ended: ${text}`)));
  });
  const browser = await chromium.launch({
    executablePath: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

  // Signs someone in, in a tab of her browser.
  async function enter(context, email) {
    const told = execFileSync(program, ["users", "link", email, "--config", join(folder, "demo", "kalends.yaml")]).toString();
    const page = await context.newPage();
    await page.goto(`${base}/sign-in/link${told.match(/\?link=\S+/)[0]}`);
    await page.locator("main button").click();
    await page.waitForLoadState();
    return page;
  }

  // The session of someone of the demo.
  async function signed(email) {
    const context = await browser.newContext();
    await enter(context, email);
    const state = await context.storageState();
    await context.close();
    return state;
  }

  async function end(words) {
    await browser.close();
    serving.kill("SIGINT");
    console.log(problems.length === 0 ? words : `${problems.length} problems`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  }

  return { base, browser, check, end, enter, folder, link, signed };
}
