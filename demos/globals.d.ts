/** Constants that scripts/bundle.mjs writes into the bundle. */
declare const MANIFEST: import("./boot.js").Manifest & { version: string };
declare const WORKER: string;
declare const VERSION: string;
