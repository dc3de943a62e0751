/** Constants that scripts/finish/bundle.mjs writes into the bundle. */
declare const MANIFEST: import("./python/boot.js").Manifest & { version: string };
declare const WORKER: string;
declare const SANDBOX: string;
declare const CELL_STYLE: string;
declare const VERSION: string;
/**
 * What belongs to the release: scripts/finish/release.py. `immutable` is the pattern of addresses whose content never changes, `files`
 * are those that the release has, `groups` what is kept together.
 */
declare const RELEASE: { version: string; immutable: string; files: string[]; groups: Record<string, string[]> };

declare module "tablesort" {
  export default class Tablesort {
    static extend(name: string, pattern: (item: string) => boolean, sort: (a: string, b: string) => number): void;
    constructor(table: HTMLTableElement, options?: { descending?: boolean });
  }
}
