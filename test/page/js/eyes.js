// What looks at pages in a real browser. Anything that the console says fails, as does whatever axe-core finds and whatever is loaded
// from elsewhere.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { PARLEY_URL: url, PARLEY_ID: id, PARLEY_SECRET: secret, PARLEY_PICTURES: pictures } = process.env;

// begin starts a browser. First is the page that whoever signs in comes to; told, where more is expected on the console.
export async function begin(first, more = /^$/) {
  const failures = [];
  const want = (ok, what) => { if (!ok) failures.push(what); };
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"] });

  // told are addresses of which the browser itself says that they were refused, or that nothing is there.
  const told = /\/ui\/(sign-in|explore|conversation\/none)$/;

  // open signs in, and gives a page that tells whatever the console says and whatever is loaded from elsewhere.
  async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", bypassCSP: false, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("console", (m) => { if (!told.test(m.location().url) && !more.test(m.text())) failures.push(`console: ${m.text()} ${m.location().url}`); });
    page.on("pageerror", (e) => failures.push(`error: ${e.message}`));
    page.on("request", (r) => { if (!r.url().startsWith(url)) failures.push(`asks for ${r.url()}`); });
    await page.goto(url + first);
    want(page.url().includes("/ui/sign-in"), "a stranger sees a page");
    await page.fill("[name=client_id]", id);
    await page.fill("[name=client_secret]", "wrong");
    await page.click("main button");
    want(await page.getByRole("alert").isVisible(), "a wrong secret is not told of");
    await page.fill("[name=client_secret]", secret);
    await page.click("main button");
    want(page.url() === url + first, `after signing in: ${page.url()}`);
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

  process.on("exit", () => { for (const f of new Set(failures)) console.log(f); }); // however it ends
  async function end() {
    await browser.close();
    console.log(`${failures.length} failures`);
    process.exit(failures.length ? 1 : 0);
  }
  return { url, open, want, audit, end };
}
