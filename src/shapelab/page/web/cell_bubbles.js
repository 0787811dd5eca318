// Bubbles in the plane that rise, push one another, fuse, burst and appear: the model of shapelab.cells.scenarios.bubbles_2d.
import { InterfaceForces } from "./cell_sorting.js";

const HIGH = 0.55; // of the box's height: over this bubbles burst
const OF_A_CELL = ["x0", "x1", "potential", "kind", "exponent", "scale", "a00", "a01", "a11", "axis0", "axis1", "length", "cap", "volume",
  "colour", "type", "id"];

export function bubbleRadius(volume) {
  return Math.sqrt(volume / Math.PI);
}

export class Bubbles {
  constructor(parameters) {
    this.parameters = parameters;
    this.newest = 0;
  }

  // The largest speed that a bubble has by itself.
  get speed() {
    const p = this.parameters;
    return Math.max(p.buoyancy, p.gravity) + 2 * p.tension;
  }

  // Velocities of all bubbles (y, x in turn).
  velocities(solver) {
    const { cells, offsets, size } = solver;
    const { tension, buoyancy, gravity, correction } = this.parameters;
    const forces = new InterfaceForces(solver, cells.scale).interfaces(() => [tension, tension]);
    for (let i = 0; i < cells.count; i++) {
      const above = size[0] / 2 - cells.x0[i]; // over the surface in the middle
      const ramp = Math.min(Math.max(0.5 - above / (4 * bubbleRadius(cells.volume[i])), 0), 1);
      forces[2 * i] += correction * offsets[2 * i] - (ramp * (buoyancy + gravity) - gravity);
      forces[2 * i + 1] += correction * offsets[2 * i + 1];
    }
    return forces;
  }

  // Let bubbles fuse, burst and appear over a time step; returns other cells, or null where all are as they were.
  change({ cells, size, pairs }, dt, held) {
    const { fusion, bursting, rate, most, bubble_radius: radius } = this.parameters;
    const happens = (often) => Math.random() < -Math.expm1(-often * dt);
    const gone = new Set();
    const used = new Set([held]);
    const merged = new Map(); // cell: [y, x, volume]
    for (const key of pairs) {
      const [i, j] = [Math.floor(key / (cells.count + 1)), key % (cells.count + 1)];
      if (j === cells.count || used.has(i) || used.has(j) || !happens(fusion)) continue;
      for (const k of [i, j]) used.add(k);
      const volume = cells.volume[i] + cells.volume[j];
      const part = cells.volume[j] / volume;
      merged.set(i, [cells.x0[i] + part * (cells.x0[j] - cells.x0[i]), cells.x1[i] + part * (cells.x1[j] - cells.x1[i]), volume]);
      gone.add(j);
    }
    for (let i = 0; i < cells.count; i++) {
      if (i !== held && cells.x0[i] < HIGH * size[0] && happens(bursting * cells.volume[i])) gone.add(i);
    }
    const each = Math.PI * radius ** 2;
    const filled = cells.volume.reduce((a, b) => a + b, 0);
    const room = Math.floor(Math.max(0, most * size[0] * size[1] - filled) / each);
    const born = Math.min(room, poisson(rate * dt));
    if (gone.size === 0 && merged.size === 0 && born === 0) return null;
    return this.others(cells, size, gone, merged, born, each);
  }

  others(cells, size, gone, merged, born, each) {
    const kept = Array.from({ length: cells.count }, (_, i) => i).filter((i) => !gone.has(i));
    const found = { ...cells, count: kept.length + born };
    for (const name of OF_A_CELL) found[name] = Float64Array.from({ length: found.count }, (_, k) => cells[name][kept[k] ?? 0] ?? 0);
    this.newest = Math.max(this.newest, ...cells.id);
    const put = (k, y, x, volume) => {
      const r = bubbleRadius(volume);
      [found.x0[k], found.x1[k], found.volume[k], found.colour[k]] = [y, x, volume, volume];
      [found.scale[k], found.potential[k]] = [1 / r, r]; // c = |z|² / R, and that of a bubble by itself
    };
    kept.forEach((i, k) => {
      if (merged.has(i)) put(k, ...merged.get(i));
    });
    for (let k = kept.length; k < found.count; k++) {
      put(k, (0.72 + 0.26 * Math.random()) * size[0], (0.02 + 0.96 * Math.random()) * size[1], each);
      [found.kind[k], found.exponent[k], found.a00[k], found.a01[k], found.a11[k], found.cap[k]] = [0, 2, 1, 0, 1, 1e30];
      this.newest += 1;
      found.id[k] = this.newest;
    }
    return { cells: found, kept };
  }
}

// How many of rare events happen.
function poisson(mean) {
  let [count, product] = [0, Math.random()];
  for (const least = Math.exp(-mean); product > least; count++) product *= Math.random();
  return count;
}
