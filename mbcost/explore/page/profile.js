// The profile: a bar for every layer, block or kind, in the order of the network.

import { countAxis, drawing, html, kindClass, roomOf, set, span, svg, words } from "./drawing.js";
import { HELD, QUANTITIES } from "./networks.js";
import { grouped, share } from "./numbers.js";

const PROFILE_HEIGHT = 250;
const PROFILE_EDGES = { left: 52, right: 6, top: 14, bottom: 30 };

/** Draw the profile into `box`; `chosen` is called with a group when its bar has the pointer or the focus. */
export class Profile {
  constructor(box, chosen) {
    this.box = box;
    this.chosen = chosen;
    this.at = 0;
    box.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["pointerover", "focusin"]) {
      box.addEventListener(name, (event) => {
        const bar = event.target.closest("[data-group]");
        if (bar) this.choose(Number(bar.dataset.group));
      });
    }
    box.addEventListener("pointerleave", () => this.chosen(null));
    box.addEventListener("focusout", () => this.chosen(null));
  }

  choose(number) {
    this.at = number;
    this.bars.forEach((bar, i) => bar.setAttribute("tabindex", i === number ? "0" : "-1"));
    this.chosen(this.groups[number]);
  }

  key(event) {
    const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.at = Math.min(Math.max(this.at + moves[event.key], 0), this.bars.length - 1);
    this.bars[this.at].focus();
  }

  draw(cost, all, { by, quantity }, label) {
    const had = this.box.contains(document.activeElement);
    const width = roomOf(this.box);
    const groups = all.filter((group) => group.value != 0);
    const total = cost.total(quantity);
    const most = Math.max(1, ...groups.map(({ value }) => Number(value)));
    const root = drawing(width, PROFILE_HEIGHT, `${label}. Arrow keys move along the bars; the table below has the same numbers.`);
    const [left, right, bottom] = [PROFILE_EDGES.left, width - PROFILE_EDGES.right, PROFILE_HEIGHT - PROFILE_EDGES.bottom];
    const y = countAxis(root, { left, right, top: PROFILE_EDGES.top, bottom, most, count: 4 });
    const step = (right - left) / Math.max(groups.length, 1);
    const gap = Math.min(step * 0.22, 10);
    this.groups = groups;
    this.bars = groups.map((group, i) => {
      const [x, top] = [left + i * step, y(Number(group.value))];
      const kind = by === "block" ? mainKind(cost, group, quantity) : group.rows[0].kind;
      const bar = this.bars?.[i] ?? svg("g", { role: "img", "data-group": i }, svg("rect", { class: "reach", y: PROFILE_EDGES.top, height: bottom - PROFILE_EDGES.top + 4 }), svg("rect"), svg("rect", { class: "kept" }));
      set(bar, {
        class: `bar ${kindClass(kind)}`, tabindex: i === Math.min(this.at, groups.length - 1) ? 0 : -1,
        "aria-label": `${group.name}, ${by === "layer" ? `${kind}, ` : ""}${grouped(group.value)}, ${share(group.value, total)}`,
      });
      set(bar.children[0], { x, width: step });
      const middle = group.tensors ? Math.max(top, y(Number(group.tensors.find(({ made }) => made)?.value ?? 0))) : top;
      const side = { x: x + gap / 2, width: Math.max(step - gap, 0.8), rx: Math.min(step / 8, 2) };
      set(bar.children[1], { ...side, y: middle, height: Math.max(bottom - middle, 0.6) });
      set(bar.children[2], { ...side, y: top, height: middle - top });
      return bar;
    });
    root.append(...this.bars);
    if (by === "kind") root.append(...this.names(groups, left, step, bottom));
    else root.append(...this.stages(groups, left, step, bottom));
    this.box.replaceChildren(root);
    if (had && this.bars.length) this.bars[Math.min(this.at, this.bars.length - 1)].focus();
  }

  names(groups, left, step, bottom) {
    return groups.map((group, i) => words("tick middle", left + (i + 0.5) * step, bottom + 17, short(group.name, step)));
  }

  /** Brackets under the bars: where the maps have which size. */
  stages(groups, left, step, bottom) {
    const sizes = groups.map((group) => group.rows.at(-1).output.slice(1).join(" × "));
    const marks = [];
    for (let start = 0; start < sizes.length; ) {
      let end = start;
      while (end + 1 < sizes.length && sizes[end + 1] === sizes[start]) end += 1;
      const [x1, x2] = [left + start * step + 1, left + (end + 1) * step - 1];
      marks.push(svg("path", { class: "bracket", d: `M${x1} ${bottom + 5}v3H${x2}v-3` }));
      const label = fitting(sizes[start], x2 - x1);
      if (label) marks.push(words("tick middle", (x1 + x2) / 2, bottom + 22, label));
      start = end + 1;
    }
    return marks;
  }
}

function short(name, room) {
  const letters = Math.max(Math.floor(room / 6.4), 1);
  return name.length <= letters ? name : `${name.slice(0, Math.max(letters - 1, 1))}…`;
}

function fitting(size, room) {
  if (room >= size.length * 6.4) return size;
  const [height, width] = size.split(" × ");
  if (height === width && room >= height.length * 7.2 + 5) return `${height}²`;
  return "";
}

/** The kind that costs most in a block: it colours the block's bar. */
function mainKind(cost, group, quantity) {
  const most = group.rows.reduce((best, row) => (cost.of(row, quantity) > cost.of(best, quantity) ? row : best));
  return most.kind;
}

/** The kinds that a profile shows, with their colours and their shares, or how much they have of what is no sum. */
export function legend(cost, quantity) {
  if (quantity === HELD) return [span("", "Solid: what the step makes. Pale: what else is alive.")];
  const total = cost.total(quantity);
  const sums = QUANTITIES.get(quantity).adds === "sum";
  return cost.gathered("kind", quantity).filter(({ value }) => value != 0).map(({ name, value }) => span(
    "key", html("i", { class: `swatch ${kindClass(name)}` }), `${name.replaceAll("_", " ")} `, html("b", {}, sums ? share(value, total) : grouped(value)),
  ));
}
