// Forces of tension between two kinds of cells and the medium, along interfaces and at junctions: those of
// shapelab.cells.motions.tension, on the labels of the solver.
import { wrapped } from "./costs.js";

// Table of tensions; the last row and column are the medium's.
export function tensionTable(p) {
  return [
    [p.first, p.between, p.first_medium],
    [p.between, p.second, p.second_medium],
    [p.first_medium, p.second_medium, 0],
  ];
}

const MEDIUM = 2;

// Forces along the faces between pixels of different cells, whose costs are `scales` |z|².
export class InterfaceForces {
  constructor(solver, scales) {
    this.solver = solver;
    this.scales = scales;
    this.forces = new Float64Array(2 * solver.cells.count);
  }

  // `tensions(i, j)` gives those of two cells, [bending, stretching]; j is -1 for the medium.
  interfaces(tensions) {
    this.forces.fill(0);
    const { shape, labels, open, periods } = this.solver;
    for (let a = 0; a < shape[0]; a++) {
      for (let b = 0; b < shape[1]; b++) {
        const at = a * shape[1] + b;
        for (const axis of [0, 1]) {
          const c = axis === 0 ? a + 1 : a;
          const d = axis === 1 ? b + 1 : b;
          if ((c === shape[0] || d === shape[1]) && periods[0] === 0) continue;
          const other = (c % shape[0]) * shape[1] + (d % shape[1]);
          if (labels[at] !== labels[other] && open[at] && open[other]) this.addFace(a, b, axis, labels[at], labels[other], tensions);
        }
      }
    }
    return this.forces;
  }

  // One face between two pixels: it pulls along the normal of the interface, by its curvature and the distance of the seeds.
  addFace(a, b, axis, first, second, tensions) {
    const { cells, spacing, periods } = this.solver;
    const [i, j] = first < 0 || (second >= 0 && second < first) ? [second, first] : [first, second]; // the medium is the second
    const q = [(a + 0.5 + (axis === 0 ? 0.5 : 0)) * spacing[0], (b + 0.5 + (axis === 1 ? 0.5 : 0)) * spacing[1]];
    const from = (cell) => [wrapped(q[0] - cells.x0[cell], periods[0]), wrapped(q[1] - cells.x1[cell], periods[1])];
    const one = from(i);
    const two = j >= 0 ? from(j) : [0, 0];
    const scale = j >= 0 ? this.scales[j] : 0;
    const normal = [this.scales[i] * one[0] - scale * two[0], this.scales[i] * one[1] - scale * two[1]];
    const slope = Math.hypot(...normal);
    const far = Math.hypot(one[0] - two[0], one[1] - two[1]);
    if (slope === 0 || far === 0) return;
    const [bending, stretching] = tensions(i, j);
    const tension = j >= 0 ? (bending * Math.abs(this.scales[i] - scale)) / slope + stretching / far : bending / far;
    const pull = (tension * spacing[1 - axis] * Math.abs(normal[axis])) / slope;
    for (const k of [0, 1]) {
      this.forces[2 * i + k] -= (pull * normal[k]) / slope;
      if (j >= 0) this.forces[2 * j + k] += (pull * normal[k]) / slope;
    }
  }
}

export class SortingForces extends InterfaceForces {
  constructor(solver) {
    super(solver, new Float64Array(solver.cells.count).fill(1));
    this.types = Array.from(solver.cells.type, (type) => Math.min(type, 1));
  }

  // Forces on all cells under a table of tensions, without a drift of whole clusters.
  evaluate(table, merge) {
    this.interfaces((i, j) => {
      const tension = table[this.types[i]][j >= 0 ? this.types[j] : MEDIUM];
      return [tension, tension];
    });
    this.addJunctions(table, merge);
    this.takeDrift();
    return this.forces;
  }

