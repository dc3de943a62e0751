/**
 * Draws the stage: arrows of the start, of the target and of what the adapter makes, the angles between neighbours, and
 * what the hypothesis leaves open. The build draws stages under Node with the same code (scripts/finish/figures.mjs).
 *
 * @typedef {import("./table.js").Arrow} Arrow
 * @typedef {[tag: string, className: string, attributes: Record<string, string | number>, text?: string]} Shape
 */

import { angle, arrows, between, frame, length, measured } from "./table.js";

export const HALF = 180; // of the drawing's side, in its own units
const SCALE = 112; // of them, for an arrow of length 1
export const RIM = 1.36;
const HEAD = 9;

/** Rounded to a tenth of a unit. @param {number} x */
const short = (x) => +x.toFixed(1);
/** @param {Arrow} v */
export const place = ([x, y]) => ({ x: short(SCALE * x), y: short(-SCALE * y) });
/** @param {Arrow} v */
const at = (v) => `${place(v).x} ${place(v).y}`;
/** @param {number} x @param {number} y in units of the drawing @returns {Arrow} */
export const placed = (x, y) => [x / SCALE, -y / SCALE];
/** @param {number} turn in radians @param {number} [size] @returns {Arrow} */
const toward = (turn, size = 1) => [size * Math.cos(turn), size * Math.sin(turn)];
/** @param {number} degrees @param {number} [size] */
export const direction = (degrees, size = 1) => toward((degrees * Math.PI) / 180, size);
/** @param {Arrow} v @param {Arrow} w @param {number} [k] @returns {Arrow} */
const plus = (v, w, k = 1) => [v[0] + k * w[0], v[1] + k * w[1]];

/** @param {string} className @param {Arrow} a @param {Arrow} b @returns {Shape} */
const segment = (className, a, b) => ["path", className, { d: `M${at(a)}L${at(b)}` }];

/** @param {string} text @param {Arrow} v @returns {Shape} */
const written = (text, v) => ["text", "word", place(v), text];

/** An arc about the origin. @param {string} className @param {number} radius @param {number} from @param {number} turn in radians @returns {Shape} */
function arc(className, radius, from, turn) {
  const [big, way] = [+(Math.abs(turn) > Math.PI), +(turn < 0)];
  const r = short(SCALE * radius);
  return [
    "path",
    className,
    { d: `M${at(toward(from, radius))}A${r} ${r} 0 ${big} ${way} ${at(toward(from + turn, radius))}` },
  ];
}

/** @param {string} className @param {Arrow} v @returns {Shape[]} */
function arrow(className, v) {
  const [turn, size] = [angle(v), length(v)];
  const head = Math.min(HEAD / SCALE, size / 2);
  const side = (/** @type {number} */ way) => plus(v, toward(turn + way, head));
  return [
    segment(className, [0, 0], toward(turn, size - 0.8 * head)),
    ["path", `${className} head`, { d: `M${at(v)}L${at(side(2.7))}L${at(side(-2.7))}Z` }],
  ];
}

/**
 * Lines of what the hypothesis leaves open, and of the neurons' paths, by the kind of its handles.
 *
 * @type {Record<import("./table.js").Kind, (view: View) => Shape[]>}
 */
const GUIDES = {
  line: ({ held, feet }) => {
    const along = direction(held[0]);
    return [
      ...feet.map((foot) => segment("guide", plus(foot, along, -4), plus(foot, along, 4))),
      ...feet.map(
        (foot) => /** @type {Shape} */ (["circle", "foot", { cx: place(foot).x, cy: place(foot).y, r: 2.5 }]),
      ),
      segment("axis", direction(held[0], -RIM), direction(held[0], RIM)),
    ];
  },
  wheel: ({ held }) => [
    ["circle", "guide", { cx: 0, cy: 0, r: short(SCALE * RIM) }],
    segment("guide", [0, 0], direction(WHEEL, RIM)),
    arc("sweep", RIM, (WHEEL * Math.PI) / 180, (held[0] * Math.PI) / 180),
  ],
  tip: ({ W }) => W.map((v) => segment("guide", [0, 0], toward(angle(v), 3))),
  dial: ({ held }) =>
    TRACK.lefts.flatMap((left, i) => [
      segment("track", [left, TRACK.height], [left + TRACK.width, TRACK.height]),
      segment("sweep", [left, TRACK.height], [left + held[i] * TRACK.width, TRACK.height]),
      written(DIALS[i].name, [left + TRACK.width - DIALS[i].wide, TRACK.height + 0.13]), // to the right: neuron 7 ends at the left
    ]),
};

