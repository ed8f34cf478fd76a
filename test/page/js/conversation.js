// Looks at the page of a conversation: every key and control, Back, without script, on paper.
const { PARLEY_CONVERSATION: usual, PARLEY_FOLDED: folded, PARLEY_MANY: many } = process.env;

const at = (id, query = "") => `/ui/conversation/${id}${query}`;

export async function conversations(with_) {
  await sizes(with_);
  await keys(with_);
  await zoom(with_);
  await folds(with_);
  await crowd(with_);
  await record(with_);
  await withoutScript(with_);
  await paper(with_);
}

// sizes are screens of all widths: 320 pixels are 1280 at 400 %.
async function sizes({ open, want, url, audit }) {
  const rules = { dark: { runOnly: { type: "rule", values: ["color-contrast"] } } }; // nothing else differs in the dark
  const pages = {
    steps: at(usual, "?scale=steps&seg=0.0.0"), folded: at(folded, "?open=1"), many: at(many),
    record: at(usual, "?tab=record&path=/participants/0"), find: at(usual, "?tab=record&find=segment"), attributes: at(usual, "?tab=attributes"), compare: at(usual, "?tab=compare"),
  };
  for (const width of [1280, 640, 320]) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open({ viewport: { width, height: 900 }, colorScheme });
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(url + path);
        await audit(page, `conversation-${name}-${width}-${colorScheme}`, rules[colorScheme]);
      }
      const heads = await page.locator(".measured th").evaluateAll((list) => list.map((th) => th.getBoundingClientRect().height));
      want(heads.length > 0 && Math.max(...heads) < 40, `at ${width} pixels headings break: ${heads}`);
      await page.keyboard.press("?");
      await audit(page, `conversation-keys-${width}-${colorScheme}`, rules[colorScheme]);
      await page.context().close();
    }
  }
}

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label"));

async function keys({ open, want, url }) {
  const page = await open();
  await page.goto(url + at(many, "?lane=1"));
  const numbers = await page.locator(".head .name b").evaluateAll((list) => list.map((b) => b.textContent + (b.getBoundingClientRect().right <= b.closest(".head").getBoundingClientRect().right)));
  want(numbers.includes("#3true") && numbers.every((n) => n.endsWith("true")), `the numbers of lanes of one name are ${numbers}`);
  await page.goto(url + at(usual));
  want(await page.locator(".keys").isVisible(), "nothing says which keys there are");
  want(await page.locator(".stack a.bar[tabindex='0']").count() === 1, "the bars are not one tab stop");
  await page.keyboard.press("ArrowRight");
  const first = await focused(page);
  want(first !== null, "an arrow does not begin with the first bar");
  await page.keyboard.press("ArrowDown");
  want((await focused(page)) !== first, "down leads nowhere");
  await page.keyboard.press("ArrowUp");
  want((await focused(page)) === first, `up leads to ${await focused(page)}, and not to ${first}`);
  await page.keyboard.press("ArrowRight");
  const second = await focused(page);
  want(second !== first, "right leads nowhere");
  await page.keyboard.press("ArrowLeft");
  want((await focused(page)) === first, "left does not lead back");
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  want(await page.locator("#detail").isVisible(), `nothing is told of ${first}`);
  want(await page.locator("tr.chosen").count() === 1, "the step of a segment is not marked");

  await Promise.all([page.waitForURL("**scale=true**"), page.keyboard.press("f")]);
  await page.goBack();
  want(!page.url().includes("scale=true"), `Back leads to ${page.url()}`);

  const marks = () => page.locator(".mark").first().isVisible();
  want(await marks(), "metrics are not drawn");
  await page.keyboard.press("m");
  want(!await marks(), "m does not hide metrics");
  await page.reload();
  want(!await marks(), "that metrics are hidden is forgotten");
  await page.keyboard.press("m");
  want(await marks(), "m does not show metrics again");

  await Promise.all([page.waitForURL("**tab=record**"), page.keyboard.press("/")]);
  want(await page.evaluate(() => document.activeElement.id) === "find", "/ does not lead to the search");
  await page.keyboard.type("m/?");
  want(await page.inputValue("#find") === "m/?", "keys are not letters where somebody writes");
  await page.goBack();

  await page.keyboard.press("?");
  want(await page.locator("dialog#keys").isVisible(), "? lists no keys");
  await page.uncheck("#letters");
  await page.keyboard.press("Escape");
  want(!await page.locator("dialog#keys").isVisible(), "Escape leaves the list open");
  await page.reload();
  for (const key of ["?", "f", "m", "/", "+"]) await page.keyboard.press(key);
  want(await marks() && !await page.locator("dialog#keys").isVisible() && !/scale=true|tab=record|from=/.test(page.url()), `keys that are off lead to ${page.url()}`);
  await page.click("#all-keys");
  await page.check("#letters");
  await page.click("dialog button");
  await page.keyboard.press("m");
  want(!await marks(), "keys are not on again");
  await page.context().close();
}

