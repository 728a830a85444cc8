// Networks as they were recorded: their costs at any alpha and resolution, as sums over the numbers of one walk.

import { Arithmetic, Impossible, LowerBound, TooLarge } from "./arithmetic.js";
import { given, WALKS } from "./given.js";
import { readAlpha } from "./numbers.js";

/** Every quantity there is. `base` is the one that is counted: itself, or what it is derived from. */
export const QUANTITIES = new Map(given.quantities.map(([name, title, unit, adds, derived, factor, limited, bits, sized]) => [
  name, { name, title, unit, adds, base: derived || name, factor, limited: Boolean(limited), bits, sized },
]));

/** The bit width of a quantity: the one that was asked for, or its own. */
export function widthOf(quantity, bits) {
  return bits || QUANTITIES.get(quantity).bits;
}

/** A count of a quantity's base in the quantity's own unit: bytes or bit operations at a bit width, or times its factor. */
export function amountOf(quantity, count, bits) {
  const { sized, factor } = QUANTITIES.get(quantity);
  const width = widthOf(quantity, bits);
  if (sized === "bytes") return bytesAt(count, width);
  return times(count, sized === "both" ? width * width : factor);
}

export function bytesAt(count, bits) {
  return safely((BigInt(count) * BigInt(bits) + 7n) / 8n);
}

/** The quantity that follows from what is alive at each step. */
export const HELD = given.held;

const FIRST_LETTER = "A".charCodeAt(0);
const ABSENT_LETTER = "!"; // a convention that a network cannot be counted under

const TEXTS = [];
for (let i = 0; i < given.texts.length; i += 2) TEXTS.push((TEXTS.at(-1) ?? "").slice(0, given.texts[i]) + given.texts[i + 1]);

/** Two sides, of which equal ones are told as one; null of none. */
function pair(sides) {
  return sides ? [sides, sides].flat().slice(0, 2) : null;
}

const PATTERNS = given.patterns.map(
  ([kind, kernel, stride, names, exact, forms, formulas, multAdds, params, parts, groups]) => ({
    kind, kernel: pair(kernel), stride: pair(stride), names, exact, forms, groups,
    formulas: formulas.map((number) => TEXTS[number]),
    letters: { mult_adds: TEXTS[multAdds], params: TEXTS[params] },
    parts,
  }),
);

/** A recorded walk of a network, or of its standard twin. */
class Side {
  constructor(record) {
    this.walk = WALKS[record.walk];
    this.numbers = record.numbers.map(Number);
    this.bigNumbers = record.numbers.map(BigInt);
    this.rules = record.rules.map((rule) => rule && { name: rule[0], numbers: rule.slice(1), guarded: rule[0].endsWith("divisor") });
    this.widths = record.widths.map(([value, grows, rule]) => ({ value: BigInt(value), grows: Boolean(grows), rule: this.rules[rule] }));
    let [name, output, place] = [0, 0, 0]; // rows are told as differences to the row before
    this.rows = record.rows.map(([nameStep, pattern, inputStep, outputStep, ...steps]) => {
      name += nameStep;
      const input = output + inputStep;
      output = input + outputStep;
      const places = steps.map((step) => (place += step));
      const count = Math.max(...PATTERNS[pattern].forms.map((form) => form.length));
      return {
        name: TEXTS[name], pattern: PATTERNS[pattern], dims: [...record.maps[input], ...record.maps[output]],
        products: places.slice(0, count), presence: places[count],
      };
    });
    this.memory = record.memory;
    this.moments = new Map();
    this.sums = new Map();
  }

  /** All numbers of the walk at a point: Numbers where every one is a safe integer, else BigInts. Throws Impossible. */
  at(alpha, size, Kind = Arithmetic) {
    if (typeof alpha[0] === "number") {
      try {
        const values = this.walk(new Kind(Number, alpha, this.rules), this.numbers, size[0], size[1]);
        if (values.every((value) => value <= Number.MAX_SAFE_INTEGER)) return values;
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error;
      }
    }
    return this.walk(new Kind(BigInt, alpha, this.rules), this.bigNumbers, BigInt(size[0]), BigInt(size[1]));
  }

