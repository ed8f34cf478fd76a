// Looks at the pages of a server in a real browser: every page, every key, without script too. Anything that the console says
// fails, as does whatever axe-core finds.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { checkFigures } from "./figures.js";
import { conversations } from "./conversation.js";
import { explore, question } from "./explore.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { PARLEY_URL: url, PARLEY_ID: id, PARLEY_SECRET: secret, PARLEY_CONVERSATION: conversation, PARLEY_PICTURES: pictures } = process.env;

const failures = [];
const want = (ok, what) => { if (!ok) failures.push(what); };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"] });

// told are addresses of which the browser itself says that they were refused, or that nothing is there.
const told = /\/ui\/(sign-in|explore|conversation\/none)$/;

// open signs in, and gives a page that tells whatever the console says and whatever is loaded from elsewhere.
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", bypassCSP: false, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("console", (m) => { if (!told.test(m.location().url)) failures.push(`console: ${m.text()} ${m.location().url}`); });
  page.on("pageerror", (e) => failures.push(`error: ${e.message}`));
  page.on("request", (r) => { if (!r.url().startsWith(url)) failures.push(`asks for ${r.url()}`); });
  await page.goto(`${url}/ui/calendar/2026`);
  want(page.url().includes("/ui/sign-in"), "a stranger sees a page");
  await page.fill("[name=client_id]", id);
  await page.fill("[name=client_secret]", "wrong");
  await page.click("main button");
  want(await page.getByRole("alert").isVisible(), "a wrong secret is not told of");
  await page.fill("[name=client_secret]", secret);
  await page.click("main button");
  want(page.url() === `${url}/ui/calendar/2026`, `after signing in: ${page.url()}`);
  return page;
}

// audit looks at a page with the eyes of axe-core, and whether it fits the screen.
const standards = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
async function audit(page, name, rules = standards) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  want(wide <= 0, `${name}: ${wide} px too wide`);
  const found = await page.evaluate(`${axe}; axe.run(document, ${JSON.stringify(rules)})`);
  for (const v of found.violations) failures.push(`axe, ${name}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target + " " + n.failureSummary).join("; ")}`);
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
}

const pages = { calendar: "/ui/calendar/2026", day: "/ui/day/2026-11-03", conversation: `/ui/conversation/${conversation}?seg=0.0.0`, find: "/ui/conversation", figures: "/ui/figures?granularity=day", missing: "/ui/conversation/none", explore: "/ui/explore?from=2026-11-02&to=2026-11-05", question, jobs: "/ui/jobs", runs: "/ui/runs" };

{
  const page = await open();
  await page.goto(url + pages.figures);
  pages.figure = await page.locator(".queue h2 a").first().getAttribute("href");
  await page.context().close();
}

// looked at by eyes of all kinds
for (const [width, height] of [[1280, 900], [640, 900], [320, 700]]) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open({ viewport: { width, height }, colorScheme });
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(url + path);
      await audit(page, `${name}-${width}-${colorScheme}`);
    }
    await page.context().close();
  }
}

// keys
{
  const page = await open();
  const at = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  await page.goto(url + pages.calendar);
  await page.locator(".month td a").first().focus();
  want((await at()).startsWith("Thursday 1 January"), `the first day is ${await at()}`);
  for (const [key, day] of [["ArrowRight", "Friday 2 January"], ["ArrowDown", "Friday 9 January"], ["ArrowLeft", "Thursday 8 January"], ["ArrowUp", "Thursday 1 January"]]) {
    await page.keyboard.press(key);
    want((await at()).startsWith(day), `${key} leads to ${await at()}`);
  }
  await page.keyboard.press("g");
  want((await at()).includes("missing"), `g leads to ${await at()}`);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/ui/day/*");
  await page.goBack();
  want(page.url().endsWith("/ui/calendar/2026"), `Back leads to ${page.url()}`);
  want(await page.locator(".month td a[tabindex='0']").count() === 1, "the days are not one tab stop");
  await page.keyboard.press("[");
  await page.waitForURL("**/ui/calendar/2025");
  await page.keyboard.press("]");
  await page.waitForURL("**/ui/calendar/2026");

  await page.click("text=sign out");
  await page.goto(url + pages.calendar);
  want(page.url().includes("/ui/sign-in"), "signed out, the calendar is still there");
  await page.context().close();
}

await conversations({ open, want, url, audit });

await checkFigures(open, url, want);

await explore({ open, url, want });

await browser.close();
for (const f of new Set(failures)) console.log(f);
console.log(`${Object.keys(pages).length} pages, ${failures.length} failures`);
process.exit(failures.length ? 1 : 0);