// swapped waits until the page shows another part of the time.
async function swapped(page, act) {
  const before = await page.locator("#timeline").getAttribute("data-from") + await page.locator("#timeline").getAttribute("data-to");
  await act();
  await page.waitForFunction((b) => { const d = document.querySelector("#timeline")?.dataset; return d && d.from + d.to !== b; }, before);
}

async function zoom({ open, want, url }) {
  const page = await open();
  await page.goto(url + at(usual));
  const shown = async () => (Date.parse(await page.locator("#timeline").getAttribute("data-to")) - Date.parse(await page.locator("#timeline").getAttribute("data-from")));
  const all = await shown();
  await swapped(page, () => page.keyboard.press("+"));
  const half = await shown();
  want(half < all && page.url().includes("from="), `+ shows ${half} of ${all} ms`);
  await swapped(page, () => page.keyboard.press("-"));
  want(await shown() > half, "- shows no more");
  await swapped(page, () => page.goBack());
  want(await shown() === half, "Back does not lead to the part before");
  await swapped(page, () => page.keyboard.press("0"));
  want(await shown() === all && !page.url().includes("from="), "0 does not show all");

  const plot = await page.locator(".stack .plot").first().boundingBox();
  const from = plot.x + plot.width * 0.25, y = plot.y + plot.height / 2;
  await swapped(page, async () => {
    await page.mouse.move(from, y);
    await page.mouse.down();
    await page.mouse.move(from + plot.width / 4, y);
    await page.mouse.move(from + plot.width / 2, y);
    want(await page.locator(".brush").isVisible(), "a drag shows nothing");
    await page.mouse.up();
  });
  want(await shown() < all && !page.url().includes("seg="), `a drag leads to ${page.url()}`);
  want(await page.locator(".stack a.bar[tabindex='0']").count() === 1, "after a drag the bars are not one tab stop");

  want((await page.locator("body > [role=status]").innerText()).startsWith("Shows "), "nobody is told what is shown");

  // a drag on the ruler and on the strip shows that part too
  for (const line of [".axis", ".strip"]) {
    await page.goto(url + at(usual));
    if (line === ".strip") await swapped(page, () => page.keyboard.press("+"));
    const time = async (end) => Date.parse(await page.locator("#timeline").getAttribute(`data-${end}`));
    const whole = await page.locator(line).evaluate((l) => [+l.dataset.first, +l.dataset.until]);
    const r = await page.locator(line).boundingBox(), middle = r.y + r.height / 2, before = await shown();
    await swapped(page, async () => {
      await page.mouse.move(r.x + r.width * 0.3, middle);
      await page.mouse.down();
      await page.mouse.move(r.x + r.width * 0.4, middle);
      await page.mouse.move(r.x + r.width * 0.6, middle);
      want(await page.locator(".brush").isVisible(), `a drag on ${line} shows nothing`);
      await page.mouse.up();
    });
    const share = (t) => (t - whole[0]) / (whole[1] - whole[0]);
    if (line === ".axis") want(await shown() < before, `a drag on the ruler shows ${await shown()} of ${before} ms`);
    else want(Math.abs(share(await time("from")) - 0.3) < 0.02 && Math.abs(share(await time("to")) - 0.6) < 0.02, `a drag on the strip shows ${share(await time("from"))} to ${share(await time("to"))}`);
  }

  for (const scale of ["true", "steps"]) {
    await page.goto(url + at(usual, `?scale=${scale}`));
    const bar = await page.locator(".stack a.bar").nth(3).boundingBox();
    const lane = await page.locator(".stack .plot").first().boundingBox();
    await swapped(page, async () => {
      await page.mouse.move(Math.max(bar.x - 20, lane.x + 1), lane.y + 5);
      await page.mouse.down();
      await page.mouse.move(bar.x + 10, lane.y + 5);
      await page.mouse.move(Math.min(bar.x + bar.width + 20, lane.x + lane.width - 1), lane.y + 5);
      await page.mouse.up();
    });
    const enlarged = await page.locator(".stack a.bar").evaluateAll((all) => Math.max(...all.map((a) => a.getBoundingClientRect().width)));
    want(enlarged > bar.width, `${scale}: a bar of ${bar.width} px that was marked has ${enlarged} px`);
  }

  await page.goto(url + at(usual));
  const middle = await page.locator(".stack .plot").first().boundingBox();
  await swapped(page, async () => {
    await page.mouse.move(middle.x + middle.width / 2, middle.y + middle.height / 2);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -300);
    await page.keyboard.up("Control");
  });
  want(await shown() < all, "Ctrl and the wheel enlarge nothing");
  await page.click("#zoom-all");
  await page.waitForURL((u) => !u.search.includes("from="));
  want(await shown() === all, "the link 0 does not show all");
  await page.context().close();
}

