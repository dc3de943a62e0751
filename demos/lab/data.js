/** Data that the build has stored for the lab (scripts/stored/lab.py), and their words. */

import { get } from "../page/files.js";

/**
 * @typedef {Record<string, string | number | boolean>} Knobs
 * `first` is whether the method's widget is the first of its page, whose settings a link may name.
 *
 * @typedef {[share: number, size: number, knobs: Knobs]} Found
 * @typedef {[knobs: string, parameters: number, share: number, kept: number]} Loss what a fit is worth to the small model
 * @typedef {{slug: string, name: string, page: string, first: boolean, worlds: Record<string, (Found | null)[]>, teachers: Record<string, Found | null>, losses: (Loss | null)[]}} Method
 * @typedef {{name: string, title: string, sentence: string, family: string | null, best: number[]}} World
 * @typedef {{size: [number, number], ranks: number[], budgets: number[], teachers: Record<string, [number, Knobs]>, methods: Method[], worlds: World[], worth: number}} Stored
 */

/** The rank at which teachers and students meet is the second one. */
const TAUGHT = 1;

/** The key of full fine-tuning's change on code. */
const REAL = "real";
const BY = "by.";

export class Data {
  /** @param {Stored} stored */
  constructor(stored) {
    this.size = stored.size;
    this.ranks = stored.ranks;
    this.budgets = stored.budgets;
    this.teachers = stored.teachers;
    this.methods = stored.methods;
    this.worlds = stored.worlds;
    this.worth = stored.worth;
  }

  static async load() {
    const response = await get("lab.json"); // the release names it here
    return new Data(await response.json());
  }

  /** A cell by its key, `method.world` or `method.by.teacher`. @param {string} key */
  cell(key) {
    const [slug, ...rest] = key.split(".");
    const goal = rest.join(".");
    const method = this.methods.find((method) => method.slug === slug);
    const world = this.worlds.find(({ name }) => name === goal);
    const teacher = goal.startsWith(BY) ? this.methods.find((method) => BY + method.slug === goal) : undefined;
    return method && (world || teacher) && { key, method, world, teacher };
  }

  /** Return a method's best fit in a cell. @param {string} key @param {number} at the place of the budget @returns {Found | null} */
  found(key, at) {
    const cell = this.cell(key);
    if (!cell) return null;
    const { method, world, teacher } = cell;
    return (world ? method.worlds[world.name]?.[at] : method.teachers[teacher?.slug ?? ""]) ?? null;
  }

  /**
   * Return the worth to the small model of a fit of four real changes.
   *
   * @param {string} key @param {number} at the place of the budget @returns {Loss | null | undefined}
   */
  loss(key, at) {
    const cell = this.cell(key);
    return cell?.world?.name === REAL ? cell.method.losses[at] : undefined;
  }

  /** The place of the budget that a cell is shown at. @param {string} key @param {number} at */
  place(key, at) {
    return this.cell(key)?.teacher ? TAUGHT : at;
  }

  /** Return the share that a random subspace of so many parameters explains. @param {number} count */
  chance(count) {
    return Math.min(1, count / (this.size[0] * this.size[1]));
  }
}

/** A share in per cent, as the tables have it. @param {number | null | undefined} share */
export const percent = (share) => (share == null ? "–" : `${Math.round(100 * share)}`.replace("-", "−"));

/** @param {Knobs} knobs */
export const settings = (knobs) =>
  Object.entries(knobs)
    .map(([name, value]) => `${name}=${typeof value === "boolean" ? (value ? "True" : "False") : value}`)
    .join(", ");

/** @type {Promise<Record<string, {limit: number, levels: string}>> | undefined} */
let pictures;

/** A world's picture, as exactly as a byte per entry tells. @param {string} name @returns {Promise<Float64Array>} */
export async function picture(name) {
  pictures ??= get("worlds.json").then((response) => response.json());
  pictures.catch(() => (pictures = undefined));
  const { levels, limit } = (await pictures)[name];
  const bytes = Uint8Array.from(atob(levels), (letter) => letter.charCodeAt(0));
  return Float64Array.from(new Int8Array(bytes.buffer), (level) => (level * limit) / 127);
}

/**
 * The table for a spreadsheet, a fit a row, with a reader's own adapter if there is one.
 *
 * @param {Data} data @param {{name: string, worlds: Record<string, (Found | null)[]>}} [own]
 */
export function rows({ methods, budgets }, own) {
  const rows = [["method", "change", "at most", "parameters", "share", "settings"]];
  /** @param {string} method @param {string} change @param {number} most @param {Found | null} found */
  const add = (method, change, most, found) =>
    found && rows.push([method, change, `${most}`, `${found[1]}`, `${found[0]}`, settings(found[2])]);
  for (const { slug, worlds, teachers } of methods) {
    for (const [name, found] of Object.entries(worlds)) found.forEach((f, i) => add(slug, name, budgets[i], f));
    for (const [name, found] of Object.entries(teachers)) add(slug, `by ${name}`, budgets[TAUGHT], found);
  }
  for (const [name, found] of Object.entries(own?.worlds ?? {}))
    found.forEach((f, i) => add(`${own?.name} (yours)`, name, budgets[i], f));
  return rows;
}