  /** Which form of a row counts a quantity; null where the convention cannot be told apart at every alpha. */
  formOf(row, quantity, convention) {
    const part = given.parts.indexOf(quantity);
    const letter = part < 0 ? row.pattern.letters[quantity][convention] : row.pattern.parts[part];
    return letter === ABSENT_LETTER ? null : letter.charCodeAt(0) - FIRST_LETTER;
  }

  /** The terms [factor, place in the walk] of a quantity over all rows. */
  terms(quantity, convention) {
    const key = `${quantity} ${convention}`;
    let found = this.sums.get(key);
    if (!found) {
      const factors = new Map();
      for (const row of this.rows) {
        row.pattern.forms[this.formOf(row, quantity, convention)]?.forEach((factor, i) => {
          if (factor) factors.set(row.products[i], (factors.get(row.products[i]) ?? 0) + factor);
        });
      }
      found = [...factors].map(([place, factor]) => [factor, place]);
      this.sums.set(key, found);
    }
    return found;
  }

  /** A quantity of the whole network: a sum of rows, or the largest of them, or of what hangs together in it. */
  total(values, quantity, { convention, bits, rule }) {
    const { base, adds } = QUANTITIES.get(quantity);
    let count;
    if (base === HELD) count = largest(this.heldUnder(rule).map((moment) => heldAt(moment, values)));
    else if (adds === "largest") count = largest(this.rows.map((row) => this.count(row, values, base, convention)));
    else count = combined(this.terms(base, convention), values);
    return amountOf(quantity, count, bits);
  }

  /** What one row has of a quantity; 0 where only the whole network has it. */
  value(row, values, quantity, { convention, bits }) {
    const { base } = QUANTITIES.get(quantity);
    return base === HELD ? 0 : amountOf(quantity, this.count(row, values, base, convention), bits);
  }

  /** What is held at each step under a memory rule. Throws Impossible where the rule cannot be told at every alpha. */
  heldUnder(rule) {
    if (!this.moments.has(rule)) {
      const { tensors, rules } = this.memory;
      const told = typeof rules[rule] === "number" ? rules[rules[rule]] : rules[rule];
      if (told === null) throw new Impossible(`which steps are depthwise depends on alpha, so ${given.rules[rule]} cannot be counted`);
      this.moments.set(rule, momentsOf(tensors, ...told));
    }
    return this.moments.get(rule);
  }

  count(row, values, quantity, convention) {
    return this.combined(row, row.pattern.forms[this.formOf(row, quantity, convention)], values);
  }

  combined(row, factors, values) {
    return combined(factors.map((factor, i) => [factor, row.products[i]]), values);
  }

  /** A row at a point; null where the network does not have it there. */
  rowAt(row, values) {
    if (row.presence !== undefined && values[row.presence] == 0) return null; // 0n is not 0, but equals it
    const [m, inHeight, inWidth, n, height, width] = row.dims.map((place) => values[place]);
    const { groups, forms } = row.pattern;
    const count = typeof groups === "string" ? this.combined(row, forms[groups.charCodeAt(0) - FIRST_LETTER], values) : groups;
    const grouped = row.pattern.kind === "conv" && count > 1 && count === m;
    return {
      name: row.name, kind: grouped ? "depthwise" : row.pattern.kind,
      input: [m, inHeight, inWidth], output: [n, height, width],
      kernel: row.pattern.kernel, stride: row.pattern.stride, groups: count, exact: row.pattern.exact, row,
    };
  }
}

/**
 * The steps of a network and what is alive there: { name, made, alive, ways }, where `alive` maps a tensor's number to its
 * name and place, and the most of the `ways`, each a sum of places, is what is held. A life is how many steps it lasts after
 * its first, where it is the next tensor at the next step; else [tensors on, steps on, how long, place].
 */
function momentsOf(flat, lives, names, over) {
  const tensors = [];
  for (let i = 0, name = 0, place = 0; i < flat.length; i += 2) tensors.push({ name: TEXTS[name += flat[i]], place: place += flat[i + 1] });
  const moments = [];
  const seen = new Set();
  let [tensor, first] = [-1, -1];
  for (const life of lives) {
    const [next, later, lasts, place] = [typeof life === "number" ? [1, 1, life] : life].flat();
    tensor += next;
    first += later;
    const { name } = tensors[tensor];
    for (let time = first; time <= first + lasts; time += 1) {
      moments[time] ??= { name: "", made: [], alive: new Map(), ways: null };
      moments[time].alive.set(tensor, { name, place: place ?? tensors[tensor].place });
    }
    if (!seen.has(tensor)) {
      moments[first].name = name;
      moments[first].made.push(tensor);
    }
    seen.add(tensor);
  }
  moments.forEach((moment, time) => {
    if (names) moment.name = TEXTS[names[time]];
    moment.ways = [waysOf(moment, [])];
  });
  // a step that writes over what it reads holds the larger of the two
  for (const [time, read, made] of over ?? []) moments[time].ways = [waysOf(moments[time], read), waysOf(moments[time], [made])];
  return moments;
}