async function folds({ open, want, url }) {
  const page = await open();
  await page.goto(url + at(folded));
  const n = await page.locator(".unfold").count();
  want(n > 0 && await page.locator(".fold").count() > 0, "what lasts for weeks has no fold");
  await page.locator(".unfold").first().click();
  await page.waitForURL("**open=1**");
  want(await page.locator(".fold").count() < n * await page.locator(".stack .lane").count(), "a fold does not open");
  await page.locator(".unfold").first().click();
  await page.waitForURL((u) => !u.search.includes("open="));
  await page.goto(url + at(folded, "?scale=true"));
  want(await page.locator(".fold").count() === 0, "true to scale has a fold");
  await Promise.all([page.waitForURL("**scale=folded**"), page.keyboard.press("f")]);
  await page.click("#scales a:has-text('steps')");
  await page.waitForURL("**scale=steps**");
  want(await page.getByText("equally wide").isVisible(), "steps are not told of");
  await page.context().close();
}

async function crowd({ open, want, url }) {
  const page = await open();
  await page.goto(url + at(many));
  const lanes = await page.locator(".stack .lane").count();
  want(lanes < 10 && await page.locator("a.area").count() === 1, `three hundred agents are ${lanes} lanes`);
  await page.locator("a.area").click();
  await page.waitForURL("**lane=**");
  want(await page.locator(".stack .lane").count() === lanes + 100, "a lane of many does not open a hundred");
  await page.getByRole("link", { name: "later" }).first().click();
  await page.waitForURL("**more=100**");
  await page.getByRole("link", { name: "close" }).click();
  await page.waitForURL((u) => !u.search.includes("lane="));
  want(await page.locator(".stack .lane").count() === lanes, "a lane of many does not close");
  await page.context().close();
}

async function record({ open, want, url }) {
  const page = await open();
  await page.goto(url + at(many, "?tab=record"));
  const rows = () => page.locator(".tree li").count();
  const top = await rows();
  const branch = page.getByRole("link", { name: "participants", exact: true });
  await branch.click();
  await page.waitForFunction((n) => document.querySelectorAll(".tree li").length === n, top + 101);
  want(page.url().endsWith("?tab=record"), "a branch leads away");
  want(await branch.getAttribute("aria-expanded") === "true", "an open branch does not say so");
  await page.getByRole("link", { name: /^\d+ more$/ }).click();
  await page.waitForFunction((n) => document.querySelectorAll(".tree li").length === n, top + 201);
  await branch.click();
  await page.waitForFunction((n) => document.querySelectorAll(".tree li").length === n, top);
  await page.goto(url + at(many, "?tab=record&path=/participants/0/attributes"));
  await page.getByRole("link", { name: "history", exact: true }).click();
  await page.waitForFunction(() => document.querySelector(".tree .tree code")?.textContent.length > 300);
  await page.fill("#find", "interact");
  await page.keyboard.press("Enter");
  await page.waitForURL("**find=interact**");
  want(await page.locator(".hits li").count() === 2, `interact is found ${await page.locator(".hits li").count()} times`);
  await page.locator(".hits a").first().click();
  await page.waitForURL("**path=**");
  want(await page.getByText('"interact"').isVisible(), "what was found is not shown");
  await page.context().close();
}

async function withoutScript({ open, want, url }) {
  const page = await open({ javaScriptEnabled: false });
  await page.goto(url + at(usual));
  const bars = await page.locator("a.bar").count();
  want(bars > 0 && bars <= await page.locator(".steps tbody tr").count(), `${bars} bars, and fewer steps`);
  want(!await page.locator("#all-keys").isVisible() && !await page.locator(".keys").isVisible(), "keys are offered that need script");
  want(await page.locator(".marks").isVisible(), "without script nothing says what the marks of the drawing mean");
  await page.locator(".steps tbody a").last().click();
  want(await page.locator("#detail").isVisible(), "without script nothing is told of a segment");
  await page.click("#zoom-in");
  want(page.url().includes("from="), "without script nothing is enlarged");
  for (const tab of ["attributes", "record", "compare", "account"]) {
    await page.locator(".tabs a", { hasText: new RegExp(tab, "i") }).click();
    want(await page.locator(".tabs a[aria-current]").innerText().then((t) => t.toLowerCase().startsWith(tab)), `without script there is no tab ${tab}`);
  }
  await page.goto(url + at(many, "?tab=record"));
  await page.getByRole("link", { name: "participants", exact: true }).click();
  await page.getByRole("link", { name: "later" }).click();
  await page.getByRole("link", { name: "150", exact: true }).click();
  want(page.url().includes("participants%2F150"), `without script a branch leads to ${page.url()}`);
  await page.context().close();
}

// paper: a usual conversation takes two sheets.
async function paper({ open, want, url }) {
  const page = await open();
  await page.goto(url + at(usual));
  const text = (await page.pdf({ format: "A4" })).toString("latin1");
  const sheets = text.match(/\/Type\s*\/Page\b/g).length;
  want(sheets <= 2, `a usual conversation takes ${sheets} sheets`);
  await page.emulateMedia({ media: "print" });
  for (const shown of [".tabs", "#all-keys", ".keys", ".choices"]) want(!await page.locator(shown).first().isVisible(), `${shown} is on paper`);
  await page.goto(`${url}/ui/calendar/2026`);
  want(!await page.locator(".stream").isVisible(), "paper says that it is live");
  await page.context().close();
}
