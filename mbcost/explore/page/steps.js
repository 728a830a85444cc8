// The widest network within budgets, found exactly: what mbcost/solve/steps.py and solve.py do.
//
// The cost is a step function of alpha, and its steps are at known rationals. A bound of the cost that can only grow says
// above which of them nothing can be within the budgets; the steps below are counted one by one.

import { Arithmetic } from "./arithmetic.js";
import { reduced } from "./numbers.js";

const MOST = [64n, 1n]; // the largest alpha
const FEW = 64n; // places at which halving alpha gives way to halving the list of places
const PATIENCE = 4000; // steps counted one by one before giving up
const LOSSES = [1n, 2n, 3n, 4n]; // multiples of the divisor at which a loss of 10 % is nearer than the next multiple

function less([a, b], [c, d]) {
  return a * d < c * b;
}

/** Places are an alpha, and whether they are that point or what lies immediately after it. */
function before(a, b) {
  return less(a.alpha, b.alpha) || (!less(b.alpha, a.alpha) && !a.after && b.after);
}

function same(a, b) {
  return !before(a, b) && !before(b, a);
}

function place(numerator, denominator, after = false) {
  return { alpha: reduced(numerator, denominator).map(BigInt), after };
}

const START = place(0n, 1n, true);


/** The places above `low` and up to `high` where a width may change under its rule, in ascending order. */
export function placesBetween(widths, low, high) {
  const found = [];
  for (const { value, grows, rule } of widths) {
    found.push(...placesOf(value, rule, grows && less(low, [1n, 1n]) ? [1n, 1n] : low, high));
  }
  found.sort((a, b) => (before(a, b) ? -1 : Number(before(b, a))));
  return found.filter((one, i) => !i || !same(one, found[i - 1]));
}

function placesOf(value, { name, guarded, numbers }, low, high) {
  if (!less(low, high)) return [];
  const divisor = BigInt(numbers[0]);
  const truncated = name === "floor+divisor";
  const found = [];
  const last = (high[0] * value) / (high[1] * divisor) + 2n;
  let k = (low[0] * value) / (low[1] * divisor);
  if (name !== "floor" && name !== "ceil" && k < 2n) k = guarded ? 2n : 1n;
  for (; k < last; k += 1n) {
    const twice = divisor * (2n * k - 1n); // half way from k - 1 to k times the divisor
    if (name === "floor" || name === "ceil") found.push(place(k * divisor, value, name === "ceil"));
    else if (truncated) found.push(place((twice + 1n) / 2n, value));
    else found.push(place(twice, 2n * value, name === "nearest-even" && k % 2n === 1n)); // the tie itself is still k - 1
  }
  for (const loss of guarded ? LOSSES : []) {
    const tens = 10n * loss * divisor;
    found.push(truncated ? place(tens / 9n + 1n, value) : place(tens, 9n * value, true));
  }
  return found.filter(
    ({ alpha, after }) => !less(high, alpha) && (less(low, alpha) || (after && !less(alpha, low))),
  );
}

/** An alpha of the step from one place to the next: its lower end where that belongs to it. */
export function inside(start, end) {
  if (!start.after) return start.alpha;
  const [a, b] = start.alpha;
  const [c, d] = end.alpha;
  return reduced(a * d + c * b, 2n * b * d).map(BigInt);
}

/** The last step along alpha for which `within(alpha)` holds, where it cannot hold once `over(alpha)` does; or null. */
export function widest(widths, rules, within, over) {
  let steps = 0;
  for (const step of downward(widths, turn(widths, over))) {
    if (within(inside(step.start, step.end))) return whole(widths, rules, step);
    steps += 1;
    if (steps > PATIENCE) throw new RangeError(`no network within the budgets among ${PATIENCE} steps of alpha`);
  }
  return null;
}

/** The steps below a place, from the highest to the lowest. */
function* downward(widths, from) {
  let end = from;
  while (before(START, end)) {
    let starts = [];
    let low = end.alpha;
    for (let reach = 1n; ; reach *= 2n) {
      low = [end.alpha[0] * 64n - end.alpha[1] * reach, end.alpha[1] * 64n];
      if (low[0] <= 0n) low = [0n, 1n];
      starts = placesBetween(widths, low, end.alpha).filter((one) => before(one, end));
      if (starts.length || !low[0]) break;
    }
    if (!low[0]) starts.unshift(START);
    for (const start of starts.reverse()) {
      yield { start, end };
      end = start;
    }
  }
}

/** The steps from a place on, as far as the first `reach` of alpha in which there are some. */
function* upward(widths, from) {
  let start = from;
  for (let reach = 1n; less(start.alpha, MOST); ) {
    let high = [start.alpha[0] * 64n + start.alpha[1] * reach, start.alpha[1] * 64n];
    if (!less(high, MOST)) high = MOST;
    const ends = placesBetween(widths, start.alpha, high).filter((one) => before(start, one));
    if (high === MOST) ends.push({ alpha: MOST, after: true });
    if (!ends.length) reach *= 2n;
    for (const end of ends) {
      yield { start, end };
      start = end;
    }
    if (ends.length) reach = 1n;
  }
}

/** A step with its neighbours that have the same widths. */
function whole(widths, rules, step) {
  const key = (alpha) => {
    const p = new Arithmetic(BigInt, alpha, rules);
    return widths.map(({ value, grows, rule }) => (grows ? p.grow : p.scale).call(p, value, rules.indexOf(rule))).join();
  };
  const own = key(inside(step.start, step.end));
  let { start, end } = step;
  for (const below of downward(widths, start)) {
    if (key(inside(below.start, below.end)) !== own) break;
    start = below.start;
  }
  for (const above of upward(widths, end)) {
    if (key(inside(above.start, above.end)) !== own) break;
    end = above.end;
  }
  return { start, end, alpha: inside(start, end), last: !less(end.alpha, MOST) };
}

/** The place where a property of steps begins that never ends again. */
function turn(widths, holds) {
  let [low, high] = [[0n, 1n], MOST];
  if (!holds(high)) return { alpha: MOST, after: true };
  const density = widths.reduce((sum, { value }) => sum + value, 0n);
  while ((high[0] * low[1] - low[0] * high[1]) * density > FEW * high[1] * low[1]) {
    const middle = reduced(low[0] * high[1] + high[0] * low[1], 2n * low[1] * high[1]).map(BigInt);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  const start = { alpha: low, after: true };
  const places = [start, ...placesBetween(widths, low, high).filter((one) => before(start, one)), { alpha: high, after: true }];
  let [first, last] = [0, places.length - 1];
  while (first < last) {
    const middle = (first + last) >> 1;
    if (holds(inside(places[middle], places[middle + 1]))) last = middle;
    else first = middle + 1;
  }
  return places[first];
}
