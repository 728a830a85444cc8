// The question: which network, where, and how it is counted. It is kept in the address, so that a link shares it.

import { given } from "./given.js";
import { bytesAt, NETWORKS, QUANTITIES, widthOf } from "./networks.js";
import { exactText, readAlpha, readAmount, readResolution, sizeText } from "./numbers.js";

export const LIMITED = [...QUANTITIES.values()].filter(({ limited }) => limited);
export const CONVENTIONS = given.conventions;
export const RULES = given.rules;
const GATHERED = ["layer", "block", "kind"];
export const BITS = [4, 8, 16, 32];

/** A budget of a text, as what a total must be at most: { text, amount, of } where `of` makes of a total what is limited. */
export function limitOf(quantity, text, bits) {
  const { unit } = QUANTITIES.get(quantity);
  const elements = unit === "elements" && /B\s*$/.test(text); // elements, limited in bytes
  const amount = readAmount(text, unit === "bytes" || elements);
  return amount === null ? null : { text, amount, of: (total) => BigInt(elements ? bytesAt(total, widthOf(quantity, bits)) : total) };
}

/** The question the page opens with. */
export function opening() {
  return {
    network: NETWORKS[0],
    others: NETWORKS.slice(1, 4),
    ...NETWORKS[0].opening,
    convention: Math.max(0, CONVENTIONS.indexOf("torch")),
    standard: false,
    quantity: "mult_adds",
    bits: given.bits,
    rule: 0,
    by: "layer",
    budgets: { ...given.budgets },
  };
}

/** All that decides how a network is counted, beside the point and the quantity. */
export function countedAs({ convention, standard, bits, depth, rule }) {
  return [convention, standard, bits, depth, rule].join();
}

/** The question as the part of an address after its #. */
export function address(question) {
  const names = [question.network, ...question.others].map((network) => encoded(network.name)).join(",");
  const parts = [
    ["m", names],
    ["a", exactText(question.alpha)],
    ["r", sizeText(question.size)],
    ["d", question.network.depths.length > 1 ? question.depth : ""],
    ["c", encoded(CONVENTIONS[question.convention])],
    ["s", question.standard ? "1" : ""],
    ["q", question.quantity === "mult_adds" ? "" : question.quantity],
    ["bits", question.bits || ""],
    ["memory", question.rule ? encoded(RULES[question.rule]) : ""],
    ["by", question.by === "layer" ? "" : question.by],
    ...LIMITED.map(({ name }) => [`max_${name}`, encoded(question.budgets[name] ?? "")]),
  ];
  return `#${parts.filter(([, value]) => value).map(([key, value]) => `${key}=${value}`).join("&")}`;
}

function encoded(text) {
  return encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text);
}

/** The question of an address, and what of it was not understood. */
export function readAddress(hash) {
  const question = opening();
  const ignored = [];
  const seen = new Set();
  for (const part of hash.replace(/^#/, "").split("&").filter(Boolean).slice(0, 40)) {
    const [key, ...rest] = part.split("=");
    try {
      if (seen.has(key) || !Object.hasOwn(READERS, key)) throw new RangeError("not known");
      READERS[key](question, rest.join("="));
      seen.add(key);
    } catch {
      ignored.push(part.slice(0, 60));
    }
  }
  const { network } = question;
  for (const [key, name] of [["a", "alpha"], ["r", "size"], ["d", "depth"]]) if (!seen.has(key)) question[name] = network.opening[name];
  if (!network.depths.includes(question.depth)) {
    ignored.push(`d=${question.depth}`);
    question.depth = network.opening.depth;
  }
  if (!network.varies && (question.alpha[0] != 1 || question.alpha[1] != 1)) {
    ignored.push(`a=${exactText(question.alpha)}`);
    question.alpha = [1, 1];
  }
  return { question, ignored };
}

function one(values, wanted, what) {
  const found = values.find(wanted);
  if (found === undefined) throw new RangeError(`not known: ${what}`);
  return found;
}

const READERS = {
  m: (question, text) => {
    const networks = text.split(",").map((word) => {
      const name = decodeURIComponent(word);
      return one(NETWORKS, (network) => encoded(network.name) === encoded(name), name);
    });
    [question.network, ...question.others] = [...new Set(networks)];
  },
  a: (question, text) => { question.alpha = readAlpha(decodeURIComponent(text)); },
  r: (question, text) => { question.size = readResolution(decodeURIComponent(text), [1, 1]); },
  d: (question, text) => { question.depth = exactText(readAlpha(decodeURIComponent(text))); },
  memory: (question, text) => {
    const name = decodeURIComponent(text);
    question.rule = RULES.indexOf(one(RULES, (rule) => rule === name, name));
  },
  c: (question, text) => {
    const name = decodeURIComponent(text);
    question.convention = CONVENTIONS.indexOf(one(CONVENTIONS, (convention) => convention === name, name));
  },
  s: (question, text) => { question.standard = one(["0", "1"], (word) => word === text, text) === "1"; },
  q: (question, text) => { question.quantity = one([...QUANTITIES.keys()], (name) => name === text, text); },
  bits: (question, text) => { question.bits = one(BITS, (bits) => String(bits) === text, text); },
  by: (question, text) => { question.by = one(GATHERED, (word) => word === text, text); },
  ...Object.fromEntries(LIMITED.map(({ name }) => [`max_${name}`, (question, text) => {
    const amount = decodeURIComponent(text);
    limitOf(name, amount);
    question.budgets[name] = amount;
  }])),
};
