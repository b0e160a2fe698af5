// The pages as people see them, in a real browser without a network: the interactive documentation finds its
// operations, and "try it out" on the members shows data; the home page shows the live composition in three
// languages, on a phone's and a desk's width, without JavaScript. Run by .ci/run against a running server:
//
//   node tests/browser/pages.mjs URL FOLDER     (screenshots go into FOLDER)
//
// Needs playwright-core and a Chromium, at CHROMIUM or /usr/bin/chromium.

import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
assert(base && folder, "usage: pages.mjs URL FOLDER");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});

/** A page that fails the test for a request to anybody else, and for anything that the browser complains about. */
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && origin !== new URL(base).origin) complaints.push(`request to ${request.url()}`);
  });
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, done: async () => { assert.deepEqual(complaints, []); await context.close(); } };
}

async function documentation() {
  const { page, done } = await open({ viewport: { width: 1280, height: 1600 } });
  await page.goto(`${base}/docs`);
  const operation = page.locator("#operations-members-listMembers");
  await operation.waitFor();
  const shown = await page.locator(".opblock").count();
  const described = await (await fetch(`${base}/openapi.json`)).json();
  const operations = Object.values(described.paths).flatMap((path) => Object.keys(path));
  assert.equal(shown, operations.length, "every operation is shown");

  await operation.locator(".opblock-summary-control").click();
  // Swagger UI fills in the examples of the document: they must work together, as a newcomer tries them.
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().includes("/api/v1/members")),
    operation.locator("button.execute").click(),
  ]);
  assert.equal(answer.status(), 200, `${answer.url()}: ${await answer.text()}`);
  const body = await answer.json();
  assert(body.data.length > 0 && body.page.total === body.data.length, "the examples find members");
  const live = operation.locator(".live-responses-table .highlight-code");
  await live.getByText(body.data[0].slug).first().waitFor();
  assert.equal(await operation.locator(".live-responses-table tbody .response-col_status").first().innerText(), "200");
  await live.scrollIntoViewIfNeeded();
  await page.screenshot({ path: join(folder, "docs.png") });
  await done();
  return `${shown} operations, ${body.page.total} members by "try it out"`;
}

async function home(language, width) {
  const { page, done } = await open({ viewport: { width, height: 900 }, javaScriptEnabled: false, locale: "de" });
  await page.goto(`${base}/?lang=${language}`);
  const { composition } = await (await fetch(`${base}/api/v1/network?lang=${language}`)).json();
  const html = page.locator("html");
  assert.equal(await html.getAttribute("lang"), language);
  assert.equal(await html.getAttribute("dir"), language === "ar" ? "rtl" : "ltr");
  assert.match(await page.locator(".total").innerText(), new RegExp(`^${composition.computed.total}\\b`));
  const figures = (await page.locator(".figures li").allInnerTexts()).map((text) => text.split(/\s+/).filter(Boolean));
  const expected = composition.computed.by_kind.filter((kind) => kind.count > 0);
  assert.deepEqual(figures.map(([count]) => Number(count)), expected.map((kind) => kind.count));
  for (const [at, kind] of expected.entries()) {
    assert.equal(figures[at].slice(1).join(" "), kind.label[language]);
  }
  const [start, end] = [await page.locator("h1").boundingBox(), page.viewportSize()];
  assert(start.x >= 0 && start.x + start.width <= end.width, "the heading fits the page");
  await page.screenshot({ path: join(folder, `home-${language}-${width}.png`), fullPage: true });
  await done();
}

/** With JavaScript only to measure: nothing is wider than the screen. */
async function fits(language, width) {
  const { page, done } = await open({ viewport: { width, height: 900 } });
  await page.goto(`${base}/?lang=${language}`);
  const [wanted, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(wanted <= there, `the page in ${language} is ${wanted} wide on a screen of ${there}`);
  await done();
}

try {
  console.log(`documentation: ${await documentation()}`);
  for (const language of ["ar", "fr", "en"]) {
    for (const width of [360, 1280]) {
      await home(language, width);
      await fits(language, width);
    }
  }
  console.log("home page: 3 languages, 2 widths, without JavaScript");
} finally {
  await browser.close();
}
