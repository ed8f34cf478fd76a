// Looks at the pages of a sandbox whose clock stands still: what changes in front of the reader, and every control.
import { readFile } from "node:fs/promises";
import { begin } from "./eyes.js";

const { GENESYS_CLIENT_ID: id = process.env.PARLEY_ID, GENESYS_CLIENT_SECRET: secret = process.env.PARLEY_SECRET } = process.env;
// a stream that is cut is told of on the console by the browser itself
const { url, open, want, audit, end } = await begin("/ui/calendar/2026", /ERR_INTERNET_DISCONNECTED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_REFUSED|ERR_NETWORK|400 \(Bad Request\)|404 \(Not Found\)/);

// api asks the sandbox as a program does.
let token;
async function api(method, path, body) {
  if (!token) {
    const answer = await fetch(`${url}/oauth/token`, { method: "POST", body: "grant_type=client_credentials", headers: { Authorization: `Basic ${btoa(`${id}:${secret}`)}`, "Content-Type": "application/x-www-form-urlencoded" } });
    token = (await answer.json()).access_token;
  }
  const answer = await fetch(url + path, { method, body: body && JSON.stringify(body), headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" } });
  const text = await answer.text();
  return text ? JSON.parse(text) : undefined;
}
const submit = (days) => api("POST", "/api/v2/analytics/conversations/details/jobs", { interval: days }).then((a) => a.jobId);
const control = (path, body) => fetch(`${url}/_sandbox/${path}`, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

// seen waits until the page says something, without being loaded again.
async function seen(page, what, said, arg) {
  const loads = await page.evaluate(() => performance.timeOrigin);
  await page.waitForFunction(said, arg).then(() => {}, () => want(false, what));
  want(await page.evaluate(() => performance.timeOrigin) === loads, `${what}: the page was loaded again`);
}

// every page, by eyes of all kinds
const job = await submit("2026-11-06/2026-11-07");
for (const [width, height, colorScheme] of [[1280, 900, "light"], [1280, 900, "dark"], [640, 900, "light"], [320, 700, "dark"]]) {
  const page = await open({ viewport: { width, height }, colorScheme });
  for (const [name, path] of Object.entries({ sandbox: "/ui/sandbox", jobs: "/ui/jobs", job: `/ui/jobs/${job}`, remove: `/ui/jobs/${job}/remove`, platform: "/ui/calendar/2026" })) {
    await page.goto(url + path);
    await audit(page, `${name}-${width}-${colorScheme}`);
  }
  await page.context().close();
}

// jobs change in front of the reader; rows do not move under the pointer
{
  const page = await open();
  await page.goto(`${url}/ui/jobs`);
  await seen(page, "the list is not live", () => document.querySelector("#stream").textContent === "live");
  const second = await submit("2026-11-06/2026-11-08");
  await seen(page, "a new job is not shown", (n) => document.getElementById(`j${n}`)?.textContent.includes("fulfilled"), second);
  await page.locator("tbody tr").first().hover();
  const third = await submit("2026-11-05/2026-11-06");
  await seen(page, "that there is a new job is not told", () => !document.querySelector("#news").hidden && document.querySelector("#news").textContent === "1 new");
  want(!await page.locator(`#j${third}`).count(), "a row came under the pointer");
  await page.locator("#news").evaluate((button) => button.click()); // the pointer stays where it is
  want(await page.locator(`#j${third}`).count() === 1, "the new row does not come when it is asked for");

  // Back leads to the list as it is now
  await page.click(`#j${third} a`);
  await page.waitForURL(`**/ui/jobs/${third}`);
  await page.goBack();
  want(page.url() === `${url}/ui/jobs`, `Back leads to ${page.url()}`);

  // a stream that is cut: what happened meanwhile is shown when it is there again
  await page.mouse.move(0, 0);
  await seen(page, "the list is not live after Back", () => document.querySelector("#stream").textContent === "live");
  await page.context().setOffline(true);
  const fourth = await submit("2026-11-04/2026-11-05");
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  await page.context().setOffline(false);
  await seen(page, "what happened while the stream was cut is not shown", (n) => document.getElementById(`j${n}`), fourth);

  // cancelling says what is lost, and is done by a button
  await page.goto(`${url}/ui/jobs/${fourth}`);
  await page.click("text=Remove this job");
  want((await page.innerText("h1")).includes("Its "), "what is lost is not named");
  await page.click("main button");
  await page.waitForURL(`${url}/ui/jobs`);
  want(!await page.locator(`#j${fourth}`).count(), "a job that was removed is still there");

  // Back leads to pages of it, which say that it is gone and lead on
  for (const back of [`${url}/ui/jobs/${fourth}/remove`, `${url}/ui/jobs/${fourth}`]) {
    await page.goBack();
    want(page.url() === back, `Back leads to ${page.url()}, want ${back}`);
    want((await page.innerText("h1")) === "This job is not there." && await page.getByRole("link", { name: "All jobs", exact: true }).isVisible(), `Back leads to ${await page.innerText("main")}`);
  }
  await page.goForward();
  await page.getByRole("link", { name: "All jobs", exact: true }).click();
  await page.waitForURL(`${url}/ui/jobs`);
  await page.context().close();
}

// a conversation goes on, and ends, in front of the reader
{
  const filter = { type: "and", predicates: [{ dimension: "mediaType", value: "voice" }] };
  const going = { type: "and", predicates: [{ dimension: "conversationEnd", operator: "notExists" }] };
  const found = await api("POST", "/api/v2/analytics/conversations/details/query", { interval: "2026-11-10/2026-11-11", order: "desc", segmentFilters: [filter], conversationFilters: [going] });
  const id = found.conversations[0].conversationId;
  const page = await open();
  await page.goto(`${url}/ui/conversation/${id}`);
  await seen(page, "a conversation is not live", () => document.querySelector("#stream").textContent === "live");
  const before = await page.innerText("h1");
  await control("clock", { advance: "6h" });
  await seen(page, "a conversation does not go on", (text) => document.querySelector("h1").textContent !== text, before);
  await page.context().close();
}

// every control of the sandbox
{
  const page = await open();
  await page.goto(`${url}/ui/sandbox`);
  const said = () => page.innerText("h1");
  const press = async (name, fields = {}) => {
    const form = page.locator("form").filter({ has: page.getByRole("button", { name, exact: true }) }).first();
    for (const [field, text] of Object.entries(fields)) await form.locator(`[name=${field}]`).fill(text);
    await Promise.all([page.waitForEvent("load"), form.getByRole("button", { name, exact: true }).click()]);
  };
  want((await page.locator("form[data-request] code").first().innerText()) === 'POST /_sandbox/clock {"advance":"1h"}', "the request of a control is not shown");
  await page.locator("[name=advance]").fill("90m");
  want((await page.locator("form[data-request] code").first().innerText()) === 'POST /_sandbox/clock {"advance":"90m"}', "the request does not follow the field");
  const clock = async () => (await (await fetch(`${url}/_sandbox/clock`)).json()).now;
  const then = await clock();
  await press("Advance", { advance: "90m" });
  want(Date.parse(await clock()) - Date.parse(then) === 90 * 60_000, `the clock was not advanced: ${then}, ${await clock()}`);
  await press("To the end of the next batch");
  await press("Run", { speed: "10" });
  want((await said()).includes("10 times as fast"), `the clock does not run: ${await said()}`);
  await press("Freeze");
  want((await said()).includes("stands still"), `the clock does not stand still: ${await said()}`);
  await press("Set", { set: "2026-11-14T06:00:00Z" });
  want((await said()).includes("14 November 2026, 06:00:00"), `the clock was not set, or that signs out: ${await said()}`);
  await press("Have the batch fail", { fail: "2026-11-15" });
  await seen(page, "the sandbox's page is not live", () => document.querySelector("#stream").textContent === "live");
  await control("rewrite", { older: "72h", count: 3 }); // as another program does
  await seen(page, "what another program did to records is not shown", () => document.querySelector(".deeds")?.textContent.includes("3 records were rewritten"));
  const done = () => page.locator("p.said").innerText();
  await press("Rewrite", { count: "2", older: "48h" });
  want(/2 records were rewritten: \w{8}, \w{8}$/.test(await done()), `a rewrite does not say what it did: ${await done()}`);
  await press("Drift", { every: "3", pointer: "/odd", value: '{"a":1}' });
  want((await done()).includes('one in 3 records of a conversation that begins from then on has {"a":1} at /odd'), `a drift does not say what it did: ${await done()}`);
  want((await page.innerText("[aria-labelledby=scenario]")).includes("next in 2 h 14 Nov 2026 08:00:00"), "the next event of the scenario is not told");
  await press("To the next event");
  want((await said()).includes("14 November 2026, 08:00:00") && !await page.getByRole("button", { name: "To the next event" }).count(), `the event did not happen: ${await said()}`);
  await page.selectOption("#ready", { label: "the next token expires at once" });
  want((await page.inputValue("[name=rule]")).includes("expireToken"), "a ready fault is not filled in");
  await press("Add the fault");
  want((await said()).includes("1 fault is set"), `a fault was not added: ${await said()}`);
  await page.locator("[name=older]").fill("99h"); // stays while the page changes
  await page.locator("[name=older]").blur();
  await fetch(`${url}/api/v2/organizations/me`);
  await seen(page, "the journal does not go on", () => document.querySelector("[data-rows] tr td:nth-child(3)")?.textContent.includes("/api/v2/organizations/me"));
  want((await page.inputValue("[name=older]")) === "99h", "what somebody has written is gone when the page changes");
  await press("Remove all");
  await press("Add the fault", { rule: '{"rout":1}' });
  want(await page.getByRole("alert").isVisible() && (await page.inputValue("[name=rule]")) === '{"rout":1}', "what is refused is not said, or not kept");
  want(page.url() === `${url}/ui/sandbox`, `what was refused is at ${page.url()}, where nothing can be asked for again`);

  // all of it is saved, undone after a question, and loaded
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Save all of it as a file")]);
  const file = await download.path();
  await page.click("text=Undo everything");
  await audit(page, "reset");
  want((await page.innerText("main")).includes("This is lost:") && (await clock()).startsWith("2026-11-14T08"), "a reset does not ask first");
  await press("Undo everything");
  want((await said()).includes("10 November 2026, 12:00:00") && (await done()).startsWith("Everything was undone"), `a reset does not undo everything: ${await said()}`);
  await page.setInputFiles("[name=state]", { name: "state.json", mimeType: "application/json", buffer: await readFile(file) });
  want((await page.locator("form[action$=load] code").innerText()) === "PUT /_sandbox/state @state.json", "the request of a load is not shown");
  await press("Load");
  want((await said()).includes("14 November 2026, 08:00:00") && (await done()).includes("goes on from the state"), `a state is not loaded: ${await said()}`);
  await page.click("text=Undo everything");
  await press("Undo everything");
  await page.context().close();
}

// without script the same is there
{
  const page = await open({ javaScriptEnabled: false });
  await page.goto(`${url}/ui/sandbox`);
  await page.locator("[name=advance]").fill("30m");
  await page.getByRole("button", { name: "Advance", exact: true }).click();
  want((await page.innerText("h1")).includes("12:30:00"), `without script the clock does not move: ${await page.innerText("h1")}`);
  await page.goto(`${url}/ui/jobs/${job}`);
  want(await page.locator(".life .now").count() === 1, "without script a job does not say where it stands");
  await page.context().close();
}

await end();
