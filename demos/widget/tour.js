/**
 * Steps through a method's widget: a guess, a friendly change, a hostile and a real one, and what none of it shows.
 * A link with `guess` opens the first: it asks about the change that the link names, or about the friendly one.
 */

/**
 * @typedef {import("./draw.js").Panel} Panel
 * @typedef {HTMLElement & {fields: import("./fields.js").Field[], ownsAddress: boolean, keepAddress(): void,
 *   turn(fields: import("./fields.js").Field[]): unknown, later(action: () => void): void}} Demo
 */

const [GUESS, FRIENDLY, HOSTILE, ANSWER] = [0, 1, 2, 5];
const [WHOLE, MOST, NEAR] = [95, 60, 1.5]; // per cent, and times chance
const NAMES = ["Guess", "A friendly change", "A hostile change", "A real change", "Limits"];

/** Judgements of a share beside that of a random subspace, both in per cent, by the step, where the page says nothing of the change. @type {Record<number, (own: number, chance: number) => string>} */
const JUDGED = {
  [FRIENDLY]: (own) =>
    own > WHOLE
      ? "The change is drawn from the method’s own family, so this is no surprise. What it makes of other changes is the test."
      : "The change is drawn from the method’s own family, but is more than fits into so few parameters.",
  [HOSTILE]: (own, chance) => {
    if (own < NEAR * chance) return "A random subspace does as well or better: this change is out of its reach.";
    if (own > MOST)
      return "Of few changes here it explains less, and still it is most of this one: on a layer so small, few changes are out of reach.";
    return "Of few changes here it explains less. It is more than chance, and the rest is out of its reach.";
  },
};

/** @param {string} text */
const percent = (text) => Number(text.replace("−", "-"));

/** Read off the page what is known of whole matrices. @param {Demo} demo */
function whole(demo) {
  const template = /** @type {HTMLTemplateElement | null} */ (demo.querySelector("template.whole"));
  return template ? [document.importNode(template.content, true)] : [];
}

/** Return the page's words on a change to this method. @param {Demo} demo @param {string | undefined} world */
function written(demo, world) {
  const template = /** @type {HTMLTemplateElement | null} */ (demo.querySelector("template.written"));
  return template?.content.querySelector(`[data-world="${world}"]`)?.textContent;
}

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
  let asked = friendly; // what is to be guessed
  /** @type {string | undefined} the world of the present step, if it has one */
  let wanted;

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

  /** Return the option of a world. @param {string} name */
  const option = (name) => /** @type {HTMLOptionElement} */ (world.element.querySelector(`option[value="${name}"]`));
  /** @param {string} name */
  const told = (name) => `${option(name).text}. ${option(name).dataset.about}`;
  const next = (/** @type {string} */ label, to = present + 1) =>
    h("button", { type: "button", "data-step": `${to}` }, label);

  /** @param {string} name */
  const see = (name) => {
    wanted = name;
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
      const answer = asked === friendly ? FRIENDLY : ANSWER;
      const show = next("Show", answer);
      show.addEventListener("click", () => (guess = /** @type {HTMLInputElement} */ (slider).value));
      const skip = next("Skip", answer);
      see(asked);
      return [
        h(
          "p",
          {},
          `The wanted change: ${told(asked)} How much of it can this method describe? The answer follows your guess.`,
        ),
        h("p", { class: "guess" }, slider, said, show, skip),
      ];
    },
    () => {
      see(friendly);
      return [h("p", {}, h("span", { class: "found" }), " ", h("span", { class: "judged" })), next("A hostile change")];
    },
    () => {
      see(hostile);
      return [
        h("p", {}, `${told(hostile)} `, h("span", { class: "found" }), " ", h("span", { class: "judged" })),
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
          " ",
          h("span", { class: "judged" }),
          " Its control has the same singular values in random directions. The corner of a matrix holds little structure, so here are whole ones.",
        ),
        ...whole(demo),
        other,
        " ",
        next("Limits"),
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
    () => {
      see(asked);
      return [
        h("p", {}, `${told(asked)} `, h("span", { class: "found" }), " ", h("span", { class: "judged" })),
        next("A friendly change", FRIENDLY),
      ];
    },
  ];

  /** @param {number} to */
  const go = (to) => {
    present = to === present ? -1 : to;
    wanted = undefined;
    demo.toggleAttribute("data-guessing", present === GUESS);
    for (const [i, button] of buttons.entries()) button.setAttribute("aria-expanded", `${i === present}`);
    text.replaceChildren(...(present < 0 ? [] : contents[present]()));
    if (demo.ownsAddress) demo.later(demo.keepAddress);
    tell();
  };

  /** Closes a step when the settings are no longer its own. */
  const check = () => {
    if (wanted && (way.text !== "fitted" || world.text !== wanted)) go(-1);
  };

  /** Says what the picture shows, once it is the step's. */
  const tell = () => {
    const found = text.querySelector(".found");
    const own = demo.querySelector("[data-panel=explained] .value")?.textContent;
    const chance = demo.querySelector("[data-panel=chance] .value")?.textContent;
    if (!found || !own || shown.way !== "fitted" || shown.world !== wanted) return;
    const said = guess !== undefined && [FRIENDLY, ANSWER].includes(present) ? `You guessed ${guess} %: ` : "";
    const start = said ? "it" : "It";
    const judged = text.querySelector(".judged");
    if (judged) {
      const rule = JUDGED[present];
      judged.textContent = written(demo, wanted) ?? rule?.(percent(own), percent(chance ?? "")) ?? "";
    }
    found.textContent = `${said}${start} explains ${own} % at these settings, where a random subspace explains ${chance} %.`;
  };
  let shown = { way: way.initial, world: world.initial };
  demo.addEventListener("adapter-demo:update", (event) => {
    shown = /** @type {CustomEvent} */ (event).detail.knobs;
    check();
    tell();
  });
  for (const touched of ["input", "click"]) demo.addEventListener(touched, check);
  strip.addEventListener("click", ({ target }) => {
    const button = target instanceof Element && target.closest("button[data-step]");
    if (button) go(Number(/** @type {HTMLElement} */ (button).dataset.step));
  });
  const query = new URLSearchParams(location.search);
  if (!query.has("guess") || !demo.ownsAddress) return;
  if (query.has("world")) asked = world.text;
  go(GUESS);
}
