// Measures pages in a real browser: for each path, when it is first painted and what it sent. Prints a JSON array; make bench runs it.
//
// Each load has an empty cache and a browser that is warm. Sizes are those of bodies as they were sent, compressed.
import { chromium } from "playwright-core";

const { PARLEY_URL: url, PARLEY_ID: id, PARLEY_SECRET: secret, PARLEY_PATHS: paths, PARLEY_LOADS: loads } = process.env;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });

const signedIn = async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/ui/sign-in`);
  await page.fill("[name=client_id]", id);
  await page.fill("[name=client_secret]", secret);
  await page.click("main button");
  const state = await context.storageState();
  await context.close();
  return state;
};

// told is what the browser knows of the load of a page, once something was painted.
const told = async () => {
  const paint = await new Promise((done) => new PerformanceObserver((list) => {
    const first = list.getEntriesByName("first-contentful-paint")[0];
    if (first) done(first.startTime);
  }).observe({ type: "paint", buffered: true }));
  const [page] = performance.getEntriesByType("navigation");
  const sent = (ext) => performance.getEntriesByType("resource").filter((r) => new URL(r.name).pathname.endsWith(ext)).reduce((n, r) => n + r.encodedBodySize, 0);
  return { paint, server: page.responseStart - page.requestStart, html: page.encodedBodySize, whole: page.decodedBodySize, script: sent(".js"), style: sent(".css") };
};

// Keys that most pages know. Others do nothing with them.
const keys = ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "m", "+", "0"];

// pressed is the longest time from a key to what is painted next. The browser tells of none that is shorter than 16 ms, and rounds to 8.
const pressed = async (page) => {
  await page.evaluate(() => {
    window.slowest = 16;
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) window.slowest = Math.max(window.slowest, e.duration);
    }).observe({ type: "event", durationThreshold: 16 });
  });
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  return page.evaluate(() => window.slowest);
};

const state = await signedIn();
const out = [];
for (const path of JSON.parse(paths)) {
  for (let n = 0; n < Number(loads); n++) {
    const context = await browser.newContext({ storageState: state, viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const answer = await page.goto(url + path, { timeout: 120_000 });
    if (answer.status() !== 200) throw new Error(`${path}: ${answer.status()}`);
    out.push({ path, ...await page.evaluate(told), input: await pressed(page) });
    await context.close();
  }
}
await browser.close();
console.log(JSON.stringify(out));
