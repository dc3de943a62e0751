/**
 * A formula that Firefox lays out before all of it has come. That it is whole in the end is the check of the pages' HTML.
 */
const HALF_COME = /^Invalid markup: Incorrect number of children for <m\w+\/> tag\.$/;

/**
 * Gathers the messages of what goes wrong on a page.
 *
 * @param {import("puppeteer-core").Page} page
 * @param {string[]} errors Grows.
 */
export function listen(page, errors) {
  page.on("pageerror", ({ message }) => HALF_COME.test(message) || errors.push(message));
}
