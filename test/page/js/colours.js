// Looks at the colours of pages: those of the system, those that somebody chooses, and few.
export async function colours({ open, want, url, audit }) {
  const page = await open({ colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = "rgb(20, 23, 28)";
  await page.goto(`${url}/ui/calendar/2026`);
  want(await paper() !== dark, "a light system gets dark pages");
  await page.click("text=dark colours");
  want(await paper() === dark, "dark colours are not dark");
  await page.goto(`${url}/ui/figures`);
  want(await paper() === dark && await page.locator("html[data-scheme=dark]").count() === 1, "another page forgets the colours");
  await page.emulateMedia({ media: "print" });
  want(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme) === "light", "dark pages are printed dark");
  await page.emulateMedia({ media: "screen" });
  await page.click("text=light colours");
  want(await paper() !== dark && await page.locator("html[data-scheme]").count() === 0, "the colours of the system do not come back");
  await page.context().close();

  const few = await open({ forcedColors: "active" });
  await few.goto(`${url}/ui/calendar/2026`);
  const edge = await few.locator(".month td.gap").first().evaluate((day) => getComputedStyle(day).outlineStyle);
  want(edge === "double", `in few colours a missing day has the edge ${edge}`);
  await audit(few, "calendar-forced");
  await few.context().close();
}
