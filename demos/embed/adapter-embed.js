/**
 * <adapter-embed page="methods/lora/" part="try-lora" settings="rank=4">: a widget, figure or table of Adapters as
 * Hypotheses on any page. This one module needs nothing else. The part comes in a frame, so it takes neither styles nor
 * scripts from the page around it; the frame has the height that the part says it needs.
 *
 * `part` is the first one of the page where it is left out; the foot of each page lists them. `site` is where the site is,
 * for one's own copy of it.
 */

const HOME = "https://adapters-as-hypotheses.github.io/";
const HEIGHT = 600; // pixels, until the part says its own

/** Outside of a browser, as where a page is made on a server, there are no elements. */
const Base = globalThis.HTMLElement ?? class {};

export class AdapterEmbed extends Base {
  static observedAttributes = ["page", "part", "settings", "site"];
  #gone = new AbortController();

  connectedCallback() {
    this.#gone = new AbortController();
    this.style.display ||= "block";
    addEventListener("message", (event) => this.#fit(event), { signal: this.#gone.signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#show();
  }

  /** The address of the part. @returns {string} Throws what is wrong with an attribute. */
  get address() {
    const site = new URL(this.getAttribute("site") || HOME);
    const page = this.getAttribute("page");
    if (!page) throw new Error('page is missing: it is the address below the site\'s, such as "methods/lora/".');
    const url = new URL(page, site);
    if (url.origin !== site.origin || !/^https?:$/.test(url.protocol))
      throw new Error(`page is ${JSON.stringify(page)}, which leads away from ${site.origin}.`);
    url.search = this.getAttribute("settings") ?? "";
    url.searchParams.set("embed", this.getAttribute("part") ?? "");
    return url.href;
  }

  #show() {
    try {
      const frame = this.querySelector("iframe") ?? document.createElement("iframe");
      if (frame.src === this.address) return;
      frame.src = this.address;
      frame.title = this.title || "Adapters as Hypotheses";
      frame.loading = "lazy";
      frame.style.cssText = `border:0;width:100%;height:${HEIGHT}px`;
      this.replaceChildren(frame);
    } catch (error) {
      this.textContent = `adapter-embed: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** @param {MessageEvent} event */
  #fit({ source, data }) {
    const frame = this.querySelector("iframe");
    if (frame && source === frame.contentWindow && data?.embedHeight > 0) frame.style.height = `${data.embedHeight}px`;
  }
}

globalThis.customElements?.define("adapter-embed", AdapterEmbed);
