// Looks at the page of figures: the large chart with its cursor, what a point opens, and the same without script.

// checkFigures opens pages by open, and says by want what is not as it should be.
export async function checkFigures(open, url, want) {
  const page = await open();
  await page.goto(`${url}/ui/figures`);
  await page.locator("a.small").first().click();
  await page.waitForURL("**figure=serviceLevel**");
  await page.getByRole("link", { name: "Offered", exact: true }).click();
  await page.locator("#large canvas").waitFor();
  want(await page.locator("#large a.point").count() === 0, "the chart of the server stands beside that of the script");
  const over = page.locator("#large .u-over");
  const { width, height } = await over.boundingBox();
  await over.hover({ position: { x: width / 2, y: height / 2 } });
  const told = await page.locator("#large .u-legend").innerText();
  want(/\d/.test(told), `the cursor tells ${told}`);
  const rows = page.locator(".figures tbody th a");
  await over.hover({ position: { x: (width * 0.8) / await rows.count(), y: height / 2 } });
  const [first, under] = (await Promise.all([rows.first().innerText(), page.locator("#large .u-legend").innerText()])).map((text) => text.match(/\d+ \w+/)?.[0]);
  want(first === under, `the first bar is cut: over its right part the cursor tells ${under}, and not ${first}`);
  const days = await rows.evaluateAll((links) => links.map((a) => new URL(a.href).searchParams.get("from")));
  await page.route("**/ui/explore**", (r) => r.fulfill({ contentType: "text/html", body: "<!doctype html><title>explore</title>" }));
  const asked = page.waitForRequest("**/ui/explore?figure=*");
  await over.click({ position: { x: width / 2, y: height / 2 } });
  const { figure, from } = Object.fromEntries(new URL((await asked).url()).searchParams);
  want(days.includes(from), `the point opens ${from}, which is no row of the table`);
  want(figure === "offered", `the point opens ${figure}`);
  await page.context().close();

  const bare = await open({ javaScriptEnabled: false });
  await bare.goto(`${url}/ui/figures`);
  await bare.selectOption("[name=queue]", { index: 1 });
  await bare.selectOption("[name=granularity]", "hour");
  await bare.getByRole("button", { name: "Show" }).click();
  want(bare.url().includes("granularity=hour"), `the form leads to ${bare.url()}`);
  want(await bare.locator("#large a.point").count() > 0, "without script there is no chart");
  want(await bare.locator(".figures tbody tr").count() === 168, "a week does not have 168 hours");
  await bare.context().close();
}
