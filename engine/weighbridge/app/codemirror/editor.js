// The source editor of the web app: CodeMirror 6 as a Streamlit component (components v2).
//
// data:   { file, text, mode, revision, readOnly, label, diagnostics, answer, goto, phrases }
// state:  edited = { file, revision, text }        what was typed, a moment after the last key
// state:  asked  = { id, kind, file, text, offset } a question (kind "complete" or "hover"); `answer` has its id
//
// Places come and go as the server counts them: characters (code points), lines and columns from 1.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, defaultHighlightStyle, foldGutter, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const PAUSE = 350; // milliseconds without a key before the text is sent
const PATIENCE = 4000; // milliseconds to wait for an answer

const instances = new WeakMap();

/** The offset in UTF-16 units of an offset in code points. */
function toUnits(text, points) {
  let units = 0;
  for (let seen = 0; seen < points && units < text.length; seen += 1) {
    units += text.codePointAt(units) > 0xffff ? 2 : 1;
  }
  return units;
}

/** The offset in code points of an offset in UTF-16 units. */
function toPoints(text, units) {
  let points = 0;
  for (let at = 0; at < units && at < text.length; points += 1) {
    at += text.codePointAt(at) > 0xffff ? 2 : 1;
  }
  return points;
}

function position(doc, line, column) {
  if (line < 1) return 0;
  if (line > doc.lines) return doc.length;
  const found = doc.line(line);
  return Math.min(found.to, found.from + toUnits(found.text, Math.max(0, column - 1)));
}

function diagnostic(doc, problem) {
  const from = position(doc, problem.line, problem.column);
  const to = Math.max(from, position(doc, problem.end_line, problem.end_column));
  const severity = problem.severity === "note" ? "info" : problem.severity;
  return { from, to, severity, message: [problem.message, ...problem.hints].join("\n"), source: problem.code };
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--st-blue-text-color, var(--st-primary-color))" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--st-green-text-color, inherit)" },
  { tag: [tags.number, tags.bool, tags.atom, tags.keyword], color: "var(--st-orange-text-color, inherit)" },
  { tag: tags.comment, color: "var(--st-gray-text-color, gray)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--st-red-text-color, red)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--st-text-color)", backgroundColor: "var(--st-background-color)", fontSize: "13px" },
  ".cm-scroller": { fontFamily: "var(--st-code-font, monospace)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--st-text-color)" },
  ".cm-cursor": { borderLeftColor: "var(--st-text-color)" },
  ".cm-gutters": { backgroundColor: "var(--st-secondary-background-color)", color: "var(--st-text-color)", border: "none", opacity: "0.85" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--st-primary-color) 10%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--st-primary-color) 30%, transparent) !important" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--st-secondary-background-color)", color: "var(--st-text-color)", border: "1px solid var(--st-border-color, gray)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--st-primary-color)", color: "white" },
  ".cm-hover": { padding: "4px 8px", whiteSpace: "pre-wrap", maxWidth: "480px" },
  ".cm-completionDetail": { opacity: "0.7", fontStyle: "normal", marginLeft: "1em" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap" },
});

class Editor {
  constructor(host, component) {
    this.component = component;
    this.file = null;
    this.revision = null;
    this.waiting = new Map();
    this.number = 0;
    this.timer = null;
    this.quiet = false;
    this.gone = null;
    this.writable = new Compartment();
    this.named = new Compartment();
    this.view = new EditorView({ parent: host, root: host.getRootNode(), state: this.fresh("") });
  }

