/** Rows as comma-separated values. */

import { RELOAD } from "./files.js";

/** @param {(string | number | boolean)[][]} rows */
export const text = (rows) => [...rows.map((row) => row.map(cell).join(",")), ""].join("\n");

/** Quote a cell; a would-be formula, numbers excepted, gets the sign by which a spreadsheet takes it for text. @param {string | number | boolean} value */
function cell(value) {
  const plain = `${value}`;
  const safe = /^[=+\-@\t\r]/.test(plain) && Number.isNaN(Number(plain)) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows of comma-separated values, whose cells may be quoted (RFC 4180). @param {string} csv @returns {string[][]} */
export function rows(csv) {
  /** @type {string[][]} */
  const found = [[]];
  for (const [, plain, quoted, end] of csv.matchAll(/(?:([^",\r\n]*)|"((?:[^"]|"")*)")(,|\r?\n|$)/g)) {
    found.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ",") found.push([]);
  }
  return found.filter((row) => row.length > 1 || row[0]);
}

/** @param {string} address @returns {Promise<string>} */
export async function load(address) {
  const answer = await fetch(address).catch(() => undefined);
  if (!answer?.ok) throw new Error(`${address.split("/").pop()} could not be loaded. ${RELOAD}`);
  return answer.text();
}

/** @type {Record<string, Promise<Record<string, string>[]>>} */
const loaded = {};

/** The rows of a file, by the names of its columns; it is read once. @param {string} address */
export function records(address) {
  loaded[address] ??= load(address).then((csv) => {
    const [names, ...lines] = rows(csv);
    return lines.map((line) => Object.fromEntries(names.map((name, i) => [name, line[i]])));
  });
  loaded[address].catch(() => delete loaded[address]);
  return loaded[address];
}
