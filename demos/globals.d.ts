/** Constants that scripts/finish/bundle.mjs writes into the bundle. */
declare const MANIFEST: import("./python/start.js").Manifest;
declare const VERSION: string;
declare module "tablesort" {
  export default class Tablesort {
    static extend(name: string, pattern: (item: string) => boolean, sort: (a: string, b: string) => number): void;
    constructor(table: HTMLTableElement, options?: { descending?: boolean });
  }
}
