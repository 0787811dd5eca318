// Labels, areas and first moments of cells on a grid, with the fractions of pixels that two cells share, and how areas answer to potentials.
import { candidates } from "./candidates.js";
import { cost, costGradient, gauge, isQuadratic, power, steepest, wrapped } from "./costs.js";

export class CellAreas {
  // Cells as costs.js has them, on a grid of `shape` pixels of size `spacing`; `open` is 0 in walls.
  constructor(cells, shape, spacing, periodic, open) {
    this.shape = shape;
    this.spacing = spacing;
    this.size = shape.map((n, axis) => n * spacing[axis]);
    this.periods = periodic ? this.size : [0, 0];
    this.open = open;
    this.pixel = spacing[0] * spacing[1];
    this.labels = new Int32Array(shape[0] * shape[1]);
    this.tiles = Math.min(128, Math.max(16, 2 ** Math.round(Math.log2(Math.min(...shape) / 6))));
    this.edges = shape.map((count) => Int32Array.from({ length: this.tiles + 1 }, (_, k) => Math.max(0, Math.ceil((k * count) / this.tiles - 0.5))));
    this.free = this.tilesWithoutWalls();
    this.gradients = [new Float64Array(2), new Float64Array(2)];
    this.setCells(cells);
  }

  // Have other cells from now on.
  setCells(cells) {
    const n = cells.count;
    this.cells = cells;
    this.volumes = new Float64Array(n);
    this.offsets = new Float64Array(2 * n);
    this.pulls = new Float64Array(2 * n);
    this.weights = new Float64Array((n + 1) * (n + 1));
    this.pairs = [];
    this.near = Array.from({ length: 8 }, () => new Float64Array(n + 1)); // of the candidates of a tile, see `gather`
  }

  tilesWithoutWalls() {
    const { tiles, edges, shape, open } = this;
    const free = new Uint8Array(tiles * tiles).fill(1);
    for (let tile = 0; tile < tiles * tiles; tile++) {
      const [row, column] = [Math.floor(tile / tiles), tile % tiles];
      for (let a = edges[0][row]; a < edges[0][row + 1] && free[tile]; a++) {
        if (open.subarray(a * shape[1] + edges[1][column], a * shape[1] + edges[1][column + 1]).includes(0)) free[tile] = 0;
      }
    }
    return free;
  }

  // Label every pixel (cell, or -1), and add up areas, first moments and what a Newton step needs.
  measure() {
    const { cells, tiles, size, periods, spacing } = this;
    const quadratic = isQuadratic(cells);
    const lists = candidates(cells, size, periods, tiles, quadratic ? Math.max(...spacing) : 0);
    for (const key of this.pairs) this.weights[key] = 0;
    this.pairs = [];
    for (const array of [this.volumes, this.offsets, this.pulls]) array.fill(0);
    this.steep = Float64Array.from({ length: cells.count }, (_, i) => steepest(cells, i));
    for (let tile = 0; tile < tiles * tiles; tile++) {
      const list = lists.items.subarray(lists.starts[tile], lists.starts[tile + 1]);
      const row = Math.floor(tile / tiles);
      const column = tile % tiles;
      if (!quadratic || !this.gather(list, row, column)) this.measureAny(list, row, column, quadratic);
      else if (!(list.length === 1 && this.free[tile] && this.fill(list[0], row, column))) this.measureQuadratic(list, row, column);
    }
    this.finish(quadratic);
  }

  finish(quadratic) {
    const { cells, offsets, pulls, volumes, pixel } = this;
    for (let i = 0; i < cells.count; i++) {
      const volume = Math.max(volumes[i], 1e-12);
      if (quadratic) {
        const factor = 2 * cells.scale[i] * pixel;
        const [m0, m1] = [offsets[2 * i], offsets[2 * i + 1]];
        pulls[2 * i] = factor * (cells.a00[i] * m0 + cells.a01[i] * m1);
        pulls[2 * i + 1] = factor * (cells.a01[i] * m0 + cells.a11[i] * m1);
      }
      offsets[2 * i] /= volume;
      offsets[2 * i + 1] /= volume;
      volumes[i] *= pixel;
    }
  }

