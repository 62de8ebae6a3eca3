// The input cell: an editor whose questions (completion, signature, documentation) the session answers.
import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension, MapMode, Prec, StateEffect, StateField } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, showTooltip, type Tooltip } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { CompletenessResult } from "../../vscode/src/protocol";
import { element } from "./elements.ts";
import type { CompletionItem, CompletionList, Hover, MarkupContent, Position, SignatureHelp } from "./lspTypes.ts";
import { Queries, type Session } from "./session.ts";

const KINDS: Record<number, string> = { 2: "method", 3: "function", 5: "property", 6: "variable", 7: "class", 9: "namespace", 10: "property", 14: "keyword", 17: "text", 20: "constant", 23: "function" };

const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--vscode-charts-red)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--vscode-debugTokenExpression-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--vscode-debugTokenExpression-number)" },
  { tag: tags.comment, color: "var(--vscode-descriptionForeground)", fontStyle: "italic" },
  { tag: [tags.definition(tags.variableName), tags.function(tags.variableName)], color: "var(--vscode-textLink-foreground)" },
]);

const setSignature = StateEffect.define<Tooltip | null>();

export class Input {
  readonly view: EditorView;
  private inputs: string[] = [];
  private at = 0; // in the history; its length is what is being typed
  private typed = "";
  private hasSignature = false;
  private isJudging = false;
  private waiting: number[] = []; // where the newlines of Enters stand that were typed while one was judged