  // Corners of pixels where three meet; those of the same three that are near each other are one.
  junctions(merge) {
    const { shape, spacing, labels, open } = this.solver;
    const found = new Map();
    for (let a = 0; a + 1 < shape[0]; a++) {
      for (let b = 0; b + 1 < shape[1]; b++) {
        const at = a * shape[1] + b;
        const four = [at, at + 1, at + shape[1], at + shape[1] + 1];
        if (four.every((k) => labels[k] === labels[at])) continue;
        const three = [...new Set(four.filter((k) => open[k]).map((k) => labels[k]))].sort((x, y) => y - x); // the medium, -1, comes last
        if (three.length !== 3) continue;
        const place = [(a + 1) * spacing[0], (b + 1) * spacing[1]];
        const key = three.join();
        const groups = found.get(key) ?? [];
        found.set(key, groups);
        const near = groups.find((group) => Math.hypot(group.sum[0] / group.count - place[0], group.sum[1] / group.count - place[1]) < merge);
        if (near) {
          near.sum[0] += place[0];
          near.sum[1] += place[1];
          near.count += 1;
        } else groups.push({ three, sum: place, count: 1 });
      }
    }
    return [...found.values()].flat().map(({ three, sum, count }) => ({ three, place: [sum[0] / count, sum[1] / count] }));
  }

  addJunctions(table, merge) {
    const { cells } = this.solver;
    const seed = (cell) => (cell < 0 ? null : [cells.x0[cell], cells.x1[cell]]);
    const kind = (cell) => (cell < 0 ? MEDIUM : this.types[cell]);
    for (const { three, place } of this.junctions(merge)) {
      const pull = [0, 0];
      for (const [a, b, c] of [[0, 1, 2], [0, 2, 1], [1, 2, 0]]) {
        const tension = table[kind(three[a])][kind(three[b])];
        const along = edge(place, seed(three[a]), seed(three[b]), seed(three[c]));
        pull[0] += tension * along[0];
        pull[1] += tension * along[1];
      }
      const shared = three.filter((cell) => cell >= 0);
      for (const cell of shared) {
        this.forces[2 * cell] += pull[0] / shared.length;
        this.forces[2 * cell + 1] += pull[1] / shared.length;
      }
    }
  }

  // Subtract the mean force of every cluster of cells that touch.
  takeDrift() {
    const { cells, pairs } = this.solver;
    const n = cells.count;
    const parent = Int32Array.from({ length: n }, (_, i) => i);
    const top = (i) => {
      while (parent[i] !== i) i = parent[i] = parent[parent[i]];
      return i;
    };
    for (const key of pairs) {
      const [i, j] = [Math.floor(key / (n + 1)), key % (n + 1)];
      if (j < n) parent[top(i)] = top(j);
    }
    const sums = new Float64Array(3 * n);
    for (let i = 0; i < n; i++) {
      const cluster = 3 * top(i);
      sums[cluster] += this.forces[2 * i];
      sums[cluster + 1] += this.forces[2 * i + 1];
      sums[cluster + 2] += 1;
    }
    for (let i = 0; i < n; i++) {
      const cluster = 3 * top(i);
      this.forces[2 * i] -= sums[cluster] / sums[cluster + 2];
      this.forces[2 * i + 1] -= sums[cluster + 1] / sums[cluster + 2];
    }
  }
}

// The unit vector along the interface of two cells at a junction, leading away from it; null is the medium, never the first.
function edge(place, first, second, third) {
  const across = second === null ? [place[0] - first[0], place[1] - first[1]] : [second[0] - first[0], second[1] - first[1]];
  const length = Math.hypot(...across) || 1;
  const along = [-across[1] / length, across[0] / length];
  const away =
    third === null
      ? [(first[0] + second[0]) / 2 - place[0], (first[1] + second[1]) / 2 - place[1]]
      : [place[0] - third[0], place[1] - third[1]];
  return along[0] * away[0] + along[1] * away[1] < 0 ? [-along[0], -along[1]] : along;
}
