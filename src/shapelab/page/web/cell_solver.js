// Cells of prescribed areas: damped Newton steps of their potentials.
import { CellAreas } from "./cell_areas.js";

const DAMPING = 1e-3;
const SHORTEST = 1 / 16;

export class CellSolver extends CellAreas {
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
