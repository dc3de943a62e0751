/** Constants that scripts/bundle.mjs writes into the bundle. */
declare const MANIFEST: import("./boot.js").Manifest & { version: string };
declare const WORKER: string;
declare const VERSION: string;

declare module "tablesort" {
  export default class Tablesort {
    static extend(name: string, pattern: (item: string) => boolean, sort: (a: string, b: string) => number): void;
    constructor(table: HTMLTableElement, options?: { descending?: boolean });
  }
}
declare const SANDBOX: string;
