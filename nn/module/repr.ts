/**
 * The text of modules, as PyTorch prints them.
 *
 * @module
 */
import { modulesOf } from "./fields.ts";
import type { Module } from "./module.ts";

/** Indents every line but the first by two spaces. */
export function indent(text: string): string {
  return text.split("\n").join("\n  ");
}

/** Modules that are being printed: one that holds itself is not printed inside itself. */
const open = new Set<Module>();

/** `Name(extra)`, or with children one line each. */
export function moduleText(module: Module): string {
  if (open.has(module)) return `${module.reprName()}(...)`;
  open.add(module);
  try {
    return textOf(module);
  } finally {
    open.delete(module);
  }
}

function textOf(module: Module): string {
  const extra = module.extraRepr();
  const extraLines = extra === "" ? [] : extra.split("\n");
  const children = modulesOf(module).map(([name, child]) =>
    `(${name}): ${child === null ? "None" : indent(child.toString())}`
  );
  const name = module.reprName();
  if (children.length === 0 && extraLines.length <= 1) return `${name}(${extra})`;
  return `${name}(\n  ${[...extraLines, ...children].join("\n  ")}\n)`;
}

/** A number as Python prints it where PyTorch has a float: `0.0`, `1e-05`. */
export function float(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (Number.isInteger(x) && Math.abs(x) < 1e16) return Object.is(x, -0) ? "-0.0" : `${x}.0`;
  const [digits, exponent] = x.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 16) return String(x);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** A number as Python prints what the user wrote: whole numbers without a point. */
export function number(x: number): string {
  return Number.isInteger(x) ? String(x) : float(x);
}

/** `True` or `False`. */
export function flag(x: boolean): string {
  return x ? "True" : "False";
}

/** A list as a Python tuple. */
export function tuple(xs: readonly number[]): string {
  return xs.length === 1 ? `(${number(xs[0])},)` : `(${xs.map(number).join(", ")})`;
}

/** A number, or a list as a tuple. */
export function size(x: number | readonly number[] | null): string {
  return x === null ? "None" : typeof x === "number" ? number(x) : tuple(x);
}