  // Collect seeds (their images near the tile), matrices and potentials of the candidates of a tile; false if an image is not the
  // same all over it.
  gather(list, row, column) {
    const { cells, size, tiles, periods, spacing, near } = this;
    const [half0, half1] = [size[0] / tiles / 2, size[1] / tiles / 2];
    const [y, x] = [(2 * row + 1) * half0, (2 * column + 1) * half1];
    const [seed0, seed1, m00, m01, m11, potential] = near;
    this.widest = 0; // difference of costs in a pixel across an interface
    for (let k = 0; k < list.length; k++) {
      const i = list[k];
      const d0 = wrapped(y - cells.x0[i], periods[0]);
      const d1 = wrapped(x - cells.x1[i], periods[1]);
      if (periods[0] > 0 && (Math.abs(d0) + half0 > periods[0] / 2 || Math.abs(d1) + half1 > periods[1] / 2)) return false;
      seed0[k] = y - d0;
      seed1[k] = x - d1;
      m00[k] = cells.scale[i] * cells.a00[i];
      m01[k] = cells.scale[i] * cells.a01[i];
      m11[k] = cells.scale[i] * cells.a11[i];
      potential[k] = cells.potential[i];
      const steep = 2 * ((m00[k] + Math.abs(m01[k])) * (Math.abs(d0) + half0) + (m11[k] + Math.abs(m01[k])) * (Math.abs(d1) + half1));
      this.widest = Math.max(this.widest, steep * (spacing[0] + spacing[1]));
    }
    return true;
  }

  // Give a tile without walls to its only candidate, if the medium has nothing of it.
  fill(cell, row, column) {
    const { edges, spacing, shape, labels, volumes, offsets } = this;
    const [[seed0], [seed1], [m00], [m01], [m11], [potential]] = this.near;
    const [a, b, c, d] = [edges[0][row], edges[0][row + 1], edges[1][column], edges[1][column + 1]];
    const [top, bottom] = [a * spacing[0] - seed0, b * spacing[0] - seed0];
    const [left, right] = [c * spacing[1] - seed1, d * spacing[1] - seed1];
    const at = (d0, d1) => m00 * d0 * d0 + 2 * m01 * d0 * d1 + m11 * d1 * d1; // convex: it is largest in a corner
    const highest = Math.max(at(top, left), at(top, right), at(bottom, left), at(bottom, right));
    if (highest + this.widest >= potential) return false; // the medium has a part of a pixel
    for (let k = a; k < b; k++) labels.fill(cell, k * shape[1] + c, k * shape[1] + d);
    const count = (b - a) * (d - c);
    volumes[cell] += count;
    offsets[2 * cell] += (count * (top + bottom)) / 2;
    offsets[2 * cell + 1] += (count * (left + right)) / 2;
    return true;
  }

  measureQuadratic(list, row, column) {
    const { edges, spacing, shape, labels, open, volumes, offsets } = this;
    const [seed0, seed1, m00, m01, m11, potential, here, slope] = this.near;
    const count = list.length;
    const [h0, h1] = spacing;
    for (let a = edges[0][row]; a < edges[0][row + 1]; a++) {
      const y = (a + 0.5) * h0;
      for (let k = 0; k < count; k++) {
        const d0 = y - seed0[k];
        here[k] = m00[k] * d0 * d0 - potential[k];
        slope[k] = 2 * m01[k] * d0;
      }
      for (let b = edges[1][column]; b < edges[1][column + 1]; b++) {
        const at = a * shape[1] + b;
        if (!open[at]) {
          labels[at] = -1;
          continue;
        }
        const x = (b + 0.5) * h1;
        let owner = -1;
        let second = -2;
        let best = 0;
        let next = Infinity;
        for (let k = 0; k < count; k++) {
          const d1 = x - seed1[k];
          const value = here[k] + (slope[k] + m11[k] * d1) * d1;
          if (value < best) {
            next = best;
            second = owner;
            best = value;
            owner = k;
          } else if (value < next) {
            next = value;
            second = k;
          }
        }
        const cell = owner < 0 ? -1 : list[owner];
        labels[at] = cell;
        const share = next - best < this.widest ? this.split(list, owner, second, y, x, next - best) : 1;
        if (cell >= 0) {
          volumes[cell] += share;
          offsets[2 * cell] += share * (y - seed0[owner]);
          offsets[2 * cell + 1] += share * (x - seed1[owner]);
        }
      }
    }
  }

