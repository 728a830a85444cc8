// The page: controls, and what is drawn when they change.

import { Impossible } from "./arithmetic.js";
import { command, csv, json, link, markdown, toClipboard } from "./copies.js";
import { comparison, Cost, COUNTED, together, wording } from "./costs.js";
import { curve, front, published, scatter, spaced, Totals } from "./curves.js";
import { div, html, kindClass, roomOf, set, span, svg, tabulate } from "./drawing.js";
import { given } from "./given.js";
import { bytesAt, HELD, NETWORKS, QUANTITIES, widthOf } from "./networks.js";
import { exactText, grouped, ofHeight, ratio, readAlpha, readResolution, reduced, share, sizeText } from "./numbers.js";
import { legend, Profile } from "./profile.js";
import { address, BITS, CONVENTIONS, countedAs, LIMITED, limitOf, opening, readAddress, RULES } from "./question.js";
import { widest } from "./steps.js";

const PAPERS_WIDTHS = ["0.25", "0.5", "0.75", "1"];
const PAPERS_SIZES = [4, 5, 6, 7]; // sevenths of the table's own resolution
const part = (id) => document.getElementById(id);
const title = (quantity) => QUANTITIES.get(quantity).title;
const adds = (quantity) => QUANTITIES.get(quantity).adds === "sum";
const hundredths = (alpha) => Number(alpha[0]) / Number(alpha[1]);

let question = opening();
let cost = null;
let asked = false;
let typing = null;
const totals = new Totals();
const solutions = new Map();
const profile = new Profile(part("profile"), detail);

/** Change the question, and draw at the next frame. */
function ask(changes) {
  question = { ...question, ...changes };
  if (!question.network.varies) question.alpha = [1, 1];
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}

function draw() {
  try {
    cost = new Cost(question);
    part("message").hidden = !part("message").dataset.ignored;
    part("message").textContent = part("message").dataset.ignored ?? "";
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    cost = null;
    part("message").hidden = false;
    part("message").textContent = `No such network: ${error.message}.`;
  }
  drawControls();
  drawHeading();
  drawFigures();
  drawProfile();
  drawCurves();
  drawAccuracy();
  for (const [id, tables] of Object.entries(TABLES)) if (inSight.has(part(id))) tables();
  part("command").textContent = command(question);
  part("pinned").textContent = cost === null ? "" : `${grouped(cost.total(question.quantity))} ${title(question.quantity)}`;
  keepAddress();
}

// Tables out of sight wait until the slider rests.
const TABLES = { "comparison-panel": drawComparison, "rows-panel": drawRows };
const inSight = new Set();
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    inSight[isIntersecting ? "add" : "delete"](target);
    if (isIntersecting) TABLES[target.id]();
  }
});

let kept = 0;
function keepAddress() {
  clearTimeout(kept);
  kept = setTimeout(() => {
    for (const tables of Object.values(TABLES)) tables();
    if (address(question) !== location.hash) history.replaceState(null, "", address(question));
    part("announcement").textContent = cost === null ? "" : `${question.network.title}, ${wording(question)}: ${grouped(cost.total(question.quantity))} ${title(question.quantity)}`;
  }, 150);
}

// Controls

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => html("option", { value }, text)));
}

function widthsOf(network) {
  return network.points.length > 3 ? [...new Set(network.points.map((point) => point.alpha))].sort((a, b) => a - b) : PAPERS_WIDTHS;
}

function sizesOf(network) {
  if (network.points.length > 3) return [...new Set(network.points.map((point) => point.size[0]))].sort((a, b) => a - b);
  return PAPERS_SIZES.map((n) => Math.floor((2 * n * network.base[0] + 7) / 14));
}

function shortcuts(box, values, chosen, pick) {
  if (box.values !== values.join()) {
    box.values = values.join();
    box.replaceChildren(...values.map((value) => html("button", { type: "button", value }, String(value))));
  }
  box.onclick = (event) => event.target.value && pick(event.target.value);
  for (const button of box.children) set(button, { "aria-pressed": String(button.value === chosen) });
}

