/**
 * Visits the site in a stock Firefox and prints as JSON what it has seen.
 *
 *     node tests/browser/firefox.mjs EXECUTABLE ADDRESS CODES
 *
 * CODES is a list in JSON: what is run in a cell, one after the other.
 */

import { deflateRawSync } from "node:zlib";

import { launch, listen } from "./stock.mjs";

const [executablePath, site, codes] = process.argv.slice(2);
const browser = await launch(executablePath);
/** A page with patience for a machine that has much else to do. */
const open = async (context = browser.defaultBrowserContext()) => {
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  return page;
};
try {
  const page = await open();
  const errors = [];
  listen(page, errors);
  await page.evaluateOnNewDocument(() => {
    window.updates = [];
    window.states = [];
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ blockedURI }) => window.violations.push(blockedURI));
    const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
    document.addEventListener("adapter-demo:update", ({ target, detail }) => {
      window.states.push(target.dataset.state);
      if (!detail.stored) window.updates.push(JSON.parse(JSON.stringify(detail, plain)));
    });
  });
  const enabled = () => page.waitForSelector("adapter-demo .aim:not([disabled])");
  /** Chooses a random step, which Python answers at once. */
  const touch = async () => {
    await page.evaluate(() => document.querySelector("adapter-demo [name=way][value=random]").click());
    await page.waitForFunction(() => updates.at(-1)?.knobs.way === "random");
  };
  const move = async (name, key) => {
    const before = await page.evaluate(() => updates.length);
    await page.focus(`adapter-demo [name=${name}]`);
    await page.keyboard.press(key);
    await page.waitForFunction((count) => updates.length > count, {}, before);
    return page.evaluate(() => updates.at(-1));
  };
  const look = () =>
    page.evaluate(() => {
      const demo = document.querySelector("adapter-demo");
      const picture = demo.querySelector(".matrix img");
      return {
        method: demo.method,
        state: demo.dataset.state,
        knobs: demo.knobs,
        picture: Boolean(picture?.complete && picture.naturalWidth),
        sentence: demo.querySelector(".sentence").textContent,
        address: location.href,
        width: document.documentElement.scrollWidth,
      };
    });

  const seen = { version: await browser.version() };
  await page.setViewport({ width: 390, height: 844 });
  await page.goto(`${site}methods/lora/`);
  await enabled();
  seen.stored = await look();
  await touch();
  seen.live = await move("rank", "ArrowRight");
  await page.waitForFunction(() => location.search === "?way=random&world=few&rank=3");
  seen.afterwards = await look();

  await page.evaluate(() => {
    window.sameVisit = true;
    document.querySelector("a[href$='/oft/']").click();
  });
  await page.waitForSelector("adapter-demo[method=oft] .aim:not([disabled])");
  await page.evaluate(() => {
    window.loaded = performance.getEntriesByType("resource").length;
    const note = ({ target }) => window.states.push(target.dataset.state);
    new MutationObserver((records) => records.forEach(note)).observe(document.querySelector("adapter-demo"), {
      attributeFilter: ["data-state"],
    });
    window.states.length = 0;
  });
  await touch();
  seen.next = await move("step", "ArrowLeft");
  seen.sameVisit = await page.evaluate(() => window.sameVisit === true);
  seen.states = await page.evaluate(() => window.states);

  await page.goto(`${site}methods/lora/?rank=6&alpha=nonsense`);
  await page.waitForSelector(
    "adapter-demo:is([data-state=stored], [data-state=live]):not([data-stale]) [name=rank]:enabled",
  );
  seen.restored = await look();
  seen.problem = await page.$eval("adapter-demo .problem", (element) => element.textContent);
  seen.violations = await page.evaluate(() => violations);

  seen.cell = [];
  const playground = await open(); // where the worker tries the policy, which is reported as an error
  await playground.goto(`${site}playground/`);
  for (const code of JSON.parse(codes)) {
    const letters = deflateRawSync(code).toString("base64url");
    await playground.evaluate((hash) => void (location.hash = hash), `edit=start.${letters}`);
    const says = (words) =>
      playground.waitForFunction(
        (words) => new RegExp(words).test(document.querySelector("code-cell[name=start] .status")?.textContent),
        {},
        words,
      );
    await says("It has not run");
    await playground.$eval("code-cell[name=start] [name=run]", (button) => button.click());
    await says("^(Finished|Stopped|Line|Python broke)");
    seen.cell.push(
      await playground.$eval("code-cell[name=start]", (cell) => ({
        status: cell.querySelector(".status").textContent,
        output: cell.querySelector(".output").textContent,
      })),
    );
  }

  // this browser never asks again for a script that did not arrive
  const other = await open(await browser.createBrowserContext());
  let missing = true;
  await other.setRequestInterception(true);
  other.on("request", (request) =>
    missing && /\/chart-[^/]+\.js/.test(request.url()) ? request.abort() : request.continue(),
  );
  const failed = new Promise((done) =>
    other.on("requestfailed", (request) => /\/chart-/.test(request.url()) && done()),
  );
  await other.goto(`${site}methods/lora/`);
  await failed;
  missing = false;
  await other.focus("adapter-demo [name=rank]");
  await other.keyboard.press("ArrowLeft");
  await other.waitForSelector("adapter-demo:is([data-state=live], [data-state=error])");
  seen.late = await other.$eval("adapter-demo", (demo) => demo.dataset.state);
  console.log(JSON.stringify({ ...seen, errors }));
} finally {
  await browser.close();
}