  constructor(
    holder: HTMLElement,
    nonce: string,
    private readonly session: Session,
    private readonly failed: (error: unknown) => void,
  ) {
    this.view = new EditorView({
      parent: holder,
      state: EditorState.create({ doc: "", extensions: this.extensions(nonce) }),
    });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  put(text: string): void {
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: text },
      selection: { anchor: text.length },
      scrollIntoView: true,
    });
    this.view.focus();
  }

  /** Another session, or its server anew: what was typed stays. */
  async begin(): Promise<void> {
    this.session.edited(this.text);
    const { inputs } = await this.session.query<{ inputs: string[] }>(Queries.history, { uri: this.session.uri, count: 1000 });
    this.inputs = inputs;
    this.at = inputs.length;
  }

  private extensions(nonce: string): Extension[] {
    const run = () => this.run(this.text);
    return [
      EditorView.cspNonce.of(nonce),
      EditorView.contentAttributes.of({ "aria-label": "Input cell" }),
      history(),
      indentUnit.of("    "),
      indentOnInput(),
      bracketMatching(),
      python(),
      syntaxHighlighting(COLOURS),
      EditorView.lineWrapping,
      autocompletion({ override: [(context) => this.complete(context)], activateOnTyping: true, maxRenderedOptions: 200 }),
      hoverTooltip((_, at) => this.hover(at)),
      StateField.define<Tooltip | null>({
        create: () => null,
        update: (shown, { effects }) => {
          const set = effects.find((effect) => effect.is(setSignature));
          return set ? (set.value as Tooltip | null) : shown;
        },
        provide: (field) => showTooltip.from(field),
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          this.waiting = this.waiting
            .map((at) => update.changes.mapPos(at, 1, MapMode.TrackAfter))
            .filter((at) => at !== null); // its newline was deleted
          this.session.edited(this.text);
        }
        if (update.docChanged || update.selectionSet) {
          void this.signature();
        }
      }),
      Prec.highest(
        keymap.of([
          { key: "Shift-Enter", run },
          { key: "Mod-Enter", run },
          { key: "Alt-Enter", run: insertNewlineAndIndent },
        ]),
      ),
      keymap.of([
        { key: "Enter", run: () => this.enter() },
        { key: "ArrowUp", run: (view) => view.state.doc.lineAt(view.state.selection.main.head).number === 1 && this.recall(-1) },
        {
          key: "ArrowDown",
          run: (view) => view.state.doc.lineAt(view.state.selection.main.head).number === view.state.doc.lines && this.recall(1),
        },
        indentWithTab,
        ...historyKeymap,
        ...defaultKeymap,
      ]),
    ];
  }

  // Enter at the end runs what is complete, else it begins a line. The session judges; what is typed until it
  // has judged stays behind the Enter, and each Enter in it is judged in its turn, as if it had been typed then.
  private enter(): boolean {
    const { state } = this.view;
    const { text } = this;
    if (state.selection.main.head !== state.doc.length || !text.trim()) {
      return insertNewlineAndIndent(this.view);
    }
    if (this.isJudging) {
      this.change(text.length, text.length, "\n");
      this.waiting.push(text.length);
    } else {
      this.judge(text, "");
    }
    return true;
  }

  // What stands before an Enter, whose newline is in the document if it waited.
  private judge(text: string, newline: "" | "\n"): void {
    this.isJudging = true;
    this.session
      .query<CompletenessResult>(Queries.isComplete, { uri: this.session.uri, text })
      .then(({ status, indent }) => {
        if (!this.text.startsWith(text + newline)) {
          return; // it was edited meanwhile
        }
        if (status === "incomplete") {
          this.change(text.length, text.length + newline.length, `\n${indent}`);
        } else {
          this.run(text, newline);
        }
      })
      .catch((error) => {
        this.waiting = []; // they stay what they look like: newlines
        this.failed(error);
      })
      .finally(() => {
        this.isJudging = false;
        this.judgeNext();
      });
  }

  private judgeNext(): void {
    const at = this.waiting.shift();
    if (at === undefined) {
      return;
    }
    const text = this.view.state.sliceDoc(0, at);
    if (text.trim()) {
      this.judge(text, "\n");
    } else {
      this.judgeNext();
    }
  }

  // The cursor stays behind what is put in where it stands.
  private change(from: number, to: number, insert: string): void {
    const { state } = this.view;
    const changes = state.changes({ from, to, insert });
    this.view.dispatch({
      changes,
      selection: { anchor: changes.mapPos(state.selection.main.head, 1) },
      scrollIntoView: true,
    });
  }

  // What could not be sent comes back in front of what was typed since.
  private run(text: string, newline: "" | "\n" = ""): boolean {
    if (text.trim()) {
      this.change(0, text.length + newline.length, "");
      this.view.focus();
      this.session.run(text).then(
        () => {
          if (this.inputs.at(-1) !== text) {
            this.inputs.push(text);
          }
          this.at = this.inputs.length;
        },
        (error) => {
          this.change(0, 0, text + newline);
          this.failed(error);
        },
      );
    }
    return true;
  }

  private recall(by: number): boolean {
    const to = Math.max(0, Math.min(this.inputs.length, this.at + by));
    if (to === this.at) {
      return false;
    }
    if (this.at === this.inputs.length) {
      this.typed = this.text;
    }
    this.at = to;
    this.put(this.inputs[to] ?? this.typed);
    return true;
  }

  private position(at: number): { textDocument: { uri: string }; position: Position } {
    const line = this.view.state.doc.lineAt(at);
    return { textDocument: { uri: this.session.uri }, position: { line: line.number - 1, character: at - line.from } };
  }

  private offset({ line, character }: Position): number {
    const { doc } = this.view.state;
    const found = doc.line(Math.min(doc.lines, line + 1));
    return Math.min(found.to, found.from + character);
  }

  private async complete(context: CompletionContext): Promise<CompletionResult | null> {
    const before = context.state.sliceDoc(Math.max(0, context.pos - 1), context.pos);
    if (!context.explicit && !/[\w.%/]/.test(before)) {
      return null;
    }
    const found = await this.session
      .query<CompletionList | CompletionItem[] | null>("textDocument/completion", this.position(context.pos))
      .catch(() => null); // without an answer there is no list
    const list = Array.isArray(found) ? { isIncomplete: false, items: found } : found;
    const first = list?.items[0];
    if (!list || !first || context.aborted) {
      return null;
    }
    const from = first.textEdit ? this.offset(first.textEdit.range.start) : context.matchBefore(/\w*/)?.from ?? context.pos;
    return {
      from,
      options: list.items.map((item, index) => this.option(item, list.items.length - index)),
      ...(list.isIncomplete ? {} : { validFor: /^\w*$/ }),
    };
  }

  private option(item: CompletionItem, boost: number): Completion {
    return {
      label: item.textEdit?.newText ?? item.insertText ?? item.label,
      displayLabel: item.label,
      type: KINDS[item.kind ?? 6] ?? "variable",
      boost: Math.min(99, boost),
      ...(item.detail ? { detail: item.detail } : {}),
      ...(item.data == null
        ? {}
        : {
            info: async () => {
              const resolved = await this.session.query<CompletionItem>("completionItem/resolve", item).catch(() => item);
              const told = plain(resolved.documentation);
              return told ? element("div", "told", told) : null;
            },
          }),
    };
  }

  private async hover(at: number): Promise<Tooltip | null> {
    const hover = await this.session.query<Hover | null>("textDocument/hover", this.position(at)).catch(() => null);
    const told = plain(hover?.contents);
    return told ? { pos: at, above: true, create: () => ({ dom: element("div", "told", told) }) } : null;
  }

  private async signature(): Promise<void> {
    const at = this.view.state.selection.main.head;
    const isInCall = /\([^()]*$/.test(this.view.state.sliceDoc(Math.max(0, at - 1000), at));
    const asked = isInCall
      ? await this.session.query<SignatureHelp | null>("textDocument/signatureHelp", this.position(at)).catch(() => null)
      : null;
    if (this.view.state.selection.main.head !== at) {
      return; // the next one is on its way
    }
    const shown = asked?.signatures[asked.activeSignature ?? 0];
    const tooltip: Tooltip | null = shown
      ? { pos: at, above: true, create: () => ({ dom: signatureElement(asked, shown) }) }
      : null;
    if (tooltip || this.hasSignature) {
      this.view.dispatch({ effects: setSignature.of(tooltip) });
    }
    this.hasSignature = tooltip !== null;
  }
}

function signatureElement(help: SignatureHelp, shown: SignatureHelp["signatures"][number]): HTMLElement {
  const holder = element("div", "told signature");
  const parameter = shown.parameters?.[shown.activeParameter ?? help.activeParameter ?? -1]?.label;
  if (Array.isArray(parameter)) {
    const [from, to] = parameter;
    holder.append(shown.label.slice(0, from), element("strong", "", shown.label.slice(from, to)), shown.label.slice(to));
  } else {
    holder.append(shown.label);
  }
  const told = plain(shown.documentation).split("\n\n")[0];
  if (told) {
    holder.append(element("div", "", told));
  }
  return holder;
}

function plain(told: string | MarkupContent | undefined): string {
  return typeof told === "string" ? told : (told?.value ?? "");
}