function drawControls() {
  const { network } = question;
  const alpha = exactText(question.alpha);
  const size = sizeText(question.size);
  const heightText = size === sizeText(ofHeight(question.size[0], network.base)) ? String(question.size[0]) : size;
  part("model").value = String(NETWORKS.indexOf(network));
  part("alpha").disabled = !network.varies;
  part("alpha-text").disabled = !network.varies;
  part("alpha").max = Math.max(2, Math.ceil(hundredths(question.alpha)));
  part("resolution").max = Math.max(2 * network.base[0], 448, question.size[0]);
  part("alpha").value = String(hundredths(question.alpha));
  part("alpha").setAttribute("aria-valuetext", alpha);
  part("resolution").value = String(question.size[0]);
  part("depth-field").hidden = network.depths.length < 2;
  part("depth").max = network.depths.length - 1;
  part("depth").value = String(network.depths.indexOf(question.depth));
  part("depth").setAttribute("aria-valuetext", question.depth);
  part("depth-text").textContent = question.depth;
  part("resolution").setAttribute("aria-valuetext", size);
  if (typing !== "alpha") {
    part("alpha-text").value = alpha;
    part("alpha-hint").textContent = network.fixed;
  }
  if (typing !== "resolution") {
    part("resolution-text").value = size;
    part("resolution-hint").textContent = "";
  }
  shortcuts(part("alpha-shortcuts"), network.varies ? widthsOf(network) : [], alpha, (text) => ask({ alpha: readAlpha(text) }));
  shortcuts(part("resolution-shortcuts"), sizesOf(network), heightText, (text) => ask({ size: ofHeight(Number(text), network.base) }));
  const members = network.scalings.filter(({ depth }) => network.depths.includes(depth));
  const here = members.find((one) => exactText(one.alpha) === alpha && one.depth === question.depth && sizeText(one.size) === size);
  shortcuts(part("members"), members.map(({ name }) => name), here?.name, (text) => {
    const { alpha: width, depth, size: pixels } = members.find(({ name }) => name === text);
    ask({ alpha: width, depth, size: pixels });
  });
  document.querySelector(`input[name=standard][value="${Number(question.standard)}"]`).checked = true;
  part("standard-field").disabled = !network.at(question.depth).twin;
  document.querySelector(`input[name=by][value="${question.by}"]`).checked = true;
  part("quantity").value = question.quantity;
  const { unit, sized } = QUANTITIES.get(question.quantity);
  part("bits-field").hidden = !sized && unit !== "elements" && !LIMITED.some(({ name, unit: of }) => of === "elements" && question.budgets[name]);
  part("bits").value = String(question.bits);
  part("rule-field").hidden = question.quantity !== HELD && !question.budgets[HELD];
  part("rule").value = String(question.rule);
  part("convention").value = String(question.convention);
  for (const { name } of LIMITED) {
    if (typing !== name) part(`budget-${name}`).value = question.budgets[name] ?? "";
    part(`budget-field-${name}`).hidden = !(COUNTED.includes(name) || name === question.quantity || question.budgets[name] || typing === name);
  }
  for (const box of part("compare-choices").querySelectorAll("input")) {
    const other = NETWORKS[Number(box.value)];
    box.checked = question.others.includes(other);
    box.closest("label").hidden = other === network;
  }
}

/** Read a typed value as it is typed; what is wrong with it is said beside it. */
function typed(name, hint, read) {
  const field = part(name.startsWith("budget") ? name : `${name}-text`);
  const own = name.replace("budget-", "");
  field.addEventListener("input", () => {
    typing = own;
    try {
      part(hint).textContent = "";
      field.removeAttribute("aria-invalid");
      ask(read(field.value));
    } catch (error) {
      part(hint).textContent = error.message;
      field.setAttribute("aria-invalid", "true");
    }
  });
  field.addEventListener("change", () => {
    typing = null;
    if (!field.hasAttribute("aria-invalid")) ask({});
  });
}

