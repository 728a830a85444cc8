// What can be copied: the answer as JSON, CSV and Markdown, the command that prints the same, and a link.

import { COUNTED, keysOf } from "./costs.js";
import { given } from "./given.js";
import { exactText, grouped, quotedForShell, share, sizeText } from "./numbers.js";
import { address, CONVENTIONS, RULES } from "./question.js";

/** The `mbcost` command that prints the same numbers. */
export function command(question) {
  const { network } = question;
  const words = ["mbcost", "table", network.word];
  if (exactText(question.alpha) !== network.ownAlpha) words.push("-a", exactText(question.alpha));
  if (sizeText(question.size) !== sizeText(network.base)) words.push("-r", sizeText(question.size));
  if (question.depth !== network.ownDepth) words.push("--depth", question.depth);
  const convention = CONVENTIONS[question.convention];
  if (convention !== "torch") words.push("--convention", convention);
  if (question.standard) words.push("--standard");
  if (question.by !== "layer") words.push("--by", question.by);
  if (!COUNTED.includes(question.quantity)) words.push("--columns", [...COUNTED, question.quantity].join());
  if (question.bits) words.push("--bits", String(question.bits));
  if (question.rule) words.push("--memory-rule", RULES[question.rule]);
  return [...words, ...given.options].map(quotedForShell).join(" ");
}

/** JSON with a key a line, and a row a line. Integers past 2^53 stay integers where the browser can write them. */
export function json(cost) {
  const exact = (_, value) => (typeof value === "bigint" ? (JSON.rawJSON?.(String(value)) ?? String(value)) : value);
  const text = (value) => JSON.stringify(value, exact);
  const lines = Object.entries({ version: given.version, ...keysOf(cost) }).map(([key, value]) => `${text(key)}: ${
    key === "layers" ? `[\n  ${value.map(text).join(",\n  ")}\n]` : text(value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

function dims(shape) {
  return shape === null ? "" : shape.join("x");
}

function strideText(stride) {
  if (stride === null) return "";
  return stride[0] === stride[1] ? String(stride[0]) : stride.join("x");
}

export function csv(cost) {
  const heads = ["name", "kind", "input", "output", "kernel_size", "stride", ...COUNTED];
  const lines = cost.rows.map((row) => [
    row.name, row.kind, dims(row.input), dims(row.output), dims(row.kernel), strideText(row.stride),
    ...COUNTED.map((quantity) => cost.of(row, quantity)),
  ]);
  return `${[heads, ...lines].map((cells) => cells.map(csvCell).join(",")).join("\n")}\n`;
}

/** A cell of CSV; a text that a spreadsheet would take for a formula is kept a text. */
function csvCell(value) {
  const word = String(value);
  const safe = /^[=+\-@\t\r]/.test(word) ? `'${word}` : word;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function markdown(cost, title) {
  const totals = COUNTED.map((quantity) => cost.total(quantity));
  const heads = ["layer", "kind", "input", "output", "mult-adds", "share", "params", "share"];
  const lines = cost.rows.map((row) => [
    row.name, row.kind, dims(row.input), dims(row.output),
    ...COUNTED.flatMap((quantity, i) => [grouped(cost.of(row, quantity)), share(cost.of(row, quantity), totals[i])]),
  ]);
  lines.push([`total (${cost.layers} layers)`, "", "", "", ...totals.flatMap((total) => [grouped(total), "100.00 %"])]);
  const row = (cells) => `| ${cells.map((word) => word.replaceAll(/[\\`*_|<>[\]]/g, "\\$&").replaceAll(/[\r\n]/g, " ")).join(" | ")} |`;
  const aligned = heads.map((_, i) => (i < 4 ? ":---" : "---:"));
  return `**${row([title]).slice(2, -2)}**\n\n${row(heads)}\n| ${aligned.join(" | ")} |\n${lines.map(row).join("\n")}\n`;
}

export function link(question) {
  return location.href.replace(/#.*$/, "") + address(question);
}

/** Put a text on the clipboard; whether it worked. */
export async function toClipboard(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = words;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
