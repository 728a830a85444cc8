// Small helpers to build SVG and HTML. Texts only ever become text nodes and attribute values, never markup.

import { brief } from "./numbers.js";

const SVG = "http://www.w3.org/2000/svg";

export const KIND_COLOURS = ["pointwise", "depthwise", "conv", "linear", "squeeze_excite", "add"];

/** Set the attributes that are given and not there already. */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
}

function filled(node, attributes, children) {
  set(node, attributes);
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export const div = (name, ...children) => html("div", { class: name }, ...children);
export const span = (name, ...children) => html("span", { class: name || null }, ...children);
export const line = (name, x1, y1, x2, y2) => svg("line", { class: name, x1, y1, x2, y2 });
export const words = (name, x, y, text) => svg("text", { class: name, x, y }, text);

/** The class that colours a kind of layer; kinds without weights share one. */
export function kindClass(kind) {
  return `kind-${KIND_COLOURS.includes(kind) ? kind : "other"}`;
}

/** Round values from 0 to about `most`, for an axis. */
export function ticks(most, count) {
  if (!(most > 0)) return [0];
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let i = 0; i * step <= most * 1.0001; i += 1) found.push(i * step);
  return found;
}

/** The width of a chart's box. It is read once and kept: asking for it after every change would lay the page out again. */
export function roomOf(box) {
  box.room ??= box.clientWidth;
  return Math.max(box.room, 260);
}

/** An SVG drawing with a name for those who do not see it. */
export function drawing(width, height, label) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": label });
}

/** A vertical axis of counts: hairlines, and their values at the left. */
export function countAxis(root, { left, right, top, bottom, most, count }) {
  const y = (value) => bottom - ((bottom - top) * value) / most;
  for (const value of ticks(most, count)) {
    root.append(
      line(value ? "hair" : "axis", left, y(value), right, y(value)),
      words("tick end", left - 8, y(value) + 4, value ? brief(value) : "0"),
    );
  }
  return y;
}

/**
 * A table in `box`: headings, and rows of cells, the first of which heads its row. A cell is a text, or bars as
 * [[share of the width, class]]. Where the table has the same form already, only what changed is written.
 */
export function tabulate(box, caption, headings, rows) {
  const form = [caption, ...headings, rows.length].join("|");
  if (box.form !== form) {
    box.form = form;
    box.replaceChildren(html(
      "table", {},
      html("caption", { class: "visually-hidden" }, caption),
      html("thead", {}, html("tr", {}, ...headings.map((text) => html("th", { scope: "col" }, text)))),
      html("tbody", {}, ...rows.map((cells) => html("tr", {}, ...cells.map((_, i) => html(i ? "td" : "th", i ? {} : { scope: "row" }))))),
    ));
    box.texts = rows.map(() => []);
    box.cells = [...box.querySelectorAll("tbody tr")].map((row) => [...row.children]);
  }
  rows.forEach((cells, i) => cells.forEach((cell, j) => {
    const node = box.cells[i][j];
    if (typeof cell !== "string") {
      if (node.childElementCount !== cell.length) node.replaceChildren(...cell.map(() => html("i")));
      cell.forEach(([width, name], k) => {
        set(node.children[k], { class: `fill ${name}` });
        node.children[k].style.width = `${100 * width}%`;
      });
    } else if (box.texts[i][j] !== cell) {
      box.texts[i][j] = cell;
      node.textContent = cell;
    }
  }));
}