function build() {
  options(part("model"), NETWORKS.map((network, i) => [i, network.title]));
  options(part("quantity"), [...QUANTITIES.values()].map(({ name, title: text }) => [name, text]));
  options(part("bits"), [["0", "its own"], ...BITS.map((bits) => [bits, `${bits} bits`])]);
  options(part("convention"), CONVENTIONS.map((name, i) => [i, name]));
  options(part("rule"), RULES.map((name, i) => [i, name]));
  part("model").addEventListener("change", () => {
    const network = NETWORKS[Number(part("model").value)];
    const { alpha, depth, size } = question;
    const { opening: begun, base } = question.network;
    const others = question.others.filter((other) => other !== network);
    const unmoved = [exactText(alpha), depth, sizeText(size)].join() === [exactText(begun.alpha), begun.depth, sizeText(begun.size)].join();
    const atBase = sizeText(size) === sizeText(base);
    const kept = { size: atBase ? network.base : size, depth: network.depths.includes(depth) ? depth : network.opening.depth };
    ask({ network, others, ...(unmoved ? network.opening : kept) });
  });
  part("alpha").addEventListener("input", () => ask({ alpha: reduced(Math.round(part("alpha").valueAsNumber * 100), 100) }));
  part("resolution").addEventListener("input", () => ask({ size: ofHeight(part("resolution").valueAsNumber, question.network.base) }));
  part("depth").addEventListener("input", () => ask({ depth: question.network.depths[part("depth").valueAsNumber] }));
  typed("alpha", "alpha-hint", (text) => ({ alpha: readAlpha(text) }));
  typed("resolution", "resolution-hint", (text) => ({ size: readResolution(text, [1, 1]) }));
  part("quantity").addEventListener("change", () => ask({ quantity: part("quantity").value }));
  part("bits").addEventListener("change", () => ask({ bits: Number(part("bits").value) }));
  for (const name of ["convention", "rule"]) part(name).addEventListener("change", () => ask({ [name]: Number(part(name).value) }));
  for (const name of ["standard", "by"]) {
    for (const radio of document.querySelectorAll(`input[name=${name}]`)) {
      radio.addEventListener("change", () => ask({ [name]: name === "by" ? radio.value : radio.value === "1" }));
    }
  }
  part("budget-fields").replaceChildren(...LIMITED.map(({ name, title: text, unit }) => html(
    "div", { class: "field", id: `budget-field-${name}` }, html("label", { for: `budget-${name}` }, `most ${text}`),
    html("input", { id: `budget-${name}`, class: "typed", autocomplete: "off", spellcheck: "false", placeholder: unit === "count" ? "300M" : "256KiB" }),
  )));
  for (const { name } of LIMITED) {
    typed(`budget-${name}`, "budget-hint", (text) => {
      limitOf(name, text, question.bits);
      return { budgets: { ...question.budgets, [name]: text.trim() } };
    });
  }
  part("compare").hidden = NETWORKS.length < 2;
  part("compare-choices").replaceChildren(...NETWORKS.map((network, i) => {
    const box = html("input", { type: "checkbox", value: i });
    box.addEventListener("change", () => ask({
      others: box.checked ? [...question.others, network] : question.others.filter((other) => other !== network),
    }));
    return html("label", {}, box, span("", network.title));
  }));
  part("copies").addEventListener("click", (event) => copy(event.target.dataset.copy));
  part("skip").addEventListener("click", (event) => {
    event.preventDefault();
    part("main").focus();
  });
  part("accuracy").addEventListener("click", (event) => {
    const { alpha, size, network: called } = event.target.dataset;
    if (alpha === undefined) return;
    const network = NETWORKS.find(({ name }) => name === called);
    ask({ alpha: readAlpha(alpha), size: readResolution(size, [1, 1]), depth: network.ownDepth, network });
  });
  for (const id of ["alpha-curve-table", "resolution-curve-table", "accuracy-table"]) part(id).addEventListener("toggle", () => ask({}));
  part("footer").textContent = `mbcost ${given.version}. Every number is the integer that the command prints; nothing is fetched, nothing is sent.`;
  window.addEventListener("hashchange", open);
  window.addEventListener("beforeprint", () => {
    for (const box of document.querySelectorAll(".chart")) box.room = box.closest(".panels") && box.id !== "accuracy" ? 380 : 810;
    draw();
  });
  window.addEventListener("afterprint", measure);
  for (const id of Object.keys(TABLES)) sight.observe(part(id));
  new ResizeObserver(measure).observe(part("main"));
}

function measure() {
  for (const box of document.querySelectorAll(".chart")) box.room = box.clientWidth;
  ask({});
}

function open() {
  const { question: found, ignored } = readAddress(location.hash);
  question = found;
  const message = part("message");
  if (ignored.length) message.dataset.ignored = `Not understood in the address, and left out: ${ignored.join(", ")}`;
  else delete message.dataset.ignored;
  draw();
}

