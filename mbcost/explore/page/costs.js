// The answer to a question: the rows of a network with what they cost, gathered by layer, block or kind.

import { amountOf, heldAt, QUANTITIES, safely } from "./networks.js";
import { exactText, fractionText, readAlpha, reduced } from "./numbers.js";
import { CONVENTIONS, RULES } from "./question.js";

export const COUNTED = ["mult_adds", "params"];
const KEYS = [...COUNTED, "weights", "biases", "norm_params", "norm_stats"];

/** The costed network of a question. Throws Impossible where there is none. */
export class Cost {
  constructor(question, network = question.network, standard = question.standard) {
    this.question = question;
    this.network = network;
    this.standard = standard;
    this.side = network.side({ ...question, standard });
    this.values = this.side.at(question.alpha, question.size);
    this.rows = this.side.rows.map((row) => this.side.rowAt(row, this.values)).filter(Boolean);
  }

  /** What one row costs. */
  of(row, quantity) {
    return this.side.value(row.row, this.values, quantity, this.question);
  }

  total(quantity) {
    return this.side.total(this.values, quantity, this.question);
  }

  /** The steps that the network has here: what each is called, what it holds, and the tensors of which. */
  steps(quantity) {
    const { values } = this;
    const amount = (count) => amountOf(quantity, count, this.question.bits);
    return this.side.heldUnder(this.question.rule).filter(({ made, alive }) => !made.length || made.some((tensor) => values[alive.get(tensor).place] != 0)).map((moment) => ({
      name: moment.name, value: amount(heldAt(moment, values)),
      tensors: [...moment.alive].map(([tensor, { name, place }]) => ({ name, value: amount(values[place]), made: moment.made.includes(tensor) })).filter(({ value }) => value != 0),
    }));
  }

  /** The row of which something is: a row itself, the part before a slash, or a block by its last row. */
  rowOf(name) {
    for (let path = name; path; path = split(path)[0]) {
      const row = this.rows.find((one) => one.name === path);
      if (row) return row;
    }
    return this.rows.findLast((row) => blockOf(row.name) === name) ?? this.rows[0];
  }

  /** The steps gathered by layer, block or kind: of each that at which the most is held. */
  gatheredSteps(by, quantity) {
    const groups = new Map();
    for (const step of this.steps(quantity)) {
      const row = this.rowOf(step.name);
      const name = by === "layer" ? step.name : by === "kind" ? row.kind : blockOf(step.name);
      if (!groups.has(name) || groups.get(name).value < step.value) groups.set(name, { ...step, name, step: step.name, rows: [row] });
    }
    return [...groups.values()];
  }

  /** How many rows have weights, as papers count layers. */
  get layers() {
    return this.rows.filter((row) => this.of(row, "weights") != 0).length;
  }

  get exact() {
    return this.rows.every((row) => row.exact);
  }

  /** Rows gathered by layer, block or kind, in the order in which they first appear. */
  gathered(by, quantity) {
    const groups = new Map();
    for (const row of this.rows) {
      const name = by === "layer" ? row.name : by === "kind" ? row.kind : blockOf(row.name);
      const group = groups.get(name) ?? { name, rows: [] };
      group.rows.push(row);
      groups.set(name, group);
    }
    return [...groups.values()].map((group) => ({
      ...group, value: together(group.rows.map((row) => this.of(row, quantity)), quantity),
    }));
  }

