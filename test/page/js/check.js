// Looks at the pages of a server in a real browser: every page, every key, without script too.
import { colours } from "./colours.js";
import { checkFigures } from "./figures.js";
import { conversations } from "./conversation.js";
import { explore, question } from "./explore.js";
import { begin } from "./eyes.js";

const { PARLEY_CONVERSATION: conversation } = process.env;
const { url, open, want, audit, end } = await begin("/ui/calendar/2026");

const pages = { calendar: "/ui/calendar/2026", day: "/ui/day/2026-11-03", conversation: `/ui/conversation/${conversation}?seg=0.0.0`, find: "/ui/conversation", figures: "/ui/figures?granularity=day", missing: "/ui/conversation/none", explore: "/ui/explore?from=2026-11-02&to=2026-11-05", question, jobs: "/ui/jobs", runs: "/ui/runs" };

{
  const page = await open();
  await page.goto(url + pages.figures);
  pages.figure = await page.locator(".queue h2 a").first().getAttribute("href");
  await page.context().close();
}

// looked at by eyes of all kinds
for (const [width, height, colorScheme] of [[1280, 900, "light"], [1280, 900, "dark"], [640, 900, "light"], [320, 700, "dark"]]) {
  const page = await open({ viewport: { width, height }, colorScheme });
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(url + path);
    await audit(page, `${name}-${width}-${colorScheme}`);
  }
  await page.goto(url + pages.calendar);
  const least = await page.evaluate(() => [...document.querySelectorAll(".month td a, .choices a")].reduce((least, a) => { const r = a.getBoundingClientRect(); return Math.min(least, r.width, r.height); }, 99));
  want(least >= 24, `at ${width} pixels a link of the calendar has ${least}`);
  await page.context().close();
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

  // on a page that was just opened nobody has to find a day first
  const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? "");
  const told = () => page.locator("body > [role=status]").innerText();
  const fresh = async (path) => { await page.goto(url + path); await page.evaluate(() => document.activeElement.blur()); };
  for (const [path, key, day] of [["/ui/calendar/2026", "g", "Friday 2 January"], ["/ui/calendar/2026", "ArrowDown", "Friday 2 January"], ["/ui/calendar/2026", "Shift+ArrowRight", "Saturday 3 January"], ["/ui/calendar/2025", "ArrowLeft", "Wednesday 31 December"]]) {
    await fresh(path);
    await page.keyboard.press(key);
    want((await focused(page)).startsWith(day), `on ${path}, ${key} leads to ${await focused(page)}`);
  }
  await page.keyboard.press("g");
  want(await told() === "No day of this year is missing.", `g without a gap says ${await told()}`);
  want((await focused(page)).startsWith("Wednesday 31 December"), `g without a gap leads to ${await focused(page)}`);
  await page.keyboard.press("Shift+ArrowLeft");
  want(await told() === "2 days: e explores them" && await page.locator(".month .span").count() === 2, `a span of two days says ${await told()}`);
  const drawn = (n) => page.locator(".month .span, .month .settled, .month .provisional").nth(n).evaluate((td) => { const { backgroundColor, boxShadow, outlineStyle } = getComputedStyle(td); return [backgroundColor, boxShadow, outlineStyle].join(); });
  const filled = await drawn(0);
  want(filled.endsWith("none") && !filled.includes("inset"), `a span is drawn with an outline, as what is being read: ${filled}`);
  await page.evaluate(() => { // as live.js leaves it, which knows the page of the server
    for (const a of document.querySelectorAll(".month td a")) { a.removeAttribute("tabindex"); a.parentNode.classList.remove("span"); }
    document.dispatchEvent(new Event("shown"));
  });
  want(await page.locator(".month td a[tabindex='0']").count() === 1 && await page.locator(".month .span").count() === 2, "a page that has changed forgets the tab stop, or the span");
  await page.keyboard.press("ArrowLeft");
  want(await drawn(0) !== filled, "a span is drawn as other days are");
  want(await told() === "" && await page.locator(".month .span").count() === 0, "a span stays");

  await fresh("/ui/calendar/2026");
  await page.uncheck("#letters");
  await page.reload();
  for (const key of ["g", "["]) await page.keyboard.press(key);
  want(!(await focused(page)) && page.url().endsWith("/ui/calendar/2026"), `keys that are off lead to ${await focused(page)}, ${page.url()}`);
  await page.check("#letters");
  await page.goto(url + "/ui/explore");
  await page.focus("#body");
  await page.keyboard.press("g");
  want(await page.evaluate(() => document.activeElement.id) === "body", "a letter that somebody writes is a key");

  await page.click("text=sign out");
  await page.goto(url + pages.calendar);
  want(page.url().includes("/ui/sign-in"), "signed out, the calendar is still there");
  await page.context().close();
}

await conversations({ open, want, url, audit });

await colours({ open, want, url, audit });

await checkFigures(open, url, want);

await explore({ open, url, want });

await end();