async function copy(what) {
  if (!what || (cost === null && what !== "link")) return;
  const texts = {
    link: () => link(question),
    command: () => command(question),
    json: () => json(cost),
    csv: () => csv(cost),
    markdown: () => markdown(cost, `${question.network.title}, ${wording(question)}`),
  };
  const done = await toClipboard(texts[what]());
  part("copied").textContent = done ? `Copied: ${what === "json" || what === "csv" ? what.toUpperCase() : what}.` : "The browser refuses to copy.";
}

// Answers

function drawHeading() {
  const { network } = question;
  part("title").textContent = network.title;
  part("subtitle").textContent = wording(question);
  document.title = `${network.title} · mbcost explorer`;
}

function budgetOf(quantity) {
  const text = question.budgets[quantity];
  if (!text) return null;
  return limitOf(quantity, text, question.bits);
}

function figure(quantity, main) {
  const value = cost === null ? null : cost.total(quantity);
  const box = html("div", { class: main ? "figure main" : "figure" });
  box.append(div("figure-name", title(quantity)));
  box.append(html("div", { class: "figure-value", id: `total-${quantity}`, "data-exact": value === null ? "" : String(value) }, value === null ? "–" : grouped(value)));
  const budget = budgetOf(quantity);
  const notes = [];
  if (value !== null && budget !== null) {
    const used = budget.of(value);
    const over = used > budget.amount;
    notes.push(span(over ? "over" : "within", over ? `over ${budget.text} by ${share(used - budget.amount, budget.amount)}` : `within ${budget.text}: ${share(used, budget.amount)}`));
  }
  if (value !== null && main) {
    const base = question.network.total([1, 1], question.network.base, quantity, question);
    if (base !== null && base !== value) notes.push(span("", `${share(value, base)} of α 1 / ${sizeText(question.network.base)}`));
  }
  if (value !== null && QUANTITIES.get(quantity).unit === "elements") notes.push(span("", `${grouped(bytesAt(value, widthOf(quantity, question.bits)))} bytes at ${widthOf(quantity, question.bits)} bits`));
  if (!cost?.exact && value !== null) notes.push(span("over", "a lower bound"));
  if (notes.length) box.append(div("figure-note", ...notes));
  return box;
}

function drawFigures() {
  const others = COUNTED.filter((quantity) => quantity !== question.quantity);
  const boxes = [figure(question.quantity, true), ...others.map((quantity) => figure(quantity, false))];
  const { network } = question;
  if (network.at(question.depth).twin && cost !== null && adds(question.quantity)) {
    const [standard, own] = [true, false].map((twin) => network.total(question.alpha, question.size, question.quantity, { ...question, standard: twin }));
    if (standard !== null && own !== null) {
      boxes.push(div("figure", div("figure-name", "separable / standard"), html("div", { class: "figure-value", id: "saving" }, ratio(own, standard)),
        div("figure-note", span("", `standard: ${grouped(standard)}`)),
      ));
    }
  }
  const solution = drawSolution();
  if (solution) boxes.push(solution);
  part("figures").replaceChildren(...boxes);
}

/** The widest network within the budgets at this resolution; null where there is no budget. */
function solved() {
  const limits = LIMITED.flatMap(({ name }) => {
    const budget = budgetOf(name);
    return budget ? [{ name, ...budget }] : [];
  });
  const { network, size } = question;
  if (!limits.length) return null;
  if (!network.varies) return { why: "its width cannot vary" };
  const key = [network.name, size, countedAs(question), ...limits.map(({ name, amount }) => `${name}${amount}`)].join();
  if (!solutions.has(key)) {
    const side = network.side(question);
    const beyond = (count) => (alpha) => limits.some(({ name, amount, of }) => {
      const total = count(reduced(...alpha), size, name, question);
      return total === null || of(total) > amount;
    });
    const over = beyond((...point) => network.leastTotal(...point));
    const breaks = beyond((...point) => network.total(...point));
    try {
      solutions.set(key, widest(side.widths, side.rules, (alpha) => !breaks(alpha), over) ?? { why: "no width is within them" });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      solutions.set(key, { why: error.message });
    }
  }
  return solutions.get(key);
}

