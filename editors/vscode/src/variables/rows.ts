// How a variable reads as a row of a tree. Pure.
import type { VariableInfo } from "../protocol";

const ICONS: [RegExp, string][] = [
  [/^(int|float|complex|bool|.*\.?(float|int|uint|bool)\d*_?)$/, "symbol-number"],
  [/^(str|bytes)$/, "symbol-string"],
  [/(DataFrame|Table)$/, "table"],
  [/(ndarray|Array|Tensor|Series|list|tuple|deque)$/, "symbol-array"],
  [/(dict|set|frozenset|Counter|OrderedDict)$/, "symbol-object"],
  [/^module$/, "symbol-namespace"],
  [/^(function|builtin_function_or_method|method|ufunc)$/, "symbol-method"],
  [/^type$/, "symbol-class"],
];

/** The icon's name for a type. */
export function iconOf({ type }: VariableInfo): string {
  return ICONS.find(([pattern]) => pattern.test(type))?.[1] ?? "symbol-variable";
}

/** What stands behind the name: the type, its form, and the value. */
export function describe(variable: VariableInfo): string {
  const { type, text } = variable;
  const form = formOf(variable);
  return [form ? `${type} ${form}` : type, text].filter(Boolean).join(" · ");
}

/** `(3, 4) float64`, or `5 items`. */
export function formOf({ shape, dtype, length }: VariableInfo): string {
  if (shape) {
    return [`(${shape.join(", ")}${shape.length === 1 ? "," : ""})`, dtype].filter(Boolean).join(" ");
  }
  return length === null ? "" : `${length} ${length === 1 ? "item" : "items"}`;
}

/** Whether rows and columns can be asked for. */
export function isTable({ shape, type }: VariableInfo): boolean {
  return (shape !== null && shape.length > 0) || /(DataFrame|Series)$/.test(type);
}
