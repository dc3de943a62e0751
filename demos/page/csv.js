/** Rows as comma-separated values. */

/** @param {(string | number | boolean)[][]} rows */
export const text = (rows) => rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";

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