function drawSolution() {
  const found = solved();
  if (!found) return null;
  const box = html("div", { class: "figure", id: "solution" }, div("figure-name", `widest within the budgets at ${sizeText(question.size)}`));
  if (found.why) {
    box.append(div("figure-note", span("over", `None: ${found.why}.`)));
    return box;
  }
  const alpha = reduced(...found.alpha);
  const total = question.network.total(alpha, question.size, question.quantity, question);
  const go = html("button", { type: "button" }, "go there");
  go.addEventListener("click", () => ask({ alpha }));
  const until = found.last ? "and wider" : `the same below α ${exactText(reduced(...found.end.alpha))}`;
  box.append(
    html("div", { class: "figure-value", "data-exact": `${alpha[0]}/${alpha[1]}` }, `α ${exactText(alpha)}`),
    div("figure-note", span("", `${until} · ${grouped(total)} `), go),
  );
  return box;
}

function drawProfile() {
  const { by, quantity } = question;
  part("profile-title").textContent = `${title(quantity)[0].toUpperCase()}${title(quantity).slice(1)} by ${by}`;
  if (cost === null) {
    part("profile").replaceChildren();
    part("profile-legend").replaceChildren();
    part("detail").replaceChildren();
    return;
  }
  const groups = groupsOf();
  part("profile-legend").replaceChildren(...legend(cost, quantity));
  profile.draw(cost, groups, question, `${title(quantity)} of ${question.network.title} by ${by}`);
  detail(null);
}

/** What is drawn and listed: rows, or the steps that hold memory. */
function groupsOf() {
  const { by, quantity } = question;
  return quantity === HELD ? cost.gatheredSteps(by, quantity) : cost.gathered(by, quantity);
}

function shape(dims) {
  return dims.join(" × ");
}

/** What is said of the bar with the pointer or the focus: its shapes, its formula, and the numbers put in. */
function detail(group) {
  const box = part("detail");
  if (cost === null) return;
  const { by, quantity } = question;
  const groups = profile.groups ?? [];
  const chosen = group ?? groups.reduce((best, one) => (best === null || one.value > best.value ? one : best), null);
  if (!chosen) {
    box.replaceChildren("Nothing here costs anything.");
    return;
  }
  const total = cost.total(quantity);
  const lines = [];
  const row = chosen.rows[0];
  const single = by === "layer";
  const head = chosen.step ?? chosen.name;
  lines.push(div("detail-head", html("i", { class: `swatch ${single || by === "kind" ? kindClass(row.kind) : ""}` }), html("b", {}, head),
    span("", single || chosen.step ? row.kind.replaceAll("_", " ") : `${chosen.rows.length} ${chosen.rows.length === 1 ? "row" : "rows"}`),
    span("", single ? `${shape(row.input)} → ${shape(row.output)}` : ""),
    single && row.kernel ? span("", `kernel ${row.kernel.join(" × ")}, stride ${row.stride[0] === row.stride[1] ? row.stride[0] : row.stride.join(" × ")}`) : null,
    span("share", group ? "" : "the largest: ", adds(quantity) ? share(chosen.value, total) : grouped(chosen.value)),
  ));
  for (const tensor of chosen.tensors ?? []) {
    lines.push(div("formula", span("formula-name", tensor.made ? "makes" : "holds"), span("formula-body", `${tensor.name} `, html("b", {}, grouped(tensor.value)))));
  }
  for (const name of chosen.tensors ? [] : new Set([quantity, ...COUNTED])) {
    const value = together(chosen.rows.map((one) => cost.of(one, name)), name);
    const formula = single ? cost.formula(row, name) : null;
    lines.push(div("formula", span("formula-name", title(name)),
      span("formula-body", ...(formula ? [html("var", {}, ...subscripts(formula.symbols)), ` = ${formula.digits.replaceAll("*", "×")} = `] : []), html("b", {}, grouped(value))),
    ));
  }
  box.replaceChildren(...lines);
}

/** D_K * M as D with a small K, times M. */
function subscripts(symbols) {
  return symbols.replaceAll("*", "×").split(/(_[A-Za-z])/).map((text) => (text.startsWith("_") ? html("sub", {}, text.slice(1)) : text));
}

