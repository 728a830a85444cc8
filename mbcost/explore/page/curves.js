// Cost over the width and over the resolution, with the steps that rounding makes; accuracy over cost, with its front.

import { countAxis, drawing, line, roomOf, svg, words } from "./drawing.js";
import { brief, grouped, ofHeight, readAlpha, reduced, sizeText } from "./numbers.js";
import { countedAs } from "./question.js";
import { inside, placesBetween } from "./steps.js";

const CURVE_HEIGHT = 230;
const CURVE_EDGES = { left: 50, right: 14, top: 14, bottom: 32 };
const MANY = 700; // steps that are drawn exactly; more of them are sampled
const SAMPLES = 360;

/** The totals of a network over one of its axes; kept until something else of the question changes. */
export class Totals {
  constructor() {
    this.known = new Map();
  }

  get(key, make) {
    if (!this.known.has(key)) {
      if (this.known.size > 40) this.known.clear();
      this.known.set(key, make());
    }
    return this.known.get(key);
  }

  /** [start, end, total] of the steps along alpha, up to `most`. */
  overAlpha(network, question, most) {
    if (!network.varies) return [];
    const { size, quantity } = question;
    const key = [network.name, "alpha", size, quantity, countedAs(question), most].join();
    return this.get(key, () => {
      const side = network.side(question);
      const places = placesBetween(side.widths, [0n, 1n], [BigInt(most), 1n]);
      const exact = places.length <= MANY;
      const steps = exact
        ? places.map((place, i) => [place, places[i + 1] ?? { alpha: [BigInt(most), 1n], after: true }])
        : Array.from({ length: SAMPLES }, (_, i) => [0, 1].map((n) => ({ alpha: [BigInt((i + n) * most), BigInt(SAMPLES)], after: !i && !n })));
      return steps.map(([start, end]) => {
        const total = network.total(reduced(...inside(start, end)), size, quantity, question);
        return [numeric(start.alpha), numeric(end.alpha), total];
      });
    });
  }

  /** [side, side + 1, total] of the inputs up to `most` pixels high. */
  overResolution(network, question, least, most, every) {
    const { alpha, quantity } = question;
    const key = [network.name, "size", alpha, quantity, countedAs(question), least, most, every].join();
    return this.get(key, () => {
      const found = [];
      for (let side = least; side <= most; side += every) {
        found.push([side, side + every, network.total(alpha, ofHeight(side, network.base), quantity, question)]);
      }
      return found;
    });
  }
}

function numeric([numerator, denominator]) {
  return Number(numerator) / Number(denominator);
}

/** A staircase through steps [from, to, value]; it breaks where there is no network. */
function staircase(steps, x, y) {
  let path = "";
  let drawn = null;
  for (const [from, to, value] of steps) {
    if (value === null) drawn = null;
    else {
      const height = y(Number(value)).toFixed(1);
      if (drawn === null) path += `M${x(from).toFixed(1)} ${height}`;
      else if (drawn !== height) path += `H${x(from).toFixed(1)}V${height}`;
      path += `H${x(to).toFixed(1)}`;
      drawn = height;
    }
  }
  return path.replaceAll(/(?:H[\d.]+)+(H[\d.]+)/g, "$1");
}

function tick(x, bottom, text) {
  return [
    line("axis", x, bottom, x, bottom + 4),
    words("tick middle", x, bottom + 17, text),
  ];
}

/** One chart of cost over an axis: a line a network, the budget, and where the question stands. `place` of its box then
 *  says which value of the axis is so far across. */
export function curve(box, { label, series, least, most, marks, budget, here, axis }) {
  const width = roomOf(box);
  const [left, right, bottom] = [CURVE_EDGES.left, width - CURVE_EDGES.right, CURVE_HEIGHT - CURVE_EDGES.bottom];
  const values = series.flatMap(({ steps }) => steps.map(([, , value]) => Number(value ?? 0)));
  const top = Math.max(1, ...values, here.value === null ? 0 : Number(here.value)) * 1.04;
  const root = drawing(width, CURVE_HEIGHT, label);
  const y = countAxis(root, { left, right, top: CURVE_EDGES.top, bottom, most: top, count: 4 });
  const x = (value) => left + ((right - left) * (value - least)) / (most - least);
  for (const { at, text } of marks) {
    if (at < least || at > most) continue;
    root.append(...tick(x(at), bottom, text));
  }
  root.append(words("axis-name end", right, CURVE_HEIGHT - 2, axis));
  if (budget !== null && Number(budget.amount) <= top) {
    const at = y(Number(budget.amount));
    root.append(
      line("budget", left, at, right, at),
      words("budget-name", left + 6, at - 5, budget.text),
    );
  }
  for (const [i, { steps }] of [...series.entries()].reverse()) {
    root.append(svg("path", { class: `line of-${i}`, d: staircase(steps, x, y) }));
  }
  if (here.value !== null && here.at >= least && here.at <= most) {
    root.append(
      line("here", x(here.at), y(Number(here.value)), x(here.at), bottom),
      svg("circle", { class: "spot", cx: x(here.at), cy: y(Number(here.value)), r: 5 }),
    );
  }
  box.replaceChildren(root);
  box.place = (across) => least + ((most - least) * (across * width - left)) / (right - left);
}

