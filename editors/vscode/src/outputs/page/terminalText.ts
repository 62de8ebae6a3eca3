// Text as a terminal would show it: colours, carriage returns and the cursor movements that progress
// bars use. It takes text in pieces, cut anywhere, and knows nothing of a page.
//
// The codes are those of ECMA-48: SGR ("m"), erase in line ("K"), cursor up ("A"). All others are
// left out of the text.

/** A palette index below 16 is the theme's; anything else is a CSS colour. */
export type Colour = number | string;

export interface Style {
  colour?: Colour;
  background?: Colour;
  isBold?: boolean;
  isDim?: boolean;
  isItalic?: boolean;
  isUnderlined?: boolean;
  isInverse?: boolean;
}

/** A piece of a row in one style. */
export interface Run {
  text: string;
  style: Style;
}

const MOST_ROWS = 5_000;
const SLACK = 1_000; // rows go in blocks: after each cut all is drawn anew
// A whole code (CSI with its parameters and final letter, OSC with its end), or another lone escape.
const CODE = /\x1b\[([0-9;:?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()*+].|\x1b[^[\]()*+]|[\r\n\b]/gs;
const UNFINISHED = /\x1b(?:\[[0-9;:?]*|\][^\x07\x1b]*\x1b?|[()*+])?$/;

const PLAIN: Style = {};

export class TerminalText {
  readonly rows: Run[][] = [[]];
  private row = 0;
  private column = 0;
  private style: Style = PLAIN;
  private rest = "";

  /** Take more text; gives the first row that is not as it was. */
  write(text: string): number {
    let piece = this.rest + text;
    const unfinished = UNFINISHED.exec(piece);
    this.rest = unfinished ? unfinished[0] : "";
    piece = piece.slice(0, piece.length - this.rest.length);
    let changed = this.row;
    let from = 0;
    for (const code of piece.matchAll(CODE)) {
      this.put(piece.slice(from, code.index));
      from = code.index + code[0].length;
      this.obey(code[0], code[1] ?? "", code[2]);
      changed = Math.min(changed, this.row);
    }
    this.put(piece.slice(from));
    if (this.rows.length > MOST_ROWS + SLACK) {
      const surplus = this.rows.length - MOST_ROWS;
      this.rows.splice(0, surplus);
      this.row = Math.max(0, this.row - surplus);
      return 0;
    }
    return changed;
  }

  private obey(code: string, parameters: string, letter: string | undefined): void {
    if (code === "\n") {
      this.row += 1;
      this.column = 0;
      if (this.row === this.rows.length) {
        this.rows.push([]);
      }
    } else if (code === "\r") {
      this.column = 0;
    } else if (code === "\b") {
      this.column = Math.max(0, this.column - 1);
    } else if (letter === "m") {
      this.style = styled(this.style, parameters);
    } else if (letter === "A") {
      this.row = Math.max(0, this.row - (Number(parameters) || 1));
    } else if (letter === "K") {
      const row = this.current();
      this.rows[this.row] = parameters === "2" ? [] : parameters === "1" ? row : cut(row, 0, this.column);
    }
  }

  private put(text: string): void {
    if (!text) {
      return;
    }
    const row = this.current();
    const length = lengthOf(row);
    const gap = this.column > length ? [{ text: " ".repeat(this.column - length), style: PLAIN }] : [];
    const after = cut(row, this.column + text.length, length);
    this.rows[this.row] = joined([...cut(row, 0, this.column), ...gap, { text, style: this.style }, ...after]);
    this.column += text.length;
  }

  private current(): Run[] {
    return this.rows[this.row] ?? [];
  }
}

function lengthOf(row: Run[]): number {
  return row.reduce((length, run) => length + run.text.length, 0);
}

function cut(row: Run[], start: number, end: number): Run[] {
  const kept: Run[] = [];
  let at = 0;
  for (const run of row) {
    const text = run.text.slice(Math.max(0, start - at), Math.max(0, end - at));
    if (text) {
      kept.push({ text, style: run.style });
    }
    at += run.text.length;
  }
  return kept;
}

function joined(row: Run[]): Run[] {
  const runs: Run[] = [];
  for (const run of row) {
    const last = runs.at(-1);
    if (last && last.style === run.style) {
      runs[runs.length - 1] = { text: last.text + run.text, style: run.style };
    } else {
      runs.push(run);
    }
  }
  return runs;
}

const ATTRIBUTES: Record<number, Style> = {
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  7: { isInverse: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  27: { isInverse: false },
  39: { colour: undefined },
  49: { background: undefined },
};

function styled(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(Number);
  let style = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 0) {
      style = PLAIN;
    } else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(index + 1));
      style = { ...style, [code === 38 ? "colour" : "background"]: colour };
      index += used;
    } else {
      style = { ...style, ...(ATTRIBUTES[code] ?? basic(code)) };
    }
  }
  return style;
}

function basic(code: number): Style {
  const isBright = code >= 90;
  const index = (code % 10) + (isBright ? 8 : 0);
  switch (Math.floor(code / 10)) {
    case 3:
    case 9:
      return code % 10 < 8 ? { colour: index } : {};
    case 4:
    case 10:
      return code % 10 < 8 ? { background: index } : {};
    default:
      return {};
  }
}

// After 38 or 48: "5;N" of 256 colours, or "2;R;G;B". Gives the colour and how many codes it took.
function extended(codes: number[]): [Colour | undefined, number] {
  if (codes[0] === 2) {
    return [`rgb(${codes.slice(1, 4).map((part) => part || 0).join(", ")})`, 4];
  }
  const index = codes[1];
  if (codes[0] !== 5 || index === undefined) {
    return [undefined, codes.length];
  }
  if (index < 16) {
    return [index, 2];
  }
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [`rgb(${grey}, ${grey}, ${grey})`, 2];
  }
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const cube = index - 16;
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level);
  return [`rgb(${parts.join(", ")})`, 2];
}
