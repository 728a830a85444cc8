// The exact arithmetic of a walk over a network: what mbcost/dims/arithmetic.py does, on integers only.
//
// The same methods serve Numbers and BigInts. Numbers are used as long as every integer is a safe one; where one is not,
// TooLarge is thrown and the walk is done again on BigInts. No value ever is a fraction, so no digit can be wrong.

/** Thrown where Numbers end: the walk must be done on BigInts. */
export class TooLarge extends Error {}

/** Thrown where there is no such network: a map vanishes, a width is 0, two maps do not meet. */
export class Impossible extends Error {}

const TOO_LARGE = new TooLarge("past 2^53");
const VANISHED = new Impossible("a feature map vanishes at this resolution");
const NO_CHANNELS = new Impossible("a width of 0 channels at this alpha");
const TOO_MANY = new Impossible("a map of more than 1,000,000,000,000,000 channels or pixels");
const UNLIKE = new Impossible("a feature map does not fit the layer that reads it here");
const NOT_WHOLE = new Impossible("channels do not divide into the groups of a convolution at this alpha");
const NO_RULE = new Impossible("a width is not whole at this alpha, and the table names no rounding");

const MOST_OF_A_DIM = 1e15;

/** The rounded arithmetic of one walk at alpha = numerator / denominator. `whole` is Number or BigInt. */
export class Arithmetic {
  constructor(whole, [numerator, denominator], rules) {
    this.numerator = whole(numerator);
    this.denominator = whole(denominator);
    this.most = whole === Number ? Number.MAX_SAFE_INTEGER : Infinity;
    this.zero = whole(0);
    this.one = whole(1);
    this.nine = whole(9);
    this.ten = whole(10);
    this.rules = rules;
    this.big = whole === BigInt;
  }

  safe(value) {
    if (value <= this.most) return value;
    throw TOO_LARGE;
  }

  floorDiv(a, b) {
    const rest = this.safe(a) % b;
    return (a - (rest < 0 ? rest + b : rest)) / b;
  }

  ceilDiv(a, b) {
    const rest = this.safe(a) % b;
    return (a - rest + (rest > 0 ? b : this.zero)) / b;
  }

  /** A width under alpha, by the table's rule or by one of its own. */
  scale(width, rule = 0) {
    return this.round(this.numerator * width, this.denominator, this.rules[rule]);
  }

  /** A width that alpha can only enlarge. */
  grow(width, rule = 0) {
    return this.round(this.larger(this.numerator, this.denominator) * width, this.denominator, this.rules[rule]);
  }

  /** A width that is a multiple of another one, by a rule of its own. */
  ratio(numerator, denominator, width, rule) {
    return this.round(numerator * width, denominator, this.rules[rule]);
  }

  round(a, b, rule) {
    if (!rule) return this.whole(a, b);
    const { name, guarded, numbers } = rule;
    const [divisor, least] = this.big ? numbers.map(BigInt) : numbers;
    const truncated = name === "floor+divisor";
    const numerator = truncated ? this.floorDiv(a, b) : a;
    const denominator = truncated ? this.one : b;
    const step = denominator * divisor;
    this.safe(this.ten * (this.safe(numerator) + step) * (this.one + this.one));
    let width;
    if (name === "floor") width = this.floorDiv(numerator, step) * divisor;
    else if (name === "ceil") width = this.ceilDiv(numerator, step) * divisor;
    else {
      width = this.floorDiv(numerator + numerator + step, step + step) * divisor;
      // of two as near ones, the even multiple
      if (name === "nearest-even" && (numerator + numerator + step) % (step + step) == 0 && (width / divisor) % (this.one + this.one) == 1) width -= divisor;
      if (guarded) {
        width = this.larger(width, divisor);
        if (this.ten * width * denominator < this.nine * numerator) width += divisor;
      }
    }
    return this.larger(width, least);
  }

  whole(a, b) {
    if (this.safe(a) % b != 0) throw NO_RULE; // 0n is not 0, but equals it
    return a / b;
  }

  /** A quotient that must be whole: channels per group. */
  exact(a, b) {
    if (this.safe(a) % b != 0) throw NOT_WHOLE;
    return a / b;
  }

  /** The same of two widths that share no factor. */
  quotient(a, b) {
    return this.exact(a, b);
  }

  larger(a, b) {
    return a < b ? b : a;
  }

  unequal(a, b) {
    return this.safe(a) === this.safe(b) ? this.zero : this.one;
  }

  atLeast(a, b) {
    return this.safe(a) >= this.safe(b) ? this.one : this.zero;
  }

  /** A difference; both terms are checked, because a small difference of two wrong numbers would not be noticed. */
  minus(a, b) {
    return this.safe(a) - this.safe(b);
  }

  // What must hold of a network. Widths and sides have a word of their own, for the message.

  equal(...pairs) {
    for (let i = 0; i < pairs.length; i += 2) if (this.safe(pairs[i]) !== this.safe(pairs[i + 1])) throw UNLIKE;
  }

  channels(...widths) {
    for (const width of widths) possible(width, NO_CHANNELS);
  }

  side(...sides) {
    for (const side of sides) possible(side, VANISHED);
  }
}

function possible(dim, error) {
  if (!(dim >= 1)) throw error;
  if (dim > MOST_OF_A_DIM) throw TOO_MANY;
}

/**
 * The same walk, bounded from below by what only grows with alpha and with the resolution: a layer that may be absent is
 * absent, a quotient need not be whole, and nothing is checked. `mostTaken` is what a difference can take away at most.
 */
export class LowerBound extends Arithmetic {
  unequal() {
    return this.zero;
  }

  atLeast() {
    return this.zero;
  }

  minus(a, b, mostTaken) {
    return mostTaken === undefined ? this.zero : this.larger(this.safe(a) - mostTaken, this.zero);
  }

  exact(a, b) {
    return this.floorDiv(a, b);
  }

  whole(a, b) {
    return this.floorDiv(a, b);
  }

  quotient() {
    return this.zero; // what is divided by could be more than its bound
  }

  equal() {}

  channels() {}

  side() {}
}
