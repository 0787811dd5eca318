// Flat cells that go on in the page, and that the reader takes hold of.
import { CellMotion, MOTIONS, motionOf } from "./cell_motion.js";
import { CellSolver } from "./cell_solver.js";
import { ownerAt } from "./costs.js";
import { addButton, element } from "./panels.js";
import { addParameters } from "./sliders.js";

const MOST_CELLS = 500;
const PASSES = 3; // Newton steps per picture

// Why the page cannot go on with these cells, "" if it can.
export function whyNoCells(layer) {
  const most = Math.max(...layer.counts);
  return most > MOST_CELLS ? `A page can continue up to ${MOST_CELLS} cells; this run has ${most}.` : "";
}

export class LiveCells {
  // `renderer` shows the cells; `shown` is called when they have moved.
  constructor(box, live, preset, renderer, view, shown) {
    this.live = { ...live, values: { ...live.values } };
    this.preset = preset;
    this.renderer = renderer;
    this.shown = shown;
    this.view = view;
    this.running = false;
    this.motion = null;
    this.build(box);
    view.hand = {
      take: (place) => this.take(place),
      drag: (place) => this.drag(place),
      release: () => this.release(),
    };
  }

  build(box) {
    const kind = MOTIONS[motionOf(this.live, this.preset)];
    element("p", `The cells keep moving, computed in your browser. ${kind.text} Drag a cell.`, box);
    const row = element("div", "", box);
    row.className = "row";
    this.button = addButton(row, "Run", "Continue from this frame, or pause", () => this.toggle());
    addButton(row, "Scatter", "Put all cells at random places", () => this.scatter());
    this.words = element("output", "", row);
    const declared = this.live.declared.filter(({ name }) => kind.sliders.includes(name));
    addParameters(box, declared, this.live.values, () => {});
  }

  // A copy of the cells that are shown, ready to move.
  begin() {
    const { cells, layer } = this.renderer;
    const own = { ...cells };
    for (const name of ["x0", "x1", "potential"]) own[name] = Float64Array.from(cells[name]);
    this.solver = new CellSolver(own, layer.shape, layer.spacing, layer.periodic, cells.open);
    this.motion = new CellMotion(this.solver, this.live, this.preset);
    this.error = this.solver.solve(this.tolerance, PASSES);
  }

  get tolerance() {
    return this.live.values.tolerance ?? 0.02;
  }

  scatter() {
    if (this.motion === null) this.begin();
    const { cells, size } = this.solver;
    for (let i = 0; i < cells.count; i++) {
      for (let k = 0; k < 20; k++) {
        const before = cells.x0[i];
        this.motion.place(i, Math.random() * size[0], Math.random() * size[1]);
        if (cells.x0[i] !== before) break;
      }
    }
    this.settle(30);
    this.run();
  }

  settle(passes) {
    this.error = this.solver.solve(this.tolerance, passes);
    this.show();
  }

  show() {
    this.renderer.nextCells = null;
    this.renderer.setCells(this.solver.cells);
    const rate = this.rate ? ` · ${this.rate.toFixed(0)} steps/s` : "";
    this.words.textContent = `t ${this.motion.time.toPrecision(3)} · area error ${(100 * this.error).toPrecision(2)} %${rate}`;
    return this.shown();
  }

  async loop() {
    let before = performance.now();
    while (this.running) {
      this.motion.step();
      this.error = this.solver.solve(this.tolerance, PASSES);
      await this.show();
      const now = performance.now();
      const rate = 1000 / Math.max(now - before, 1);
      this.rate = this.rate ? 0.9 * this.rate + 0.1 * rate : rate;
      before = now;
    }
  }

  run() {
    if (this.running) return;
    if (this.motion === null) this.begin();
    this.running = true;
    this.button.textContent = "Pause";
    this.button.classList.add("on");
    this.loop();
  }

  pause() {
    this.running = false;
    this.button.textContent = "Run";
    this.button.classList.remove("on");
  }

  toggle() {
    if (this.running) this.pause();
    else this.run();
  }

  // Another frame is shown: the next run begins there.
  leave() {
    this.pause();
    this.motion = null;
  }

  take(place) {
    const { cells, periods, size } = this.renderer;
    if (cells === null || place.some((v, axis) => v < 0 || v >= size[axis])) return false;
    const owner = ownerAt(cells, place[0], place[1], periods);
    if (owner < 0) return false;
    if (this.motion === null) this.begin();
    const own = this.solver.cells;
    this.grip = [own.x0[owner] - place[0], own.x1[owner] - place[1]];
    this.motion.held = owner;
    return true;
  }

  drag(place) {
    const { held } = this.motion;
    this.motion.place(held, place[0] + this.grip[0], place[1] + this.grip[1]);
    if (!this.running) this.settle(PASSES);
  }

  release() {
    this.motion.held = -1;
    if (!this.running) this.settle(10);
  }
}
