/** Constants that scripts/finish/bundle.mjs writes into the bundle. */
declare const MANIFEST: import("./python/start.js").Manifest;
declare const VERSION: string;
/**
 * What belongs to the release: scripts/finish/release.py. `named` is the pattern of addresses with a digest of the content, `groups` is
 * what is kept together, `others` are files that are kept when a page has loaded them.
 */
declare const RELEASE: { version: string; named: string; others: string[]; groups: Record<string, string[]> };

declare module "tablesort" {
  export default class Tablesort {
    static extend(name: string, pattern: (item: string) => boolean, sort: (a: string, b: string) => number): void;
    constructor(table: HTMLTableElement, options?: { descending?: boolean });
  }
}