  // The part that the owner has of a pixel at (y, x) whose costs differ by `gap`; the second gets the rest.
  split(list, owner, second, y, x, gap) {
    const { spacing, volumes, offsets } = this;
    const [seed0, seed1, m00, m01, m11] = this.near;
    let [g0, g1, e0, e1] = [0, 0, 0, 0];
    if (owner >= 0) {
      const [d0, d1] = [y - seed0[owner], x - seed1[owner]];
      g0 = m00[owner] * d0 + m01[owner] * d1;
      g1 = m01[owner] * d0 + m11[owner] * d1;
    }
    if (second >= 0) {
      [e0, e1] = [y - seed0[second], x - seed1[second]];
      g0 -= m00[second] * e0 + m01[second] * e1;
      g1 -= m01[second] * e0 + m11[second] * e1;
    }
    const width = 2 * (Math.abs(g0) * spacing[0] + Math.abs(g1) * spacing[1]);
    if (gap >= 0.5 * width) return 1;
    const rest = 0.5 - gap / width;
    this.addPair(owner < 0 ? -1 : list[owner], second < 0 ? -1 : list[second], this.pixel / width);
    if (second >= 0) {
      const other = list[second];
      volumes[other] += rest;
      offsets[2 * other] += rest * e0;
      offsets[2 * other + 1] += rest * e1;
    }
    return 1 - rest;
  }

  // The same for any costs.
  measureAny(list, row, column, quadratic) {
    const { cells, edges, spacing, shape, labels, open, periods, gradients } = this;
    const margin = this.margin(list, row, column);
    const [h0, h1] = spacing;
    for (let a = edges[0][row]; a < edges[0][row + 1]; a++) {
      const y = (a + 0.5) * h0;
      for (let b = edges[1][column]; b < edges[1][column + 1]; b++) {
        const at = a * shape[1] + b;
        labels[at] = -1;
        if (!open[at]) continue;
        const x = (b + 0.5) * h1;
        let owner = -1;
        let second = -2;
        let best = 0;
        let next = Infinity;
        for (let k = 0; k < list.length; k++) {
          const i = list[k];
          const value = cost(cells, i, wrapped(y - cells.x0[i], periods[0]), wrapped(x - cells.x1[i], periods[1])) - cells.potential[i];
          if (value < best) {
            next = best;
            second = owner;
            best = value;
            owner = i;
          } else if (value < next) {
            next = value;
            second = i;
          }
        }
        labels[at] = owner;
        let share = 1;
        if (second > -2 && next - best < margin) {
          this.gradientAt(owner, y, x, gradients[0]);
          this.gradientAt(second, y, x, gradients[1]);
          const width = Math.abs(gradients[1][0] - gradients[0][0]) * h0 + Math.abs(gradients[1][1] - gradients[0][1]) * h1;
          if (next - best < 0.5 * width) {
            share = 0.5 + (next - best) / width;
            this.addPair(owner, second, this.pixel / width);
          }
        }
        if (owner >= 0) this.add(owner, y, x, share, quadratic);
        if (share < 1 && second >= 0) this.add(second, y, x, 1 - share, quadratic);
      }
    }
  }

  // How far apart two costs may be in a tile for its pixels to lie across an interface.
  margin(list, row, column) {
    const { cells, size, tiles, spacing, periods, steep } = this;
    const centre0 = ((row + 0.5) * size[0]) / tiles;
    const centre1 = ((column + 0.5) * size[1]) / tiles;
    const reach = Math.hypot(size[0], size[1]) / tiles / 2;
    let steepestHere = 0;
    for (const i of list) {
      const g = gauge(cells, i, wrapped(centre0 - cells.x0[i], periods[0]), wrapped(centre1 - cells.x1[i], periods[1]));
      const p = cells.exponent[i];
      const end = p >= 1 ? g + steep[i] * reach : Math.max(g - steep[i] * reach, 1e-6);
      steepestHere = Math.max(steepestHere, cells.scale[i] * p * power(end, p - 1) * steep[i]);
    }
    return steepestHere * (spacing[0] + spacing[1]);
  }

  gradientAt(cell, y, x, out) {
    const { cells, periods } = this;
    if (cell < 0) out.fill(0);
    else costGradient(cells, cell, wrapped(y - cells.x0[cell], periods[0]), wrapped(x - cells.x1[cell], periods[1]), out);
  }

  // What a cell has of a pixel.
  add(i, y, x, share, quadratic) {
    const { cells, periods, pulls, gradients } = this;
    this.volumes[i] += share;
    this.offsets[2 * i] += share * wrapped(y - cells.x0[i], periods[0]);
    this.offsets[2 * i + 1] += share * wrapped(x - cells.x1[i], periods[1]);
    if (quadratic) return;
    this.gradientAt(i, y, x, gradients[0]);
    pulls[2 * i] += share * this.pixel * gradients[0][0];
    pulls[2 * i + 1] += share * this.pixel * gradients[0][1];
  }

  addPair(owner, second, weight) {
    const n = this.cells.count;
    const [i, j] = [owner < 0 ? n : owner, second < 0 ? n : second];
    const key = i < j ? i * (n + 1) + j : j * (n + 1) + i;
    if (this.weights[key] === 0) this.pairs.push(key);
    this.weights[key] += weight;
  }
}
