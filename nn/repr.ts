/**
 * The text of modules, as PyTorch prints them.
 *
 * @module
 */
import type { Module } from "./module.ts";
import { fieldsOf } from "./module.ts";

/** Indents every line but the first by two spaces. */
export function indent(text: string): string {
  return text.split("\n").join("\n  ");
}

/** `Name(extra)`, or with children one line each. */
export function moduleText(module: Module): string {
  const extra = module.extraRepr();
  const extraLines = extra === "" ? [] : extra.split("\n");
  const children = fieldsOf(module).flatMap(([name, value]) =>
    isModule(value) ? [`(${name}): ${indent(value.toString())}`] : []
  );
  const name = module.reprName();
  if (children.length === 0 && extraLines.length <= 1) return `${name}(${extra})`;
  return `${name}(\n  ${[...extraLines, ...children].join("\n  ")}\n)`;
}

function isModule(value: unknown): value is Module {
  return typeof value === "function" && "namedModules" in value && "extraRepr" in value;
}
