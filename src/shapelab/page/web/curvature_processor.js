// A texture in plain JavaScript, in double precision: what CurvatureDevice does, where there is no graphics card.
import { CurvatureEnergy } from "./curvature_energy.js";
import { CurvatureFlow } from "./curvature_flow.js";

export class CurvatureProcessor {
  constructor(shape) {
    this.shape = shape;
    this.steps = 0;
    this.energy = NaN;
  }

  start(field, parameters) {
    const kind = parameters.flow === "averaged" || parameters.flow === "free" ? parameters.flow : "conserved";
    this.flow = new CurvatureFlow(new CurvatureEnergy(this.shape, parameters), field, kind, parameters.inertia);
    Object.assign(this, { steps: 0, energy: NaN });
  }

  update(parameters) {
    this.flow.update(parameters);
  }

  send(count) {
    for (let k = 0; k < count; k++) {
      this.energy = this.flow.step();
      this.steps += 1;
    }
  }

  async advance(milliseconds) {
    const until = performance.now() + milliseconds;
    while (performance.now() < until) this.send(1);
    await new Promise((done) => setTimeout(done, 0)); // let messages come in
  }

  async read() {
    return this.flow.u;
  }

  close() {}
}
