// Descent of the curvature energy by heavy-ball steps in a blurred metric, with a step size that nobody has to choose: the rules of
// shapelab.curvature.flow.

const INERTIA = { faithful: [0.9, 0.01], deep: [0.97, 0.02] };
const ANNEALED = 300;
const LARGEST_CHANGE = 0.5;
const LARGEST_FIELD = 10;
const WINDOW = 20;
const MOST_FAILURES = 5;

export const NOT_FINITE = "The numbers of this run are no longer finite: choose less extreme parameters.";

export class CurvatureFlow {
  // `kind` is "conserved", "averaged" or "free".
  constructor(energy, field, kind, inertia) {
    this.energy = energy;
    this.kind = kind;
    this.inertia = inertia;
    this.u = Float64Array.from(field);
    this.saved = Float64Array.from(field);
    this.stepField = new Float64Array(energy.size);
    this.gradient = new Float64Array(energy.size);
    this.direction = new Float64Array(energy.size);
    this.near = energy.shape.map((n) => neighboursAtTwo(n, energy.periodic));
    this.total = field.reduce((a, b) => a + b, 0);
    this.drift = 0;
    this.kappa = 2;
    this.failures = 0;
    this.restart();
  }

  restart() {
    for (const array of [this.stepField, this.gradient, this.direction]) array.fill(0);
    Object.assign(this, { count: 0, curvature: 0, rate: 0, norm: 0, fresh: true, energies: [] });
  }

  // The energy has other parameters from now on.
  update(parameters) {
    this.energy.update(parameters);
    Object.assign(this, { fresh: true, energies: [], failures: 0 });
  }

  get keepAndRms() {
    if (this.inertia === "annealed") return INERTIA[this.count <= ANNEALED ? "faithful" : "deep"];
    return INERTIA[this.inertia];
  }

  // Take one step; return the energy before it.
  step() {
    const value = this.energy.evaluate(this.u);
    const products = Number.isFinite(value) ? this.products() : null;
    if (products === null || !Object.values(products).every(Number.isFinite)) return this.goBack(value);
    this.count += 1;
    this.energies = [...this.energies.slice(1 - WINDOW), value];
    return this.move(products, this.chooseRate(products)) ? value : this.goBack(value);
  }

  // Apply the metric to the gradient; the inner products that the step rule needs.
  products() {
    const { energy, gradient: oldG, direction: oldQ, stepField: s } = this;
    const g = energy.gradient;
    const [nz, ny, nx] = energy.shape;
    const [iz, iy, ix] = this.near;
    const plane = ny * nx;
    if (this.kind === "averaged") {
      const mean = g.reduce((a, b) => a + b, 0) / energy.size;
      for (let k = 0; k < g.length; k++) g[k] -= mean;
    }
    energy.blur(g);
    const b = energy.blurred;
    const conserved = this.kind === "conserved";
    let [gq, dgdq, sg, ss, sq, qq, sum] = [0, 0, 0, 0, 0, 0, 0];
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        const row = z * plane + y * nx;
        const [za, zb] = [iz[z] * plane + y * nx, iz[z + 4] * plane + y * nx];
        const [ya, yb] = [z * plane + iy[y] * nx, z * plane + iy[y + 4] * nx];
        for (let x = 0; x < nx; x++) {
          const at = row + x;
          const q = conserved ? 6 * b[at] - b[za + x] - b[zb + x] - b[ya + x] - b[yb + x] - b[row + ix[x]] - b[row + ix[x + 4]] : b[at];
          const gi = g[at];
          const si = s[at];
          gq += gi * q;
          dgdq += (gi - oldG[at]) * (q - oldQ[at]);
          sg += si * gi;
          ss += si * si;
          sq += si * q;
          qq += q * q;
          sum += q;
          oldG[at] = gi;
          oldQ[at] = q;
        }
      }
    }
    return { gq, dgdq, sg, ss, sq, qq, sum };
  }

  chooseRate(products) {
    const measured = !this.fresh && this.norm > 0 ? Math.sqrt(Math.max(products.dgdq, 0) / this.norm) : 0;
    this.fresh = false;
    this.curvature = Math.max(measured, 0.99 * this.curvature);
    if (this.count === 1 || this.rate === 0) {
      const rms = Math.sqrt(products.qq / this.energy.size);
      this.rate = rms > 0 ? (0.1 * this.keepAndRms[1]) / rms : 0;
    } else if (this.curvature > 0) {
      const wanted = this.kappa / this.curvature;
      this.rate = this.count > 2 ? Math.min(wanted, 1.05 * this.rate) : wanted;
    }
    return this.rate;
  }

  // Move, bounded in root mean square and at every voxel; false if the field leaves all bounds.
  move(products, rate) {
    const [keep, largest] = this.keepAndRms;
    const { u, stepField: s, direction: q } = this;
    const size = this.energy.size;
    const square = keep ** 2 * products.ss - 2 * keep * rate * products.sq + rate ** 2 * products.qq;
    const rms = Math.sqrt(Math.max(square, 0) / size);
    let scale = rms > 0 ? Math.min(1, largest / rms) : 1;
    const shift = this.kind !== "free" && rate > 0 ? products.sum / size - this.drift / (rate * scale) : 0;
    const norm = keep ** 2 * this.norm - 2 * keep * rate * products.sg + rate ** 2 * products.gq;
    let top = 0;
    for (let k = 0; k < size; k++) {
      s[k] = keep * scale * s[k] - rate * scale * (q[k] - shift);
      const length = Math.abs(s[k]);
      if (length > top) top = length;
    }
    const less = top > LARGEST_CHANGE ? LARGEST_CHANGE / top : 1;
    let total = 0;
    let peak = 0;
    for (let k = 0; k < size; k++) {
      s[k] *= less;
      u[k] += s[k];
      total += u[k];
      if (Math.abs(u[k]) > peak) peak = Math.abs(u[k]);
    }
    scale *= less;
    this.norm = scale ** 2 * Math.max(norm, 0);
    this.drift = this.kind !== "free" ? (total - this.total) / size : 0;
    if (!(peak <= LARGEST_FIELD && Number.isFinite(total))) return false;
    if (this.count % WINDOW === 0) this.lookBack();
    return true;
  }

  // Every 20 steps: adapt to how often the energy rose, and save the field.
  lookBack() {
    if (this.count >= 2 * WINDOW && this.energies.length === WINDOW) {
      const rises = this.energies.filter((value, k) => k > 0 && value > this.energies[k - 1]).length;
      if (rises >= 8) this.kappa = Math.max(0.75 * this.kappa, 0.25);
      else if (rises <= 2) this.kappa = Math.min(1.15 * this.kappa, 3);
    }
    this.saved.set(this.u);
    this.failures = 0;
  }

  goBack(value) {
    this.failures += 1;
    if (this.failures > MOST_FAILURES) throw new Error(NOT_FINITE);
    this.u.set(this.saved);
    this.kappa /= 2;
    this.drift = 0;
    this.restart();
    return value;
  }
}

// Indices of the voxels two before and two after each one, at i and i + 4.
function neighboursAtTwo(n, periodic) {
  return Int32Array.from({ length: n + 4 }, (_, k) => {
    const i = k - 2;
    if (periodic) return ((i % n) + n) % n;
    const j = ((i % (2 * n)) + 2 * n) % (2 * n);
    return Math.min(j, 2 * n - 1 - j);
  });
}
