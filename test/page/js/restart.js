// Looks at pages that follow a server which is killed and started again: they say so, and then show what happened meanwhile, without
// being loaded again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const { PARLEY_PROGRAM: program, PARLEY_DATA: data, PARLEY_ID: id, PARLEY_SECRET: secret } = process.env;
const begins = ["--days", "3", "--per-day", "20", "--seed", "3", "--now", "2026-11-10T12:00:00Z", "--speed", "0"];

// start starts the sandbox of the folder at an address, and gives it when it is ready, with what kills it.
async function start(addr) {
  const server = spawn(program, ["sandbox", "--data", data, "--addr", addr, "--client-id", id, "--client-secret", secret, "--json", ...begins], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(server, "exit");
  process.on("exit", () => server.kill("SIGKILL"));
  const [line] = await Promise.race([once(createInterface(server.stdout), "line"), gone.then(([code]) => { throw new Error(`the sandbox ended with ${code}`); })]);
  return { url: JSON.parse(line).url, kill: () => { server.kill("SIGKILL"); return gone; } };
}

// api asks a sandbox as a program does.
async function api(url, path, body) {
  const login = await fetch(`${url}/oauth/token`, { method: "POST", body: "grant_type=client_credentials", headers: { Authorization: `Basic ${btoa(`${id}:${secret}`)}`, "Content-Type": "application/x-www-form-urlencoded" } });
  const { access_token: token } = await login.json();
  const answer = await fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" } });
  return answer.json();
}

const first = await start("127.0.0.1:0");
process.env.PARLEY_URL = first.url; // before it is read
const { begin } = await import("./eyes.js");
const { url, open, want, end } = await begin("/ui/jobs", /ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_NETWORK/);

const jobs = await open();
const sandbox = await jobs.context().newPage();
await sandbox.goto(`${url}/ui/sandbox`);
const pages = { jobs, sandbox };
const loaded = {};
const says = (name, what, said, arg) => pages[name].waitForFunction(said, arg).catch(() => want(false, `${name}: ${what}`));
const live = () => document.querySelector("#stream").textContent === "live";
for (const [name, page] of Object.entries(pages)) {
  await page.bringToFront(); // a page that nobody sees follows nothing
  await says(name, "is not live", live);
  loaded[name] = await page.evaluate(() => performance.timeOrigin);
}

await first.kill();
for (const name of Object.keys(pages)) {
  await pages[name].bringToFront();
  await says(name, "does not say when the server was seen last", () => /^last seen \d\d:\d\d:\d\d UTC; trying again$/.test(document.querySelector("#stream").textContent));
}

// what happens at another address is nothing that a page could have heard of; and that one is killed too
const elsewhere = await start("127.0.0.1:0");
const { jobId } = await api(elsewhere.url, "/api/v2/analytics/conversations/details/jobs", { interval: "2026-11-09/2026-11-10" });
await fetch(`${elsewhere.url}/_sandbox/clock`, { method: "POST", body: '{"advance":"2h"}', headers: { "Content-Type": "application/json" } });
await elsewhere.kill();

const second = await start(new URL(url).host);
await jobs.bringToFront();
await says("jobs", "is not live again", live);
await says("jobs", "does not show the job that came meanwhile", (n) => document.getElementById(`j${n}`)?.textContent.includes("fulfilled"), jobId);
await sandbox.bringToFront();
await says("sandbox", "is not live again", live);
await says("sandbox", "does not show the clock that was moved meanwhile", () => document.querySelector("h1").textContent.includes("10 November 2026, 14:00:00"));
for (const [name, page] of Object.entries(pages)) want(await page.evaluate(() => performance.timeOrigin) === loaded[name], `${name}: the page was loaded again`);

// whoever was signed in still is
await jobs.goto(`${url}/ui/jobs/${jobId}`);
want(jobs.url() === `${url}/ui/jobs/${jobId}` && (await jobs.innerText("h1")).includes("has found"), `after a restart: ${jobs.url()}`);
await second.kill();
await end();