/** What the two dials move, and the room that the word takes. */
const DIALS = [
  { name: "direction", wide: 0.58 },
  { name: "length", wide: 0.42 },
];

/** The place of the two dials. */
export const TRACK = { lefts: [-1.36, 0.24], width: 1.12, height: -1.5 };

/** The angle of the wheel's handle before it is turned, in degrees. */
export const WHEEL = 110;

/** @param {View} view @returns {Shape[]} */
function ways({ W, made, handles }) {
  if (handles[0].kind === "wheel") return W.map((v, i) => arc("trail", length(v), angle(v), between(v, made[i])));
  if (handles[0].kind !== "dial") return W.map((v, i) => segment("trail", v, made[i]));
  return W.flatMap((v, i) => [
    arc("trail", length(v), angle(v), between(v, made[i])),
    segment("trail", toward(angle(made[i]), length(v)), made[i]),
  ]);
}

/**
 * @typedef {ReturnType<typeof view>} View
 * @param {import("./table.js").Stored} stored @param {string} slug @param {string} target @param {number[]} held
 */
export function view(stored, slug, target, held) {
  const { unit, alike } = stored;
  const method = stored.methods[slug];
  const W = arrows(stored.W, unit);
  const made = frame(method, target, held, W, unit);
  const wanted = arrows(stored.targets[target].weight, unit);
  const feet = arrows(method.feet, unit);
  return { held, W, made, wanted, feet, handles: method.handles, ...measured(W, made, wanted, alike) };
}

/** All shapes, from the back to the front; their number and order are those of the method. @param {View} view @returns {Shape[]} */
export function shapes(view) {
  const { W, made, wanted, angles, handles } = view;
  const gripped = handles[0].kind === "tip"; // a handle is the head
  return [
    ...GUIDES[handles[0].kind](view),
    ...angles.map((kept, i) =>
      arc(kept ? "kept" : "lost", 0.2 + 0.05 * (i % 2), angle(made[i]), between(made[i], made[(i + 1) % W.length])),
    ),
    ...W.flatMap((v) => arrow("ghost", v)),
    ...ways(view),
    ...wanted.flatMap((v) => [
      segment("wish", [0, 0], v),
      /** @type {Shape} */ (["circle", "wish", { cx: place(v).x, cy: place(v).y, r: 6.5 }]),
    ]),
    ...made.flatMap((v) => (gripped ? [segment("arrow", [0, 0], v)] : arrow("arrow", v))),
    ...made.map((v, i) => {
      const { x, y } = place(plus(v, toward(angle(v) + 0.4, 0.19)));
      return /** @type {Shape} */ (["text", "name", { x, y: y + 4 }, `${i + 1}`]);
    }),
  ];
}

/** @param {Shape[]} shapes */
export const markup = (shapes) =>
  shapes
    .map(([tag, className, attributes, text = ""]) => {
      const more = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
      return `<${tag} class="${className}"${more.join("")}>${text}</${tag}>`;
    })
    .join("");

/** Say what is kept and explained. @param {View} view */
export const says = ({ explained, angles, lengths }) =>
  `${Math.round(100 * Math.max(0, explained))} % explained, ${count(angles)} angles and ${count(lengths)} lengths kept`;

/** @param {boolean[]} kept */
export const count = (kept) => `${kept.filter(Boolean).length} of ${kept.length}`;