  fresh(text) {
    const { mode, readOnly, label, phrases } = this.component.data;
    const lines = mode === "expression" ? [EditorView.lineWrapping] : [lineNumbers(), foldGutter(), lintGutter(), highlightActiveLine(), highlightActiveLineGutter()];
    return EditorState.create({
      doc: text,
      extensions: [
        lines, history(), drawSelection(), bracketMatching(), closeBrackets(), highlightSelectionMatches(), indentUnit.of("  "),
        mode === "yaml" ? yaml() : [], syntaxHighlighting(colours), syntaxHighlighting(defaultHighlightStyle, { fallback: true }), look,
        EditorState.phrases.of(phrases ?? {}),
        autocompletion({ override: [(context) => this.complete(context)], activateOnTypingDelay: 250 }),
        hoverTooltip((view, at) => this.hover(view, at), { hoverTime: 350 }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap]),
        this.writable.of([EditorState.readOnly.of(Boolean(readOnly)), EditorView.editable.of(!readOnly)]),
        this.named.of(EditorView.contentAttributes.of({ "aria-label": label ?? "" })),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !this.quiet) this.typed();
        }),
        EditorView.domEventHandlers({ blur: () => this.send() }),
      ],
    });
  }

  /** Takes over what the server says. Text that was typed since stays unless the server has another revision. */
  take(component) {
    const before = this.component.data;
    this.component = component;
    const { data } = component;
    if (data.file !== this.file) {
      this.drop();
      this.view.setState(this.fresh(data.text));
    } else if (data.revision !== this.revision) {
      this.drop();
      this.replace(data.text);
    }
    if (data.readOnly !== before.readOnly) {
      this.view.dispatch({
        effects: this.writable.reconfigure([EditorState.readOnly.of(data.readOnly), EditorView.editable.of(!data.readOnly)]),
      });
    }
    this.file = data.file;
    this.revision = data.revision;
    if (this.timer === null) {
      const { doc } = this.view.state;
      this.view.dispatch(setDiagnostics(this.view.state, (data.diagnostics ?? []).map((p) => diagnostic(doc, p))));
    }
    this.settle(data.answer);
    this.show(data.goto);
  }

  replace(text) {
    const old = this.view.state.doc.toString();
    let start = 0;
    while (start < old.length && start < text.length && old[start] === text[start]) start += 1;
    let end = 0;
    while (end < old.length - start && end < text.length - start && old[old.length - 1 - end] === text[text.length - 1 - end]) end += 1;
    this.quiet = true;
    this.view.dispatch({ changes: { from: start, to: old.length - end, insert: text.slice(start, text.length - end) } });
    this.quiet = false;
  }

  show(place) {
    if (!place || place.id === this.gone) return;
    this.gone = place.id;
    const at = position(this.view.state.doc, place.line, place.column ?? 1);
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), PAUSE);
  }

  drop() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  send() {
    if (this.timer === null) return;
    this.drop();
    this.component.setStateValue("edited", { file: this.file, revision: this.revision, text: this.view.state.doc.toString() });
  }

  ask(kind, units) {
    const text = this.view.state.doc.toString();
    const id = `${Date.now()} ${(this.number += 1)}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle({ id, found: null }), PATIENCE);
      this.waiting.set(id, (found) => {
        clearTimeout(timer);
        resolve(found);
      });
      this.component.setStateValue("asked", { id, kind, file: this.file, text, offset: toPoints(text, units) });
    });
  }

  settle(answer) {
    if (!answer || !this.waiting.has(answer.id)) return;
    this.waiting.get(answer.id)(answer.found);
    this.waiting.delete(answer.id);
  }

  async complete(context) {
    const word = context.matchBefore(/[\p{L}\p{N}_./-]*/u);
    const before = context.state.sliceDoc(Math.max(0, context.pos - 1), context.pos);
    if (!context.explicit && (!word || word.from === word.to) && !/[.(: ]/.test(before)) return null;
    const found = await this.ask("complete", context.pos);
    if (!found || found.length === 0 || context.aborted) return null;
    const text = context.state.doc.toString();
    return {
      from: toUnits(text, found[0].start),
      to: toUnits(text, found[0].end),
      options: found.map((c, index) => ({
        label: c.label, detail: c.detail, info: c.meaning || undefined, apply: c.insert, type: c.kind, boost: -index / 10,
      })),
      validFor: /^[\p{L}\p{N}_/-]*$/u,
    };
  }

  async hover(view, at) {
    const marked = this.component.data.diagnostics ?? [];
    const doc = view.state.doc;
    if (marked.some((p) => position(doc, p.line, p.column) <= at && at <= position(doc, p.end_line, p.end_column))) return null;
    const found = await this.ask("hover", at);
    if (!found) return null;
    const text = view.state.doc.toString();
    return {
      pos: toUnits(text, found.start),
      end: toUnits(text, found.end),
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "cm-hover";
        dom.textContent = found.text;
        return { dom };
      },
    };
  }

  close() {
    this.send();
    this.view.destroy();
  }
}

export default function (component) {
  const { parentElement } = component;
  let editor = instances.get(parentElement);
  if (editor === undefined) {
    editor = new Editor(parentElement.querySelector(".editor"), component);
    instances.set(parentElement, editor);
  }
  editor.take(component);
  return () => {
    instances.delete(parentElement);
    editor.close();
  };
}
