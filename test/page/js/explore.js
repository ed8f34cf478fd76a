// Looks at Explore: a question asked with the keyboard alone, the body and the form that follow each other, chips, Back, and the same
// without script.

const interval = "2026-11-02T00:00:00.000Z/2026-11-05T00:00:00.000Z";
const address = (body) => `/ui/explore?body=${encodeURIComponent(JSON.stringify(body))}`;

// question has a card of every sort on it, and something wrong.
export const question = address({
  interval,
  conversationFilters: [{ type: "and", predicates: [{ metric: "tHandle", range: { gte: 1000 } }] }],
  segmentFilters: [
    {
      type: "and",
      predicates: [{ dimension: "mediaType", value: "voice" }, { property: "colour", propertyType: "string", operator: "exists" }, { dimension: "purpose", odd: 1 }],
      clauses: [{ type: "or", predicates: [{ dimension: "purpose", value: "acd" }, { dimension: "purpose", value: "agent" }] }],
    },
    "not a card",
  ],
});

export async function explore({ open, url, want }) {
  const start = `${url}/ui/explore?from=2026-11-02&to=2026-11-05`;
  const page = await open();
  const sentence = () => page.locator("h1").innerText();
  const body = () => page.inputValue("#body");
  // shows waits until something is as it should be, and tells of it if it never is.
  const shows = async (what, test, argument) => {
    await page.waitForFunction(test, argument, { timeout: 5000 }).catch(() => want(false, `Explore: ${what}`));
  };
  const bodyHas = (text) => shows(`the body has no ${text}`, (t) => document.getElementById("body").value.includes(t), text);
  const fieldIs = (name, value) => shows(`${name} is not ${value}`, ([n, v]) => document.querySelector(`#form [name='${n}']`)?.value === v, [name, value]);
  const inBody = () => JSON.parse(new URL(page.url()).searchParams.get("body"));
  // tabTo presses Tab until something has the focus.
  const tabTo = async (selector) => {
    for (let n = 0; n < 80; n++) {
      if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
      await page.keyboard.press("Tab");
    }
    want(false, `Explore: Tab never comes to ${selector}`);
  };

  // with the keyboard alone
  await page.goto(start);
  const all = await sentence();
  want(/^\d+ conversations of 3 days; 25 shown\.$/.test(all), `it answers ${all}`);
  await tabTo("[data-key='segmentFilters[0]'] > summary");
  await page.keyboard.press("Enter");
  await tabTo("[name='segmentFilters[0].predicates[0].name']");
  await page.keyboard.type("mediaType");
  await page.keyboard.press("Tab");
  await bodyHas('"mediaType"');
  await tabTo("[name='segmentFilters[0].predicates[0].value']");
  await shows("values do not come", () => document.querySelectorAll("[id='values-mediaType'] option").length > 1);
  await page.keyboard.type("voice");
  await page.keyboard.press("Tab");
  await bodyHas('"voice"');
  want(new URL(page.url()).searchParams.get("from") !== null, "redrawing changes the address");
  await tabTo("[name='segmentFilters[0].predicates[1].name']");
  await page.keyboard.type("tSegmentDuration");
  await page.keyboard.press("Tab");
  await bodyHas('"metric": "tSegmentDuration"');
  await tabTo("[name='segmentFilters[0].predicates[1].operator']");
  await page.keyboard.type("lies");
  await page.keyboard.press("Tab");
  await tabTo("[name='segmentFilters[0].predicates[1].range.gte']");
  await page.keyboard.type("2000");
  await Promise.all([page.waitForURL(/body=/), page.keyboard.press("Enter")]);
  const asked = inBody().segmentFilters;
  const wanted = [{ type: "and", predicates: [{ dimension: "mediaType", value: "voice" }, { metric: "tSegmentDuration", range: { gte: 2000 } }] }];
  want(JSON.stringify(asked) === JSON.stringify(wanted), `the keyboard asked ${JSON.stringify(asked)}`);
  want((await page.locator(".filter .item").first().innerText()) === "One segment of the conversation: mediaType is voice, and tSegmentDuration is at least 2000", "the card does not say what it asks");
  want((await sentence()) !== all, "the answer has not changed");

  // the form follows the body
  const text = await body();
  await page.locator("#body").focus();
  await page.fill("#body", text.replace("2000", "3000"));
  await fieldIs("segmentFilters[0].predicates[1].range.gte", "3000");
  want(await page.evaluate(() => document.activeElement.id === "body"), "whoever writes loses the body");
  await page.fill("#body", text.replace('"mediaType"', '"mediatype"'));
  await shows("a remark is not at its field", () => document.querySelector("#form [name='segmentFilters[0].predicates[0].name'][aria-invalid] ~ .remark"));
  await shows("a remark is not at its line", () => document.querySelector(".gutter .wrong") && document.querySelector(".found a"));
  await page.locator(".found a").first().click();
  want(await page.evaluate(() => { const b = document.getElementById("body"); return document.activeElement === b && b.selectionStart > 0; }), "a remark does not lead to its place");

  // a broken body stays as it is
  await page.fill("#body", text.slice(0, -4));
  await shows("the form does not say why it is not there", () => document.getElementById("no-form"));
  want((await body()) === text.slice(0, -4), "a broken body was changed");
  await Promise.all([page.waitForURL(/explore\/q\//), page.click("text=Ask this body")]);
  want((await body()) === text.slice(0, -4), "a broken body was changed by asking");
  await page.fill("#body", text);
  await fieldIs("segmentFilters[0].predicates[1].range.gte", "2000");

  // what is written on one side counts, whichever button is pressed next
  await page.fill("[name='segmentFilters[0].predicates[1].range.gte']", "2500");
  await Promise.all([page.waitForURL(/2500/), page.click("text=Ask this body")]);
  await page.fill("#body", (await body()).replace("2500", "2600"));
  await Promise.all([page.waitForURL(/2600/), page.click("#form .main")]);
  want((await body()).includes("2600"), "the body that was written is not asked");

  // cards go and come without loading
  const before = page.url();
  await page.click("[aria-label='remove segmentFilters[0].predicates[1]']");
  await shows("a row does not go", () => !document.getElementById("body").value.includes("tSegmentDuration"));
  await page.click("text=7 days");
  await bodyHas("2026-10-29T00:00:00.000Z/2026-11-05");
  want(page.url() === before, "a button loads the page");

  // who may not see personal data is told so
  await page.locator("#form [name='segmentFilters[0].predicates[0].name']").fill("ani");
  await page.keyboard.press("Tab");
  await shows("asking for personal data is not refused", () => document.querySelector("#form .remark")?.textContent.includes("parley:personalData:view"));

  // who is signed out meanwhile is told so, and keeps what was written
  const cookies = await page.context().cookies();
  await page.context().clearCookies();
  await page.fill("#body", "{ }");
  await shows("nobody says that the session is over", () => document.querySelector("#found .remark")?.textContent.includes("not signed in"));
  want((await body()) === "{ }", "what was written is lost with the session");
  await page.context().addCookies(cookies);

  // chips, pages, days and Back
  await page.goto(start);
  await page.locator(".facets a").first().click();
  await page.waitForURL(/body=/);
  want(inBody().segmentFilters?.length === 1, `a chip asks ${JSON.stringify(inBody())}`);
  want((await page.locator(".filter").count()) > 0, "a chip is no card");
  await page.goBack();
  await page.waitForURL(start);
  want((await sentence()) === all, `Back leads to ${await sentence()}`);
  await page.locator(".turns a").click();
  await page.waitForURL(/body=/);
  want(inBody().paging.pageNumber === 2, "the next page is not the second");
  await page.goto(start);
  await page.locator(".days a").nth(1).click();
  await page.waitForURL(/body=/);
  want(inBody().interval === "2026-11-03T00:00:00.000Z/2026-11-04T00:00:00.000Z", `a day is ${inBody().interval}`);
  await page.locator(".copy summary").last().click();
  want((await page.locator(".copy[open] pre").innerText()).startsWith("parley query --lake "), "the command is not there");
  await page.locator(".rows a").first().click();
  await page.waitForURL("**/ui/conversation/*");

  // days of the calendar
  await page.goto(`${url}/ui/calendar/2026`);
  await page.locator("a[href$='2026-11-02']").focus();
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  want((await page.locator(".month td.span").count()) === 3, "the span has not three days");
  await Promise.all([page.waitForURL(/explore\?from=2026-11-02&to=2026-11-05$/), page.keyboard.press("e")]);
  await page.goto(`${url}/ui/day/2026-11-03`);
  await page.click("text=explore this day");
  await page.waitForURL(/explore\?from=2026-11-03$/);
  want((await sentence()).includes("3 November 2026"), `a day answers ${await sentence()}`);

  // the name of a queue where its id belongs, with remarks at the lines as they are written
  await page.goto(start);
  const queue = await page.locator(".facets section", { has: page.getByRole("heading", { name: /^queue/ }) }).locator("a").first().innerText();
  const written = `{"interval":"${interval}",\n\n"segmentFilters":[{"predicates":[{"dimension":"queueId","value":${JSON.stringify(queue)}}]}]}`;
  await page.fill("#body", written);
  await shows("the name of a queue is no remark", () => document.querySelector(".remark")?.textContent.includes("is the name of a queue"));
  want((await body()) === written && (await page.locator(".found a").innerText()).startsWith("line 3,"), `the remark is at ${await page.locator(".found a").innerText()}`);
  want((await page.locator(".gutter .wrong").innerText()) === "3", "another line is marked");
  await page.locator(".offer button").click();
  await shows("the id is not put in", () => /"value": "[0-9a-f-]{36}"/.test(document.getElementById("body").value) && !document.querySelector(".remark"));

  // columns are chosen, and stay
  await page.goto(start);
  await page.locator(".chooser summary").click();
  for (const name of ["duration", "queueIds"]) await page.getByRole("checkbox", { name: new RegExp(`^${name}\\b`) }).check();
  await page.getByRole("button", { name: "Show these columns" }).click();
  await page.waitForURL(/columns=duration&columns=queueIds/);
  want((await page.locator(".grid thead th").allInnerTexts()).join() === "started (UTC),duration,queueIds", `the table has ${await page.locator(".grid thead").innerText()}`);
  await page.locator(".facets a").first().click();
  await page.waitForURL(/body=.*columns=duration%2CqueueIds/);
  await page.click("#form .main");
  await page.waitForURL(/columns=duration%2CqueueIds/);
  want((await page.locator(".grid").count()) === 1, "asking again loses the columns");

  // what must not be asked stays, with the reason
  await page.fill("#body", `{"interval":"${interval}","segmentFilters":[{"predicates":[{"dimension":"ani","value":"1"}]}]}`);
  await shows("what must not be asked has no remark", () => document.querySelector("#form .remark")?.textContent.includes("parley:personalData:view"));
  await page.click("text=Ask this body");
  await page.waitForURL(/\/ui\/explore$/);
  want((await page.locator(".remark").count()) === 1 && (await body()).includes('"ani"'), "what must not be asked is lost");
  await page.context().close();

  // without script
  const bare = await open({ javaScriptEnabled: false });
  await bare.goto(start);
  await bare.locator("[data-key='segmentFilters[0]'] > summary").click();
  await bare.fill("[name='segmentFilters[0].predicates[0].name']", "direction");
  await bare.fill("[name='segmentFilters[0].predicates[0].value']", "outbound");
  await bare.click("#form .main");
  await bare.waitForURL(/body=/);
  await bare.locator("[data-key='segmentFilters[0].clauses[0]'] > summary").click();
  await bare.fill("[name='segmentFilters[0].clauses[0].predicates[0].name']", "purpose");
  await bare.fill("[name='segmentFilters[0].clauses[0].predicates[0].value']", "agent");
  await bare.fill("[name='segmentFilters[0].clauses[0].predicates[1].name']", "purpose");
  await bare.fill("[name='segmentFilters[0].clauses[0].predicates[1].value']", "user");
  await bare.click("#form .main");
  await bare.waitForURL(/clauses/);
  want((await bare.locator(".clause .predicate:not(.blank)").count()) === 2, "without script there is no box of alternatives");
  await bare.click("[aria-label='remove segmentFilters[0].clauses[0]']");
  await bare.waitForURL((u) => !u.href.includes("clauses"));
  await bare.fill("#body", '{"interval"');
  await bare.click("text=Ask this body");
  want(await bare.locator("#no-form").isVisible() && (await bare.inputValue("#body")) === '{"interval"', "without script a broken body is lost");
  await bare.goto(url + address({ interval, segmentFilters: [{ predicates: [{ dimension: "queueId", value: queue }] }] }));
  await bare.locator(".offer button").click();
  await bare.waitForURL((u) => /"value":"[0-9a-f-]{36}"/.test(u.searchParams.get("body")));
  want((await bare.locator(".rows tbody tr").count()) > 0, "without script the name of a queue finds nothing");
  await bare.context().close();
}
