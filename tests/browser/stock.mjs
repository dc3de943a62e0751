import puppeteer from "puppeteer-core";

/**
 * A formula that Firefox lays out before all of it has come. That it is whole in the end is the check of the pages' HTML.
 */
const HALF_COME = /^Invalid markup: Incorrect number of children for <m\w+\/> tag\.$/;

/**
 * Launches a stock Firefox, patient with a machine that has much else to do.
 *
 * It fetches no page ahead (`rel="next"`): what it breaks off of that, it reports now and then as an error of the worker.
 *
 * @param {string} executablePath
 */
export const launch = (executablePath) =>
  puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    timeout: 600_000,
    extraPrefsFirefox: { "network.prefetch-next": false },
  });

/**
 * Gathers the messages of what goes wrong on a page.
 *
 * @param {import("puppeteer-core").Page} page
 * @param {string[]} errors Grows.
 */
export function listen(page, errors) {
  page.on("pageerror", ({ message }) => HALF_COME.test(message) || errors.push(message));
}