  /** The formula of a row's quantity: in symbols, and with its numbers put in. Null where it has none. */
  formula(row, quantity) {
    if (!COUNTED.includes(quantity)) return null;
    const form = this.side.formOf(row.row, quantity, this.question.convention);
    const text = row.row.pattern.formulas[form];
    if (!text || text === "0") return null;
    const values = symbolsOf(row);
    const square = row.output[1] === row.output[2];
    const symbols = square ? text.replaceAll(/\b([HW])\b(?!')/g, "D_F") : text;
    const digits = text.replaceAll(/[A-Z](?:_[A-Zhw])?'?/g, (symbol) => values[symbol]);
    return { symbols, digits };
  }
}

function symbolsOf(row) {
  const [first, second] = row.row.pattern.names;
  const [height, width] = row.kernel ?? [1, 1];
  return {
    [second]: row.output[0], [first]: row.input[0],
    H: row.output[1], W: row.output[2], "H'": row.input[1], "W'": row.input[2],
    D_K: height, K_h: height, K_w: width, G: row.groups,
  };
}

/** What stands before the first / of a layer's name: the row of the table it belongs to. */
export function blockOf(name) {
  return name.split("/", 1)[0];
}

/** What several rows have of a quantity, as it adds up. */
export function together(values, quantity) {
  const largest = QUANTITIES.get(quantity).adds === "largest";
  return safely(values.reduce((sum, value) => (largest ? (BigInt(value) > sum ? BigInt(value) : sum) : sum + BigInt(value)), 0n));
}

/** Each pair of a network against the standard convolution it factorises. */
export function comparison(cost, twin) {
  const rows = new Map(cost.rows.map((row) => [row.name, row]));
  const standard = new Map(twin.rows.map((row) => [row.name, row]));
  return cost.network.at(cost.question.depth).pairs.flatMap(([first, second]) => {
    const [depthwise, pointwise, whole] = [rows.get(first), rows.get(second), standard.get(second)];
    if (!depthwise || !pointwise || !whole) return [];
    const n = BigInt(pointwise.output[0]);
    const area = BigInt(depthwise.kernel[0] * depthwise.kernel[1]);
    const multiplier = BigInt(depthwise.output[0] / depthwise.input[0]);
    const [owner, part] = split(first);
    return [{
      name: owner && part === "depthwise" && split(second)[0] === owner ? owner : `${first}+${split(second)[1]}`,
      rows: [first, second],
      theory: [multiplier * (n + area), n * area], // m/N + m/D_K^2
      of: (quantity) => ({
        standard: twin.of(whole, quantity),
        separable: together([cost.of(depthwise, quantity), cost.of(pointwise, quantity)], quantity),
      }),
    }];
  });
}

function split(name) {
  const at = name.lastIndexOf("/");
  return [name.slice(0, Math.max(at, 0)), name.slice(at + 1)];
}

/** The keys of `mbcost table MODEL -f json`, as far as the page knows them. */
export function keysOf(cost) {
  const { question, network } = cost;
  const [height, width] = question.size;
  const [baseHeight, baseWidth] = network.base;
  const status = cost.exact ? "exact" : "lower bound";
  const shaped = height * baseWidth === width * baseHeight;
  const totals = (names) => Object.fromEntries(names.map((name) => [name, cost.total(name)]));
  const numbers = (row) => Object.fromEntries(KEYS.map((quantity) => [quantity, cost.of(row, quantity)]));
  return {
    model: network.name,
    ...(network.table ? { table: network.table } : {}),
    table_hash: network.hash,
    alpha: fractionText(question.alpha),
    rho: shaped ? fractionText(reduced(height, baseHeight)) : null,
    resolution: question.size,
    batch: 1,
    convention: CONVENTIONS[question.convention],
    rounding: network.rounding,
    standard: question.standard,
    ...(question.depth === "1" ? {} : { depth: fractionText(readAlpha(question.depth)) }),
    ...(question.rule ? { memory_rule: RULES[question.rule] } : {}),
    status,
    layers: cost.rows.map((row) => ({
      name: row.name, kind: row.kind, input: row.input, output: row.output, kernel_size: row.kernel, stride: row.stride,
      groups: row.groups, ...numbers(row),
    })),
    total: { ...totals(KEYS), layers: cost.layers, status, quantities: totals([...QUANTITIES.keys()].filter((name) => !KEYS.includes(name))) },
  };
}

/** A question in a few words. */
export function wording(question, network = question.network) {
  const [height, width] = question.size;
  const words = [`α ${exactText(question.alpha)}`, `${height} × ${width}`];
  if (question.depth !== network.ownDepth || question.depth !== "1") words.push(`depth ${question.depth}`);
  if (question.standard && network.at(question.depth).twin) words.push("standard twin");
  words.push(`convention ${CONVENTIONS[question.convention]}`, `rounding ${network.rounding ?? "not stated"}`);
  return words.join(" · ");
}
