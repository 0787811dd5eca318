// Which cells can own anything in a tile of the box: bounds of the costs leave a few of them, exactly.
import { gauge, isQuadratic, power, steepest, wrapped } from "./costs.js";

const FINER = 4; // tiles in a row of one level per tile of the level before

// Lists of candidates of `tiles` × `tiles` tiles (a power of 2), each wider by `margin` on all sides: {tiles, starts, items}, in reading order.
export function candidates(cells, size, periods, tiles, margin = 0) {
  const bounds = isQuadratic(cells) ? new QuadraticBounds(cells, periods) : new SlopeBounds(cells, periods);
  let level = { tiles: 1, starts: Int32Array.of(0, cells.count), items: Int32Array.from({ length: cells.count }, (_, i) => i) };
  while (level.tiles < tiles) level = refined(level, Math.min(FINER, tiles / level.tiles), size, margin, bounds);
  return level;
}

function refined({ tiles, starts, items }, times, size, margin, bounds) {
  const count = tiles * times;
  const [side0, side1] = [size[0] / count, size[1] / count];
  bounds.setTile(side0 / 2 + margin, side1 / 2 + margin);
  const finer = new Int32Array(count * count + 1);
  let kept = new Int32Array(4 * items.length + 4096);
  let end = 0;
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      const above = Math.floor(row / times) * tiles + Math.floor(column / times);
      const [from, to] = [starts[above], starts[above + 1]];
      if (end + to - from > kept.length) kept = grown(kept, to - from);
      end = bounds.keep(items, from, to, (row + 0.5) * side0, (column + 0.5) * side1, kept, end);
      finer[row * count + column + 1] = end;
    }
  }
  return { tiles: count, starts: finer, items: kept.subarray(0, end) };
}

function grown(array, by) {
  const larger = new Int32Array(2 * array.length + by);
  larger.set(array);
  return larger;
}

// Costs s zᵀAz: the difference of two of them is bounded by its slope at the centre of the tile and its least curvature.
class QuadraticBounds {
  constructor(cells, periods) {
    this.cells = cells;
    this.periods = periods;
    const times = (values) => Float64Array.from(values, (a, i) => a * cells.scale[i]);
    [this.m00, this.m01, this.m11] = [times(cells.a00), times(cells.a01), times(cells.a11)];
    this.value = new Float64Array(cells.count);
    this.slope0 = new Float64Array(cells.count);
    this.slope1 = new Float64Array(cells.count);
    this.turns = new Uint8Array(cells.count); // its nearest image is not the same all over the tile
    this.loose = new SlopeBounds(cells, periods);
  }

  setTile(half0, half1) {
    this.half0 = half0;
    this.half1 = half1;
    this.loose.setTile(half0, half1);
  }

  // Append those of items[from … to] that can own something in the tile around (y, x) to `kept`, from `end` on; return the new end.
  keep(items, from, to, y, x, kept, end) {
    const { m00, m01, m11, value, slope0, slope1, half0, half1 } = this;
    const best = this.cheapest(items, from, to, y, x);
    const known = best >= 0;
    const least = known ? value[best] : 0; // the medium's
    const b0 = known ? slope0[best] : 0;
    const b1 = known ? slope1[best] : 0;
    const b00 = known ? m00[best] : 0;
    const b01 = known ? m01[best] : 0;
    const b11 = known ? m11[best] : 0;
    const farthest = half0 * half0 + half1 * half1;
    const most = Math.min(0, least + Math.abs(b0) * half0 + Math.abs(b1) * half1 + (b00 + b11) * farthest);
    for (let k = from; k < to; k++) {
      const i = items[k];
      if (this.turns[i] === 1) {
        if (this.loose.lower(i, y, x) <= most) kept[end++] = i;
        continue;
      }
      if (value[i] > Math.abs(slope0[i]) * half0 + Math.abs(slope1[i]) * half1) continue; // the medium is cheaper
      const lead = value[i] - least - Math.abs(slope0[i] - b0) * half0 - Math.abs(slope1[i] - b1) * half1;
      if (lead <= 0 || lead + farthest * leastCurvature(m00[i] - b00, m01[i] - b01, m11[i] - b11) <= 0) kept[end++] = i;
    }
    return end;
  }

  // Value and slope of every candidate at (y, x); the cheapest one, -1 for the medium.
  cheapest(items, from, to, y, x) {
    const { m00, m01, m11, value, slope0, slope1, turns, half0, half1 } = this;
    const { x0, x1, potential } = this.cells;
    const [period0, period1] = this.periods;
    const far0 = period0 > 0 ? period0 / 2 - half0 : Infinity;
    const far1 = period1 > 0 ? period1 / 2 - half1 : Infinity;
    let best = -1;
    let least = 0;
    for (let k = from; k < to; k++) {
      const i = items[k];
      let d0 = y - x0[i];
      let d1 = x - x1[i];
      if (period0 > 0) {
        d0 = wrapped(d0, period0);
        d1 = wrapped(d1, period1);
      }
      const g0 = m00[i] * d0 + m01[i] * d1;
      const g1 = m01[i] * d0 + m11[i] * d1;
      const here = g0 * d0 + g1 * d1 - potential[i];
      slope0[i] = 2 * g0;
      slope1[i] = 2 * g1;
      value[i] = here;
      turns[i] = Math.abs(d0) > far0 || Math.abs(d1) > far1 ? 1 : 0;
      if (here < least && turns[i] === 0) {
        least = here;
        best = i;
      }
    }
    return best;
  }
}

// The least curvature of a quadratic form, 0 where it curves up everywhere.
function leastCurvature(c00, c01, c11) {
  if (c00 === 0 && c01 === 0 && c11 === 0) return 0;
  return Math.min(0, (c00 + c11) / 2 - Math.hypot((c00 - c11) / 2, c01));
}

// Any costs: each is bounded by how fast its gauge can grow.
class SlopeBounds {
  constructor(cells, periods) {
    this.cells = cells;
    this.periods = periods;
    this.slopes = Float64Array.from({ length: cells.count }, (_, i) => steepest(cells, i));
    this.lowest = new Float64Array(cells.count);
  }

  setTile(half0, half1) {
    this.reach = Math.hypot(half0, half1);
  }

  gaugeAt(i, y, x) {
    const { cells, periods } = this;
    return gauge(cells, i, wrapped(y - cells.x0[i], periods[0]), wrapped(x - cells.x1[i], periods[1]));
  }

  costOf(i, length) {
    const { cap, scale, exponent, potential } = this.cells;
    return Math.min(cap[i], scale[i] * power(Math.max(0, length), exponent[i])) - potential[i];
  }

  lower(i, y, x) {
    return this.costOf(i, this.gaugeAt(i, y, x) - this.slopes[i] * this.reach);
  }

  keep(items, from, to, y, x, kept, end) {
    let least = 0; // the medium's
    for (let k = from; k < to; k++) {
      const i = items[k];
      const middle = this.gaugeAt(i, y, x);
      const spread = this.slopes[i] * this.reach;
      this.lowest[i] = this.costOf(i, middle - spread);
      least = Math.min(least, this.costOf(i, middle + spread));
    }
    for (let k = from; k < to; k++) if (this.lowest[items[k]] <= least) kept[end++] = items[k];
    return end;
  }
}
