// Exact numbers as text, and texts as exact numbers. A rational is a pair [numerator, denominator] of integers.

const MOST_ALPHA = 64;
const MOST_PIXELS = 65536;
const MOST_DIGITS = 15;
const COUNT_UNITS = { "": 1n, K: 1000n, k: 1000n, M: 1000000n, G: 1000000000n, T: 1000000000000n };
const BYTE_UNITS = {
  "": 1n, B: 1n, kB: 1000n, KB: 1000n, MB: 1000000n, GB: 1000000000n, TB: 1000000000000n,
  KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n,
};
const LEAST_BARE = 10000n;

/** A count in groups of three digits. */
export function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** a / b to the nearest integer, ties up, exact. */
function quotient(a, b) {
  return (2n * a + b) / (2n * b);
}

/** Digits with a decimal point before the last `places` of them. */
function pointed(digits, places) {
  if (!places) return digits;
  const padded = digits.padStart(places + 1, "0");
  return `${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

/** part / whole as a percentage to two places. */
export function share(part, whole) {
  if (!BigInt(whole)) return "-";
  return `${pointed(String(quotient(BigInt(part) * 10000n, BigInt(whole))), 2)} %`;
}

/** a / b to four significant digits. */
export function ratio(a, b) {
  let [top, bottom] = [BigInt(a), BigInt(b)];
  if (!bottom) return "-";
  if (!top) return "0";
  let places = 0;
  for (let size = top; size < bottom * 1000n && places < 30; size *= 10n) places += 1;
  return pointed(String(quotient(top * 10n ** BigInt(places), bottom)), places);
}

/** A count in a few characters: 568.7M. For axes, and beside the exact number only. */
export function brief(value, digits = 3) {
  const size = Number(value);
  for (const [unit, factor] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["K", 1e3]]) {
    if (size >= factor) return `${Number((size / factor).toPrecision(digits))}${unit}`;
  }
  return String(Number(size.toPrecision(digits)));
}

function divisorOf(a, b) {
  let [x, y] = [BigInt(a), BigInt(b)];
  while (y) [x, y] = [y, x % y];
  return x;
}

/** A rational in lowest terms; Numbers where both are safe. */
export function reduced(numerator, denominator) {
  const common = divisorOf(numerator, denominator);
  const parts = [BigInt(numerator) / common, BigInt(denominator) / common];
  return parts.every((part) => part <= BigInt(Number.MAX_SAFE_INTEGER)) ? parts.map(Number) : parts;
}

/** A rational as the text to type: a decimal where it is finite and short, else p/q. */
export function exactText([numerator, denominator]) {
  const [top, bottom] = [BigInt(numerator), BigInt(denominator)];
  for (let places = 0; places < 7; places += 1) {
    const scaled = top * 10n ** BigInt(places);
    if (scaled % bottom === 0n) return pointed(String(scaled / bottom), places);
  }
  return `${top}/${bottom}`;
}

/** A rational as p/q, or as an integer. */
export function fractionText([numerator, denominator]) {
  return BigInt(denominator) === 1n ? String(numerator) : `${numerator}/${denominator}`;
}

/** A number read from text: 0.75 or 3/4. Null where it is none. */
function rational(text) {
  const fraction = /^(\d{1,15})\/(\d{1,15})$/.exec(text);
  if (fraction) return BigInt(fraction[2]) ? [BigInt(fraction[1]), BigInt(fraction[2])] : null;
  const decimal = /^(\d{0,15})(?:\.(\d{1,15}))?$/.exec(text);
  if (!decimal || (!decimal[1] && !decimal[2])) return null;
  const digits = decimal[2] ?? "";
  return [BigInt(decimal[1] + digits), 10n ** BigInt(digits.length)];
}

/** The width multiplier of a text, an exact rational in (0, 64]; throws a message where it is none. */
export function readAlpha(text) {
  const found = rational(text.trim());
  if (!found) throw new RangeError("alpha is a number such as 0.75 or 3/4");
  const [numerator, denominator] = found;
  if (!numerator || numerator > denominator * BigInt(MOST_ALPHA)) {
    throw new RangeError(`alpha is above 0 and at most ${MOST_ALPHA}`);
  }
  return reduced(numerator, denominator);
}

/** Height and width of a text such as 192 or 192x256; a lone height takes the shape of `base`. */
export function readResolution(text, base) {
  const match = /^([1-9]\d{0,5})(?:[x×]([1-9]\d{0,5}))?$/.exec(text.trim().replace(/\s/g, ""));
  if (!match) throw new RangeError("a resolution is a size in pixels: 192, or 192x256 for height x width");
  const size = match[2] ? [Number(match[1]), Number(match[2])] : ofHeight(Number(match[1]), base);
  if (Math.max(...size) > MOST_PIXELS) throw new RangeError(`a side is 1 to ${grouped(MOST_PIXELS)} pixels`);
  return size;
}

/** The input of a height in the shape of the table's own input: each side is floor(rho * base + 1/2). */
export function ofHeight(height, [baseHeight, baseWidth]) {
  const width = baseHeight === baseWidth ? height : Number(quotient(BigInt(height * baseWidth), BigInt(baseHeight)));
  return [height, Math.max(1, width)];
}

/** A resolution as the text to type; as the command line reads it, a lone number is a square. */
export function sizeText([height, width]) {
  return height === width ? String(height) : `${height}x${width}`;
}

/** An amount such as 300M or 256KiB, exact: the parts below one are dropped. Null of an empty text. */
export function readAmount(text, inBytes = false) {
  const plain = text.trim();
  if (!plain) return null;
  const units = inBytes ? BYTE_UNITS : COUNT_UNITS;
  const example = inBytes ? "256KiB or 1.5MB" : "300M, 1.5G or 50k";
  const match = /^(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15}) ?([A-Za-z]*)$/.exec(plain);
  if (!match || plain.length > MOST_DIGITS + 5) throw new RangeError(`a budget is an amount such as ${example}`);
  const factor = Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  if (factor === undefined) throw new RangeError(`a budget has no unit ${match[2]}: write ${example}`);
  const [numerator, denominator] = rational(match[1]);
  const amount = (numerator * factor) / denominator;
  if (match[2] === "" && amount < LEAST_BARE) {
    throw new RangeError(`${plain} has no unit: did you mean ${plain}${inBytes ? "KB" : "M"}?`);
  }
  if (!amount) throw new RangeError("a budget of nothing");
  return amount;
}

/** A text as one word of a shell. */
export function quotedForShell(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