function drawSeries(networks) {
  part("series").replaceChildren(...(networks.length < 2 ? [] : networks).map((network, i) => span("", svg("svg", { viewBox: "0 0 26 8", "aria-hidden": "true" }, svg("path", { class: `line of-${i}`, d: "M0 4H26" })),
    `${network.title} `, html("b", {}, totalText(network, question.alpha, question.size)),
  )));
}

/** What a curve says where the pointer is; a click asks that. */
function readable(id, pick) {
  const box = part(id);
  const at = (event) => {
    const { left, width } = box.getBoundingClientRect();
    return pick(box.place((event.clientX - left) / width));
  };
  box.onpointermove = (event) => {
    const { text, changes } = at(event);
    const { alpha, size } = { ...question, ...changes };
    part(`${id}-reading`).textContent = `${text}: ${totalText(question.network, alpha, size)}`;
  };
  box.onpointerleave = () => { part(`${id}-reading`).textContent = ""; };
  box.onclick = (event) => ask(at(event).changes);
}

function clamped(value, least, most) {
  return Math.min(Math.max(Math.round(value), least), most);
}

function drawCurves() {
  const { network, others, quantity } = question;
  const networks = [network, ...others];
  drawSeries(networks);
  const value = cost === null ? null : cost.total(quantity);
  const budget = budgetOf(quantity);
  const most = Math.max(2, Math.ceil(hundredths(question.alpha)));
  const room = roomOf(part("alpha-curve")) - 64;
  const parts = room > 320 ? 8 : 4;
  const least = 32;
  const far = Math.max(2 * network.base[0], 448, question.size[0]);
  const every = Math.max(2, Math.ceil(((far - least) * networks.length) / 600));
  const widths = networks.map((one) => ({ steps: totals.overAlpha(one, question, most) }));
  const sizes = networks.map((one) => ({ steps: totals.overResolution(one, one.varies ? question : { ...question, alpha: [1, 1] }, least, far, every) }));
  curve(part("alpha-curve"), {
    label: `${title(quantity)} over alpha at ${sizeText(question.size)}`, series: widths, least: 0, most, budget, axis: "α",
    marks: spaced(Array.from({ length: parts + 1 }, (_, i) => ({ at: (i * most) / parts, text: String((i * most) / parts) })), 0, most, room),
    here: { at: hundredths(question.alpha), value },
  });
  readable("alpha-curve", (place) => {
    const percent = clamped(place * 100, 1, most * 100);
    return { text: `α ${percent / 100}`, changes: { alpha: reduced(percent, 100) } };
  });
  curve(part("resolution-curve"), {
    label: `${title(quantity)} over the resolution at alpha ${exactText(question.alpha)}`, series: sizes, least, most: far, budget, axis: "pixels",
    marks: spaced(sizesOf(network).concat(far).map((side) => ({ at: side, text: String(side) })), least, far, room),
    here: { at: question.size[0], value },
  });
  readable("resolution-curve", (place) => {
    const side = clamped(place, least, far);
    return { text: `${side} px`, changes: { size: ofHeight(side, network.base) } };
  });
  tableFor("alpha-curve-table", () => {
    const widths = [...new Set([...widthsOf(network), exactText(question.alpha)])].sort((a, b) => hundredths(readAlpha(a)) - hundredths(readAlpha(b)));
    return [`${title(quantity)} over alpha`, ["α", ...networks.map((one) => one.title)], widths.map((text) => [text, ...networks.map((one) => totalText(one, readAlpha(text), question.size))])];
  });
  tableFor("resolution-curve-table", () => {
    const sides = [...new Set([...sizesOf(network), question.size[0]])].sort((a, b) => a - b);
    return [`${title(quantity)} over the resolution`, ["resolution", ...networks.map((one) => one.title)], sides.map((side) => [String(side), ...networks.map((one) => totalText(one, question.alpha, ofHeight(side, one.base)))])];
  });
}

function totalText(network, alpha, size) {
  const total = network.varies || exactText(alpha) === "1" ? network.total(alpha, size, question.quantity, question) : null;
  return total === null ? "–" : grouped(total);
}

/** Fill the table behind a chart when it is open. */
function tableFor(id, make) {
  if (part(id).open) tabulate(part(id).querySelector("div"), ...make());
}