/** Marks for an axis that do not run into one another. */
export function spaced(values, least, most, room) {
  const kept = [];
  for (const { at, text } of values) {
    const place = ((at - least) / (most - least)) * room;
    if (!kept.length || place - kept.at(-1).place >= text.length * 3.5 + kept.at(-1).text.length * 3.5 + 6) kept.push({ at, text, place });
  }
  return kept;
}

/** The published points of networks with what they cost under a question. */
export function published(networks, question) {
  return networks.flatMap((network, series) => network.points.flatMap((point) => {
    const value = network.total(readAlpha(point.alpha), point.size, question.quantity, { ...question, standard: false });
    return value === null ? [] : [{ ...point, network, series, value, accuracy: Number(point.top1) }];
  }));
}

/** The points that no other one beats: none is at least as accurate and costs less. */
export function front(points) {
  const found = [];
  for (const point of [...points].sort((a, b) => Number(a.value) - Number(b.value) || b.accuracy - a.accuracy)) {
    if (!found.length || point.accuracy > found.at(-1).accuracy) found.push(point);
  }
  return found;
}

/** Accuracy over cost: every published point, the front and the budget; `move` of the box shows the cost of the question. */
export function scatter(box, { label, points, budget, axis }) {
  const width = roomOf(box);
  const [left, right, bottom] = [38, width - CURVE_EDGES.right, CURVE_HEIGHT - CURVE_EDGES.bottom];
  const root = drawing(width, CURVE_HEIGHT, label);
  const costs = points.map(({ value }) => Number(value));
  const [low, high] = [Math.min(...costs) / 1.25, Math.max(...costs) * 1.25];
  const accuracies = points.map(({ accuracy }) => accuracy);
  const [least, most] = [Math.floor(Math.min(...accuracies) / 5) * 5, Math.ceil((Math.max(...accuracies) + 0.5) / 5) * 5];
  const x = (value) => left + ((right - left) * Math.log(value / low)) / Math.log(high / low);
  const y = (value) => bottom - ((bottom - CURVE_EDGES.top) * (value - least)) / (most - least);
  for (let value = least; value <= most; value += most - least > 20 ? 10 : 5) {
    root.append(
      line(value === least ? "axis" : "hair", left, y(value), right, y(value)),
      words("tick end", left - 8, y(value) + 4, String(value)),
    );
  }
  const marks = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) marks.push(power, 2 * power, 5 * power);
  let last = -Infinity;
  for (const mark of marks.filter((one) => one >= low && one <= high && x(one) < right - 8)) {
    if (x(mark) - last < 38) continue;
    last = x(mark);
    root.append(...tick(last, bottom, brief(mark)));
  }
  root.append(
    words("axis-name", left + 4, CURVE_EDGES.top + 10, "top-1 %"),
    words("axis-name end", right, CURVE_HEIGHT - 2, axis),
  );
  if (budget !== null && Number(budget.amount) > low && Number(budget.amount) < high) {
    const at = x(Number(budget.amount));
    root.append(line("budget", at, CURVE_EDGES.top, at, bottom), words("budget-name", at + 5, CURVE_EDGES.top + 10, budget.text));
  }
  const here = line("here", 0, CURVE_EDGES.top, 0, bottom);
  root.append(here);
  box.move = (value) => {
    const shown = value !== null && Number(value) > low && Number(value) < high;
    here.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) for (const end of ["x1", "x2"]) here.setAttribute(end, x(Number(value)));
  };
  const best = front(points);
  root.append(svg("path", { class: "front", d: best.map(({ value, accuracy }, i) => `${i ? "L" : "M"}${x(Number(value)).toFixed(1)} ${y(accuracy).toFixed(1)}`).join("") }));
  for (const point of points) {
    const text = `${point.name}: ${point.top1} % top-1, ${grouped(point.value)}`;
    root.append(svg(
      "circle", { class: `point of-${point.series}${best.includes(point) ? " best" : ""}`, cx: x(Number(point.value)), cy: y(point.accuracy), r: best.includes(point) ? 4.5 : 3.5, "data-alpha": point.alpha, "data-size": sizeText(point.size), "data-network": point.network.name },
      svg("title", {}, text),
    ));
  }
  box.replaceChildren(root);
}
