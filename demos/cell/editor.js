/** CodeMirror as the cells use it. Its colours are the theme's. */

import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, drawSelection, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

/** The start of a line. @type {import("@codemirror/state").StateEffectType<number | undefined>} */
const setMark = StateEffect.define();

/** The line that an error comes from, until the text changes. */
const mark = StateField.define({
  create: () => Decoration.none,
  update(marks, { docChanged, effects }) {
    for (const effect of effects) {
      if (!effect.is(setMark)) continue;
      const from = effect.value;
      return from === undefined
        ? Decoration.none
        : Decoration.set(Decoration.line({ class: "error-line" }).range(from));
    }
    return docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const theme = EditorView.theme({
  "&": { backgroundColor: "var(--md-code-bg-color)", color: "var(--md-code-fg-color)" },
  "&.cm-focused": { outline: "2px solid var(--md-accent-fg-color)" },
  ".cm-scroller": { fontFamily: "var(--md-code-font-family)", lineHeight: "1.4", maxHeight: "70vh", overflow: "auto" },
  ".cm-content": { caretColor: "currentColor" },
  ".cm-cursor": { borderLeftColor: "currentColor" },
  ".cm-gutters": { backgroundColor: "var(--md-code-bg-color)", border: "0", color: "var(--md-code-hl-comment-color)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--md-accent-fg-color--transparent)",
  },
});

/**
 * @param {object} options
 * @param {HTMLElement} options.parent
 * @param {string} options.text
 * @param {string} options.label
 * @param {string} options.hint The id of the element that tells the keys.
 * @param {() => void} options.run What Ctrl-Enter does.
 * @param {(text: string) => void} options.changed
 */
export function edit({ parent, text, label, hint, run, changed }) {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([{ key: "Mod-Enter", run: () => (run(), true), preventDefault: true }]),
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint, tabindex: "0" }),
        EditorView.updateListener.of(({ docChanged, state }) => docChanged && changed(state.doc.toString())),
        [history(), drawSelection(), lineNumbers(), bracketMatching(), indentOnInput(), indentUnit.of("    ")],
        [python(), syntaxHighlighting(classHighlighter), mark, theme],
      ],
    }),
  });
  return {
    get text() {
      return view.state.doc.toString();
    },

    /** Set the text so that it can be undone, also right after a key, whose change it must not join. */
    set text(text) {
      const changes = { from: 0, to: view.state.doc.length, insert: text };
      view.dispatch({ changes, annotations: isolateHistory.of("full") });
    },

    /** Marks a line and shows it; without a line, takes the mark away. @param {number} [line] */
    mark(line = 0) {
      const { doc } = view.state;
      const from = Number.isInteger(line) && line >= 1 && line <= doc.lines ? doc.line(line).from : undefined;
      const show = from === undefined ? [] : [EditorView.scrollIntoView(from, { y: "center" })];
      view.dispatch({ effects: [setMark.of(from), ...show] });
    },

    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
