// How flat cells move in the page: to their own centres, running and tumbling, or sorting, pushed back by their neighbours.
import { Bubbles } from "./cell_bubbles.js";
import { SortingForces, tensionTable } from "./cell_sorting.js";

const RATE_LIMIT = 1.2; // parts of the stiffest spring's time that a step may take
const STEP_LIMIT = 0.04; // radii that a cell may run in a step
const LONGEST = 0.05;
const BUBBLES_LONGEST = 0.02;

export const MOTIONS = {
  relaxation: { text: "Every cell moves to its own centre.", sliders: ["rate"] },
  run_and_tumble: { text: "Cells run, tumble to new directions and push one another.", sliders: ["speed", "tumble_rate", "correction"] },
  sorting: {
    text: "Two types of cells sort by the tensions of their contacts.",
    sliders: ["first", "second", "between", "first_medium", "second_medium", "mobility", "noise"],
  },
  bubbles_2d: {
    text: "Bubbles rise, push one another, fuse, burst and appear.",
    sliders: ["rate", "most", "buoyancy", "gravity", "bursting", "fusion", "tension"],
  },
  other: { text: "Cells push one another and keep their areas; the motion of this scenario is not part of the page.", sliders: ["correction"] },
};

// Which of the motions a run has.
export function motionOf(live, preset) {
  if ("buoyancy" in live.values && "fusion" in live.values) return "bubbles_2d";
  if ("between" in live.values && "first_medium" in live.values && "mobility" in live.values) return "sorting";
  return preset in MOTIONS ? preset : "other";
}

export class CellMotion {
  constructor(solver, live, preset) {
    this.solver = solver;
    this.kind = motionOf(live, preset);
    this.sorting = this.kind === "sorting" ? new SortingForces(solver) : null;
    this.bubbles = this.kind === "bubbles_2d" ? new Bubbles(live.values) : null;
    this.parameters = live.values;
    this.periodic = live.periodic;
    this.radius = Math.sqrt(solver.cells.volume.reduce((a, b) => a + b, 0) / Math.max(solver.cells.count, 1) / Math.PI);
    this.angles = Float64Array.from({ length: solver.cells.count }, () => 2 * Math.PI * Math.random());
    this.time = 0;
    this.held = -1;
  }

  timeStep() {
    const p = this.parameters;
    if (this.bubbles) return Math.min((STEP_LIMIT * this.radius) / Math.max(this.bubbles.speed, 1e-9), BUBBLES_LONGEST);
    if (this.kind === "relaxation") return Math.min(0.5 / Math.max(p.rate, 1e-3), 0.05);
    const { cells } = this.solver;
    let stiffest = 0;
    for (let i = 0; i < cells.count; i++) {
      // the spring of a free cell: boundary times the slope of its cost there, over the number of axes
      const r = Math.sqrt(cells.volume[i] / Math.PI);
      const slope = cells.scale[i] * cells.exponent[i] * r ** (cells.exponent[i] - 1);
      stiffest = Math.max(stiffest, (this.tau() * 2 * Math.PI * r * slope) / 2);
    }
    let speed = this.kind === "run_and_tumble" ? p.speed : 0;
    if (this.sorting) speed = 0.5 * p.mobility * Math.max(...tensionTable(p).flat());
    return Math.min(stiffest > 0 ? RATE_LIMIT / stiffest : LONGEST, speed > 0 ? (STEP_LIMIT * this.radius) / speed : LONGEST, LONGEST);
  }

  tau() {
    return (this.parameters.correction ?? 1) / this.radius;
  }

  // Move all cells over one time step; the one that is held stays.
  step() {
    const { solver, kind, parameters: p } = this;
    const { cells, offsets, pulls, size, spacing } = solver;
    const dt = this.timeStep();
    const tau = this.tau();
    const moved = this.bubbles?.velocities(solver);
    const forces = this.sorting?.evaluate(tensionTable(p), this.radius / 3);
    for (let i = 0; i < cells.count; i++) {
      if (i === this.held) continue;
      let v0;
      let v1;
      if (moved) [v0, v1] = [moved[2 * i], moved[2 * i + 1]];
      else if (kind === "relaxation") {
        v0 = p.rate * offsets[2 * i];
        v1 = p.rate * offsets[2 * i + 1];
      } else {
        v0 = tau * pulls[2 * i];
        v1 = tau * pulls[2 * i + 1];
        const most = (0.5 * this.radius) / dt;
        const fast = Math.hypot(v0, v1);
        if (fast > most) [v0, v1] = [(v0 * most) / fast, (v1 * most) / fast];
        if (forces) {
          const noise = (p.noise * this.radius) / Math.sqrt(dt);
          v0 += p.mobility * forces[2 * i] + noise * gaussian();
          v1 += p.mobility * forces[2 * i + 1] + noise * gaussian();
        }
        if (kind === "run_and_tumble") {
          v0 += p.speed * Math.sin(this.angles[i]);
          v1 += p.speed * Math.cos(this.angles[i]);
          if (Math.random() < 1 - Math.exp(-p.tumble_rate * dt)) this.angles[i] = 2 * Math.PI * Math.random();
        }
      }
      this.place(i, cells.x0[i] + dt * v0, cells.x1[i] + dt * v1, size, spacing);
    }
    this.time += dt;
    if (this.bubbles) this.take(this.bubbles.change(solver, dt, this.held));
  }

  // Go on with other cells than before, if there are any.
  take(changed) {
    if (changed === null) return;
    this.solver.setCells(changed.cells);
    this.held = changed.kept.indexOf(this.held);
  }

  // Put a cell's seed at (y, x): wrapped or kept off the outer walls, and never into an inner one.
  place(i, y, x, size = this.solver.size, spacing = this.solver.spacing) {
    const { cells, shape, open } = this.solver;
    const inside = [y, x].map((v, axis) => {
      if (this.periodic) return ((v % size[axis]) + size[axis]) % size[axis];
      return Math.min(Math.max(v, 0.5 * spacing[axis]), size[axis] - 0.5 * spacing[axis]);
    });
    const [row, column] = inside.map((v, axis) => Math.min(Math.floor(v / spacing[axis]), shape[axis] - 1));
    if (!open[row * shape[1] + column]) return;
    [cells.x0[i], cells.x1[i]] = inside;
  }
}

function gaussian() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
