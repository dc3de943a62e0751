/** Steps through a method's widget: a guess, a friendly change, a hostile and a real one, and what none of it shows. */

/**
 * @typedef {import("./draw.js").Panel} Panel
 * @typedef {HTMLElement & {fields: import("./fields.js").Field[],
 *   turn(fields: import("./fields.js").Field[]): unknown}} Demo
 */

const NAMES = ["Guess", "A friendly change", "A hostile change", "A real change", "What this does not show"];

/** @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Fills the widget's strip of steps. @param {Demo} demo */
export function tour(demo) {
  const strip = /** @type {HTMLElement} */ (demo.querySelector(".tour"));
  const { friendly = "", hostile = "" } = /** @type {HTMLElement} */ (demo.querySelector("form")).dataset;
  const world = demo.fields.find(({ name }) => name === "world");
  const way = demo.fields.find(({ name }) => name === "way");
  if (!strip || !friendly || !world || !way) return;
  /** @type {string | undefined} */
  let guess;
  let present = -1;

  const buttons = NAMES.map((name, i) =>
    h(
      "button",
      { type: "button", "data-step": `${i}`, "aria-expanded": "false" },
      h("span", {}, `${i + 1}`),
      " ",
      name,
    ),
  );
  const text = h("div", { class: "step", "aria-live": "polite" });
  strip.replaceChildren(h("div", { class: "steps" }, ...buttons), text);
  strip.hidden = false;

  /** What is said of a world. @param {string} name */
  const option = (name) => /** @type {HTMLOptionElement} */ (world.element.querySelector(`option[value="${name}"]`));
  /** @param {string} name */
  const told = (name) => `${option(name).text}. ${option(name).dataset.about}`;
  const next = (/** @type {string} */ label, to = present + 1) =>
    h("button", { type: "button", "data-step": `${to}` }, label);

  /** @param {string} name */
  const see = (name) => {
    const moved = [
      ...(way.text === "fitted" ? [] : [{ field: way, to: "fitted" }]),
      ...(world.text === name ? [] : [{ field: world, to: name }]),
    ];
    for (const { field, to } of moved) field.text = to;
    if (moved.length) demo.turn(moved.map(({ field }) => field));
  };

  const contents = [
    () => {
      const slider = h("input", {
        type: "range",
        min: "0",
        max: "100",
        step: "1",
        value: "50",
        "aria-label": "Your guess in per cent",
      });
      const said = h("output", {}, "50 %");
      slider.addEventListener(
        "input",
        () => (said.textContent = `${/** @type {HTMLInputElement} */ (slider).value} %`),
      );
      const show = next("Show");
      show.addEventListener("click", () => (guess = /** @type {HTMLInputElement} */ (slider).value));
      const skip = next("Skip");
      see(friendly);
      return [
        h(
          "p",
          {},
          `A change is wanted. ${told(friendly)} How much of it can this method describe? The picture shows what is wanted; what the method makes of it follows your guess.`,
        ),
        h("p", { class: "guess" }, slider, said, show, skip),
      ];
    },
    () => {
      see(friendly);
      return [
        h(
          "p",
          {},
          h("span", { class: "found" }),
          " This is the change that the method believes in; it is drawn from its own family, so that it wins here is no surprise. What it makes of other changes is the test.",
        ),
        next("A hostile change"),
      ];
    },
    () => {
      see(hostile);
      return [
        h(
          "p",
          {},
          `${told(hostile)} `,
          h("span", { class: "found" }),
          " It explains less of this one than of nearly any other change here. Only where the share is near that of a random subspace is the change out of its reach.",
        ),
        next("A real change"),
      ];
    },
    () => {
      see("real");
      const other = h("button", { type: "button" }, "See its control");
      other.addEventListener("click", () => {
        const control = world.text !== "control";
        see(control ? "control" : "real");
        other.textContent = control ? "Back to the real change" : "See its control";
      });
      return [
        h(
          "p",
          {},
          `${told("real")} `,
          h("span", { class: "found" }),
          " Its control has the same singular values in random directions: a method that explains more of the real change has found directions that mean something. How few directions hold most of it is the same in both.",
        ),
        other,
        " ",
        next("What this does not show"),
      ];
    },
    () => [
      h(
        "p",
        {},
        "A fit says what a method can describe, not how easily training gets there: choose “Trained” to see what some steps do. A small error of a weight need not mean a small loss on a task. And one matrix of one small model is no proof: the evidence below and the page Real changes ask more of them.",
      ),
      next("Close", -1),
    ],
  ];

  /** @param {number} to */
  const go = (to) => {
    present = to === present ? -1 : to;
    demo.toggleAttribute("data-guessing", present === 0);
    for (const [i, button] of buttons.entries()) button.setAttribute("aria-expanded", `${i === present}`);
    text.replaceChildren(...(present < 0 ? [] : contents[present]()));
    tell();
  };

  /** Says what the picture shows, once it is the step's. */
  const tell = () => {
    const found = text.querySelector(".found");
    const own = demo.querySelector(".gauges [data-panel=explained] .value")?.textContent;
    const chance = demo.querySelector(".gauges [data-panel=chance] .value")?.textContent;
    if (!found || !own || world.text !== drawn()) return;
    const said = guess !== undefined && present === 1 ? `You guessed ${guess} %: ` : "";
    const start = said ? "it" : "It";
    found.textContent = `${said}${start} explains ${own} % at these settings, where a random subspace explains ${chance} %.`;
  };
  let shown = world.text;
  const drawn = () => shown;
  demo.addEventListener("adapter-demo:update", (event) => {
    shown = /** @type {CustomEvent} */ (event).detail.knobs.world;
    if (present === 0 && world.text !== friendly) go(-1); // the reader has chosen another change
    tell();
  });
  strip.addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest("button[data-step]");
    if (button) go(Number(/** @type {HTMLElement} */ (button).dataset.step));
  });
}
