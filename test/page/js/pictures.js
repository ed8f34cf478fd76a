// Takes pictures of pages, at two widths, light and dark: PARLEY_PICTURES/calendar-1280-light.png and so on. Nothing moves in them.
import { chromium } from "playwright-core";

const { PARLEY_URL: url, PARLEY_ID: id, PARLEY_SECRET: secret, PARLEY_PICTURES: folder } = process.env;
const args = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--disable-lcd-text", "--force-device-scale-factor=1", "--force-color-profile=srgb"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });

const signIn = async (page) => {
  await page.goto(`${url}/ui/sign-in`);
  await page.fill("[name=client_id]", id);
  await page.fill("[name=client_secret]", secret);
  await page.click("main button");
};

// first is the first link of a page that a selector finds.
const first = async (page, path, selector) => {
  await page.goto(url + path);
  return page.locator(selector).first().getAttribute("href");
};

for (const width of [1280, 640]) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
    const page = await context.newPage();
    await page.goto(`${url}/ui/sign-in`);
    await page.screenshot({ path: `${folder}/sign-in-${width}-${colorScheme}.png`, caret: "hide" });
    await signIn(page);
    const pages = {
      calendar: "/ui/calendar/2026",
      day: "/ui/day/2026-11-04",
      conversation: await first(page, "/ui/explore", "main a[href^='/ui/conversation/']"),
      explore: "/ui/explore",
      figures: "/ui/figures",
      figure: await first(page, "/ui/figures", ".queue h2 a"),
      jobs: "/ui/jobs",
      sandbox: "/ui/sandbox",
    };
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(url + path);
      if (name === "figure") await page.locator("#large canvas").waitFor();
      if (await page.locator("#stream").count()) await page.locator("#stream", { hasText: "live" }).waitFor();
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, animations: "disabled", caret: "hide", mask: [page.locator("section[aria-labelledby=journal]")] });
    }
    await context.close();
  }
}
await browser.close();