let accuracyKey = "";
function drawAccuracy() {
  const networks = [question.network, ...question.others];
  const { quantity, convention, budgets } = question;
  const key = JSON.stringify([networks.map(({ name }) => name), quantity, convention, budgets[quantity], roomOf(part("accuracy"))]);
  if (key !== accuracyKey) {
    accuracyKey = key;
    const points = published(networks, question);
    part("accuracy-panel").hidden = points.length === 0;
    if (points.length) scatter(part("accuracy"), { label: `Published top-1 accuracy over ${title(quantity)}`, points, budget: budgetOf(quantity), axis: title(quantity) });
    const best = front(points);
    part("accuracy-table").rows = points.map((point) => [
      point.name, point.network.name, point.alpha, sizeText(point.size), grouped(point.value), `${point.top1} %`, best.includes(point) ? "yes" : "", point.source,
    ]);
  }
  part("accuracy").move?.(cost === null ? null : cost.total(quantity));
  tableFor("accuracy-table", () => ["Published accuracies", ["published as", "network", "α", "resolution", title(quantity), "top-1", "front", "source"], part("accuracy-table").rows]);
}

function drawComparison() {
  const { network, quantity } = question;
  part("comparison-panel").hidden = !network.at(question.depth).twin || cost === null || !adds(quantity);
  if (part("comparison-panel").hidden) return;
  const own = new Cost(question, network, false);
  const twin = new Cost(question, network, true);
  const lines = comparison(own, twin).map((line) => ({ ...line, ...line.of(quantity) }));
  const most = Math.max(...lines.map(({ standard }) => Number(standard)), 1);
  part("comparison-note").textContent = `A pair of depthwise and pointwise layers against the standard convolution it factorises. Theory: 1/N + 1/Dₖ² of its mult-adds.`;
  const rows = lines.map(({ name, standard, separable, theory }) => [
    name, [[Number(standard) / most, "standard"], [Number(separable) / most, "separable"]],
    grouped(standard), grouped(separable), ratio(separable, standard), ratio(theory[0], theory[1]),
  ]);
  const [all, whole] = [own.total(quantity), twin.total(quantity)];
  rows.push(["total", "", grouped(whole), grouped(all), ratio(all, whole), ""]);
  tabulate(part("comparison"), `Standard against separable, ${title(quantity)}`, ["pair", "", "standard", "separable", "ratio", "1/N + 1/Dₖ²"], rows);
}

function drawRows() {
  part("rows-panel").hidden = cost === null;
  if (cost === null) return;
  const { by, quantity } = question;
  part("rows-title").textContent = { layer: "Layer by layer", block: "Block by block", kind: "Kind by kind" }[by];
  const groups = groupsOf();
  const total = cost.total(quantity);
  const most = Math.max(...groups.map(({ value }) => Number(value)), 1);
  if (quantity === HELD) {
    part("rows-title").textContent = "What is alive, step by step";
    part("rows").className = "scroll";
    const lines = groups.map(({ step, value, tensors, rows: [row] }) => [
      step, [[Number(value) / most, kindClass(row.kind)]], grouped(value), share(value, total), tensors.map(({ name, value: held }) => `${name} ${grouped(held)}`).join(" + "),
    ]);
    tabulate(part("rows"), `${title(quantity)} by step`, ["step", "", title(quantity), "of the peak", "alive"], [...lines, ["peak", "", grouped(total), "", ""]]);
    return;
  }
  const beside = quantity === "params" ? "mult_adds" : "params";
  const rows = groups.map((group) => {
    const row = group.rows[0];
    const shapes = by === "layer" ? [row.kind.replaceAll("_", " "), `${shape(row.input)} → ${shape(row.output)}`] : [String(group.rows.length)];
    const bar = [Number(group.value) / most, by === "block" ? "kind-other" : kindClass(row.kind)];
    return [group.name, ...shapes, [bar], grouped(group.value), adds(quantity) ? share(group.value, total) : "", grouped(together(group.rows.map((one) => cost.of(one, beside)), beside))];
  });
  const lead = by === "layer" ? ["layer", "kind", "shape"] : [by, "rows"];
  rows.push(["total", ...lead.slice(1).map(() => ""), "", grouped(total), adds(quantity) ? "100.00 %" : "", grouped(cost.total(beside))]);
  part("rows").className = `scroll by-${by}`;
  tabulate(part("rows"), `${title(quantity)} by ${by}`, [...lead, "", title(quantity), "share", title(beside)], rows);
}

build();
open();
