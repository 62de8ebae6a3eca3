// Of the Language Server Protocol's types, what the page uses.

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Location {
  uri: string;
  range: Range;
}

export interface TextEdit {
  range: Range;
  newText: string;
}

export interface MarkupContent {
  kind: "plaintext" | "markdown";
  value: string;
}

export interface CompletionItem {
  label: string;
  kind?: number;
  detail?: string;
  documentation?: string | MarkupContent;
  textEdit?: TextEdit;
  insertText?: string;
  filterText?: string;
  data?: unknown;
}

export interface CompletionList {
  isIncomplete: boolean;
  items: CompletionItem[];
}

export interface Hover {
  contents: MarkupContent | string;
  range?: Range;
}

export interface SignatureHelp {
  signatures: {
    label: string;
    documentation?: string | MarkupContent;
    parameters?: { label: string | [number, number] }[];
    activeParameter?: number;
  }[];
  activeSignature?: number;
  activeParameter?: number;
}
