// Cells of prescribed areas: exact labels by pruned lists, areas with pixel fractions, and damped Newton steps of the potentials.
import { candidates } from "./candidates.js";
import { cost, costGradient, gauge, power, steepest, wrapped } from "./costs.js";

const DAMPING = 1e-3;
const SHORTEST = 1 / 16;

export class CellSolver {
  // Cells as costs.js has them, on a grid of `shape` pixels of size `spacing`; `open` is 0 in walls.
  constructor(cells, shape, spacing, periodic, open) {
    this.cells = cells;
    this.shape = shape;
    this.spacing = spacing;
    this.size = shape.map((n, axis) => n * spacing[axis]);
    this.periods = periodic ? this.size : [0, 0];
    this.open = open;
    this.pixel = spacing[0] * spacing[1];
    this.labels = new Int32Array(shape[0] * shape[1]);
    const n = cells.count;
    this.volumes = new Float64Array(n);
    this.offsets = new Float64Array(2 * n);
    this.pulls = new Float64Array(2 * n);
    this.weights = new Float64Array((n + 1) * (n + 1));
    this.pairs = [];
    this.tiles = 8 * Math.max(2, Math.min(8, Math.round(Math.min(...shape) / 64)));
  }

  // Label every pixel (cell, or -1), and add up areas, first moments and what the Newton step needs.
  measure() {
    const { cells, shape, spacing, periods, tiles, labels, open } = this;
    const n = cells.count;
    const lists = candidates(cells, this.size, periods, tiles);
    for (const key of this.pairs) this.weights[key] = 0;
    this.pairs = [];
    for (const array of [this.volumes, this.offsets, this.pulls]) array.fill(0);
    const steep = Float64Array.from({ length: n }, (_, i) => steepest(cells, i));
    const quadratic = cells.exponent.every((p) => p === 2) && cells.kind.every((kind) => kind <= 1) && cells.cap.every((cap) => cap > 1e29);
    const here = new Float64Array(2);
    const gradients = [new Float64Array(2), new Float64Array(2)];
    const [h0, h1] = spacing;
    const { volumes, offsets } = this;
    const { x0, x1, scale, a00, a01, a11, potential } = cells;
    const repeats = periods[0] > 0;
    const edges = [0, 1].map((axis) => Int32Array.from({ length: tiles + 1 }, (_, k) => Math.max(0, Math.ceil((k * shape[axis]) / tiles - 0.5))));
    for (let tile = 0; tile < tiles * tiles; tile++) {
      const row = Math.floor(tile / tiles);
      const column = tile % tiles;
      const list = lists.items.subarray(lists.starts[tile], lists.starts[tile + 1]);
      const local = this.near(list, row, column, steep);
      for (let a = edges[0][row]; a < edges[0][row + 1]; a++) {
        const y = (a + 0.5) * h0;
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
          let own0 = 0;
          let own1 = 0;
          for (let k = 0; k < list.length; k++) {
            const i = list[k];
            const d0 = repeats ? wrapped(y - x0[i], periods[0]) : y - x0[i];
            const d1 = repeats ? wrapped(x - x1[i], periods[1]) : x - x1[i];
            const value = quadratic
              ? scale[i] * (a00[i] * d0 * d0 + 2 * a01[i] * d0 * d1 + a11[i] * d1 * d1) - potential[i]
              : cost(cells, i, d0, d1) - potential[i];
            if (value < best) {
              next = best;
              second = owner;
              best = value;
              owner = i;
              own0 = d0;
              own1 = d1;
            } else if (value < next) {
              next = value;
              second = i;
            }
          }
          labels[at] = owner;
          let share = 1;
          if (second > -2 && next - best < local.margin) {
            here[0] = y;
            here[1] = x;
            this.gradientAt(owner, here, gradients[0]);
            this.gradientAt(second, here, gradients[1]);
            const width = Math.abs(gradients[1][0] - gradients[0][0]) * h0 + Math.abs(gradients[1][1] - gradients[0][1]) * h1;
            if (next - best < 0.5 * width) {
              share = 0.5 + (next - best) / width;
              this.addPair(owner, second, this.pixel / width);
            }
          }
          if (owner >= 0) {
            volumes[owner] += share;
            offsets[2 * owner] += share * own0;
            offsets[2 * owner + 1] += share * own1;
            if (!quadratic) this.addPull(owner, own0, own1, share, gradients[0]);
          }
          if (share < 1 && second >= 0) this.add(second, y, x, 1 - share, quadratic, gradients[0]);
        }
      }
    }
    for (let i = 0; i < n; i++) {
      const volume = Math.max(this.volumes[i], 1e-12);
      if (quadratic) {
        const factor = 2 * cells.scale[i] * this.pixel;
        const [m0, m1] = [this.offsets[2 * i], this.offsets[2 * i + 1]];
        this.pulls[2 * i] = factor * (cells.a00[i] * m0 + cells.a01[i] * m1);
        this.pulls[2 * i + 1] = factor * (cells.a01[i] * m0 + cells.a11[i] * m1);
      }
      this.offsets[2 * i] /= volume;
      this.offsets[2 * i + 1] /= volume;
      this.volumes[i] *= this.pixel;
    }
  }

  // How far apart two costs may be in a tile for its pixels to lie across an interface.
  near(list, row, column, steep) {
    const { cells, size, tiles, spacing, periods } = this;
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
    return { margin: steepestHere * (spacing[0] + spacing[1]) };
  }

  gradientAt(cell, [y, x], out) {
    if (cell < 0) out.fill(0);
    else costGradient(this.cells, cell, wrapped(y - this.cells.x0[cell], this.periods[0]), wrapped(x - this.cells.x1[cell], this.periods[1]), out);
  }

  // What a second cell has of a pixel.
  add(i, y, x, share, quadratic, spare) {
    const d0 = wrapped(y - this.cells.x0[i], this.periods[0]);
    const d1 = wrapped(x - this.cells.x1[i], this.periods[1]);
    this.volumes[i] += share;
    this.offsets[2 * i] += share * d0;
    this.offsets[2 * i + 1] += share * d1;
    if (!quadratic) this.addPull(i, d0, d1, share, spare);
  }

  addPull(i, d0, d1, share, spare) {
    costGradient(this.cells, i, d0, d1, spare);
    this.pulls[2 * i] += share * this.pixel * spare[0];
    this.pulls[2 * i + 1] += share * this.pixel * spare[1];
  }

  addPair(owner, second, weight) {
    const n = this.cells.count;
    const [i, j] = [owner < 0 ? n : owner, second < 0 ? n : second];
    const key = i < j ? i * (n + 1) + j : j * (n + 1) + i;
    if (this.weights[key] === 0) this.pairs.push(key);
    this.weights[key] += weight;
  }

  // Mean relative error of the areas.
  error() {
    let sum = 0;
    for (let i = 0; i < this.cells.count; i++) sum += Math.abs(this.volumes[i] - this.cells.volume[i]) / this.cells.volume[i];
    return sum / Math.max(this.cells.count, 1);
  }

  // Newton steps until the mean error is below `tolerance`, at most `most`; returns the error.
  solve(tolerance, most) {
    const { potential } = this.cells;
    this.measure();
    let error = this.error();
    for (let k = 0; k < most && error > tolerance; k++) {
      const before = Float64Array.from(potential);
      const step = this.direction();
      let length = 1;
      for (;;) {
        for (let i = 0; i < step.length; i++) potential[i] = before[i] + length * step[i];
        this.measure();
        const now = this.error();
        if (now < error * (1 - 0.2 * length) || length <= SHORTEST) {
          error = now;
          break;
        }
        length /= 2;
      }
    }
    return error;
  }

  // Solve (Laplacian of the contacts) step = missing areas, by conjugate gradients.
  direction() {
    const { cells, weights, pairs } = this;
    const n = cells.count;
    const diagonal = new Float64Array(n);
    const edges = pairs.map((key) => [Math.floor(key / (n + 1)), key % (n + 1), weights[key]]);
    for (const [i, j, w] of edges) {
      diagonal[i] += w;
      if (j < n) diagonal[j] += w;
    }
    const typical = diagonal.reduce((a, b) => a + b, 0) / Math.max(n, 1) || 1;
    for (let i = 0; i < n; i++) diagonal[i] += DAMPING * typical + (diagonal[i] === 0 ? typical : 0);
    const apply = (v, out) => {
      for (let i = 0; i < n; i++) out[i] = diagonal[i] * v[i];
      for (const [i, j, w] of edges) {
        if (j === n) continue;
        out[i] -= w * v[j];
        out[j] -= w * v[i];
      }
    };
    const step = new Float64Array(n);
    const rest = Float64Array.from(cells.volume, (v, i) => v - this.volumes[i]);
    const scaled = rest.map((v, i) => v / diagonal[i]);
    const way = Float64Array.from(scaled);
    const image = new Float64Array(n);
    let product = rest.reduce((sum, v, i) => sum + v * scaled[i], 0);
    const enough = product * 1e-8;
    for (let k = 0; k < 200 && product > enough; k++) {
      apply(way, image);
      const alpha = product / way.reduce((sum, v, i) => sum + v * image[i], 0);
      for (let i = 0; i < n; i++) {
        step[i] += alpha * way[i];
        rest[i] -= alpha * image[i];
        scaled[i] = rest[i] / diagonal[i];
      }
      const now = rest.reduce((sum, v, i) => sum + v * scaled[i], 0);
      for (let i = 0; i < n; i++) way[i] = scaled[i] + (now / product) * way[i];
      product = now;
    }
    return step;
  }
}
