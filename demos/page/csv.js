/** Rows as comma-separated values. */

/** @param {(string | number | boolean)[][]} rows */
export const text = (rows) => [...rows.map((row) => row.map(cell).join(",")), ""].join("\n");

/** Quote a cell; a would-be formula, numbers excepted, gets the sign by which a spreadsheet takes it for text. @param {string | number | boolean} value */
function cell(value) {
  const plain = `${value}`;
  const safe = /^[=+\-@\t\r]/.test(plain) && Number.isNaN(Number(plain)) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