/** The places of what is alive, where some tensors count less: [tensor, place], or nothing at all: [tensor]. */
function waysOf({ alive }, less) {
  const places = new Map([...alive].map(([tensor, { place }]) => [tensor, place]));
  for (const [tensor, place] of less) places.set(tensor, place);
  return [...places.values()].filter((place) => place !== undefined).map((place) => [1, place]);
}

export function heldAt({ ways }, values) {
  return largest(ways.map((places) => combined(places, values)));
}

/** The sum of factor * value, exact. All are at least 0, so that a sum that is safe never was unsafe on its way. */
function combined(terms, values) {
  let total = 0;
  if (typeof values[0] === "number") {
    for (const [factor, place] of terms) total += factor * values[place];
    if (total <= Number.MAX_SAFE_INTEGER) return total;
  }
  let exact = 0n;
  for (const [factor, place] of terms) exact += BigInt(factor) * BigInt(values[place]);
  return safely(exact);
}

/** A BigInt as a Number, where that is exact. */
export function safely(exact) {
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}

function times(count, factor) {
  return factor === 1 ? count : safely(BigInt(count) * BigInt(factor));
}

function largest(values) {
  return values.reduce((most, value) => (value > most ? value : most), 0);
}

/** A family of networks: alpha, the resolution and, where the table was recorded at several, the depth are left open. */
class Network {
  constructor(record) {
    this.name = record.name;
    this.title = record.title;
    this.word = record.word;
    this.hash = record.hash;
    this.table = record.table;
    this.base = record.base;
    this.rounding = record.rounding;
    this.layouts = new Map(record.layouts.map((layout) => [layout.depth, new Layout(layout)]));
    this.depths = [...this.layouts.keys()];
    this.fixed = record.fixed || (record.layouts[0].plain.widths.length ? "" : "No width of this table scales.");
    [this.ownAlpha, this.ownDepth] = record.own;
    const [alpha, depth, size] = record.opening;
    this.opening = { alpha: readAlpha(alpha), depth, size: pair(size) };
    this.scalings = record.scalings.map(([name, alpha, depth, size]) => ({
      name: TEXTS[name], alpha: readAlpha(alpha), depth, size: pair(size) ?? this.base,
    }));
    this.points = record.points.map(([alpha, size, top1, name, source]) => ({
      alpha, size: pair(size), top1, name: TEXTS[name], source: TEXTS[source],
    }));
  }

  /** Whether alpha can be another than 1. */
  get varies() {
    return !this.fixed;
  }

  /** The layout at a depth; where it was not recorded at that, at its own. */
  at(depth) {
    return this.layouts.get(depth) ?? this.layouts.get(this.ownDepth);
  }

  /** The side that was asked for: a network without pairs is its own standard twin. */
  side({ standard, depth }) {
    const { plain, twin } = this.at(depth);
    return standard ? (twin ?? plain) : plain;
  }

  /** The total of a quantity, or null where there is no such network. */
  total(alpha, size, quantity, question) {
    const side = this.side(question);
    try {
      return side.total(side.at(alpha, size), quantity, question);
    } catch (error) {
      if (error instanceof Impossible) return null;
      throw error;
    }
  }

  /** Totals that are certainly not above those of the point, and only grow along alpha and the resolution. */
  leastTotal(alpha, size, quantity, question) {
    const side = this.side(question);
    return side.total(side.at(alpha, size, LowerBound), quantity, question);
  }
}

/** A network at one depth, and its standard twin where it has one. */
class Layout {
  constructor({ pairs, plain, twin }) {
    this.pairs = pairs.map((names) => names.map((number) => TEXTS[number]));
    this.plain = new Side(plain);
    this.twin = twin && new Side(twin);
  }
}

export const NETWORKS = given.networks.map((record) => new Network(record));
