/**
 * Meets in a stock Firefox a release whose pages are there before its scripts, and prints as JSON what it has seen.
 *
 *     node tests/browser/release.mjs EXECUTABLE ADDRESS
 */

import { launch, listen } from "./stock.mjs";

const [executablePath, site] = process.argv.slice(2);
const browser = await launch(executablePath);
const show = (pages, files) => fetch(`${site}show?pages=${pages}&files=${files}`);
try {
  const open = async (errors = []) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(120_000); // of a machine that has much else to do
    listen(page, errors);
    await page.goto(`${site}methods/lora/`);
    return page;
  };
  const look = async (page) => {
    await page.waitForSelector("adapter-demo .controls:not([disabled]), .missing");
    return page.evaluate(() => ({
      alive: !document.querySelector(".missing"),
      release: document.documentElement.dataset.release ?? "A",
      title: document.querySelector("h1").textContent.includes("(new)"),
    }));
  };
  const seen = { errors: [] }; // on pages whose files are all there
  const tab = await open(seen.errors);
  await tab.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const kept = async () =>
      (await caches.match(location.href)) || new Promise((done) => setTimeout(() => done(kept()), 100));
    await kept();
  });
  await tab.waitForNetworkIdle(); // Firefox reports what a reload breaks off as an error of the worker
  await tab.reload();
  seen.before = await look(tab);
  seen.controlled = await tab.evaluate(() => Boolean(navigator.serviceWorker.controller));
  await show("B", "A");
  await look(await open());
  await show("B", "B");
  seen.after = await look(await open(seen.errors));
  seen.again = await look(await open(seen.errors));
  seen.errors = [...seen.errors]; // what follows asks for files that are gone
  await tab.click("details.fold:has(code-cell) > summary");
  await tab.click("code-cell button");
  await tab.waitForFunction(() => /could not/.test(document.querySelector("code-cell").textContent));
  seen.editor = await tab.$eval("code-cell button", (button) => button.textContent);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
