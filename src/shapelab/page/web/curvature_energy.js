// The phase-field curvature energy and its exact gradient, and the blur of its metric: the functions of
// shapelab.curvature.kernels and metric_kernels, voxel by voxel. Fields are Float64Array (z, y, x); lengths are texture lengths.

const SMOOTHING = Math.fround(1.69e-6); // floor under the root S², in the precision of the kernels
const FLAT = Math.fround(1e-12);
const BLUR = 2; // standard deviation of the blur [voxel]
const NOISE = 40;

// Indices that stand at -reach … n + reach - 1: wrapped, clamped (derivatives) or reflected (blur).
function ghosts(n, reach, way) {
  return Int32Array.from({ length: n + 2 * reach }, (_, k) => {
    const i = k - reach;
    if (way === "wrap") return ((i % n) + n) % n;
    if (way === "clamp") return Math.min(Math.max(i, 0), n - 1);
    const j = ((i % (2 * n)) + 2 * n) % (2 * n);
    return Math.min(j, 2 * n - 1 - j);
  });
}

// Central and right half of the filter that blurs twice.
export function blurTaps() {
  const reach = 3 * BLUR;
  const once = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / BLUR) ** 2));
  const sum = once.reduce((a, b) => a + b);
  const taps = new Float64Array(2 * reach + 1);
  for (let shift = 0; shift <= 2 * reach; shift++) {
    for (let k = 0; k + shift < once.length; k++) taps[shift] += (once[k] * once[k + shift]) / sum ** 2;
  }
  return taps.map(Math.fround); // as the kernels have them
}

// Numbers of the density that follow from the parameters.
export function factorsOf(p) {
  const h = 1 / p.resolution;
  const eps = p.interface_width * h;
  const length = Math.hypot(...p.direction) || 1;
  return {
    h,
    eps,
    n2: (p.a20 + p.a02 - p.a11) / (2 * eps),
    ts: (p.a20 - p.a02) / (2 * eps),
    tt: p.a11 / (2 * eps),
    gt: (p.b10 + p.b01) / 2,
    gs: (p.b10 - p.b01) / 2,
    gg: p.c * eps + (p.tension * eps) / 2,
    mu: p.orientation * eps,
    along: p.direction.map((d) => d / length),
    well: p.tension / eps,
  };
}

export class CurvatureEnergy {
  constructor(shape, parameters) {
    this.shape = shape;
    this.size = shape[0] * shape[1] * shape[2];
    this.periodic = parameters.boundary === "periodic";
    this.gradient = new Float64Array(this.size);
    this.blurred = new Float64Array(this.size);
    this.spare = new Float64Array(this.size);
    this.near = shape.map((n) => ghosts(n, 1, this.periodic ? "wrap" : "clamp"));
    this.far = shape.map((n) => ghosts(n, 6 * BLUR, this.periodic ? "wrap" : "reflect"));
    this.taps = blurTaps();
    this.update(parameters);
  }

  update(parameters) {
    this.factors = factorsOf(parameters);
  }

  // The energy at `u`; its gradient density is left in `gradient`.
  evaluate(u) {
    const [nz, ny, nx] = this.shape;
    const g = this.gradient;
    const { h, eps, n2: al, ts: be, tt: ga, gt: sg, gs: de, gg: ce, mu: mu0, along, well: te } = this.factors;
    const [thz, thy, thx] = along;
    const [iz, iy, ix] = this.near;
    const hx = 0.5 / h;
    const hxx = 1 / (h * h);
    const q4 = hxx / 4;
    const ie = 1 / eps;
    const e2 = eps * eps;
    const ie2 = ie * ie;
    const plane = ny * nx;
    g.fill(0);
    let total = 0;
    for (let z = 0; z < nz; z++) {
      const zm = iz[z] * plane;
      const zc = z * plane;
      const zp = iz[z + 2] * plane;
      for (let y = 0; y < ny; y++) {
        const ym = iy[y] * nx;
        const yc = y * nx;
        const yp = iy[y + 2] * nx;
        const cc = zc + yc;
        const mc = zm + yc;
        const pc = zp + yc;
        const cm = zc + ym;
        const cp = zc + yp;
        const mm = zm + ym;
        const mp = zm + yp;
        const pm = zp + ym;
        const pp = zp + yp;
        for (let x = 0; x < nx; x++) {
          const l = ix[x];
          const r = ix[x + 2];
          const v = u[cc + x];
          const twice = 2 * v;
          const a0 = u[pc + x];
          const b0 = u[mc + x];
          const a1 = u[cp + x];
          const b1 = u[cm + x];
          const a2 = u[cc + r];
          const b2 = u[cc + l];
          const dz = (a0 - b0) * hx;
          const dy = (a1 - b1) * hx;
          const dx = (a2 - b2) * hx;
          const hzz = (a0 + b0 - twice) * hxx;
          const hyy = (a1 + b1 - twice) * hxx;
          const hxx2 = (a2 + b2 - twice) * hxx;
          const hzy = (u[pp + x] + u[mm + x] - u[mp + x] - u[pm + x]) * q4;
          const hzx = (u[pc + r] + u[mc + l] - u[mc + r] - u[pc + l]) * q4;
          const hyx = (u[cp + r] + u[cm + l] - u[cm + r] - u[cp + l]) * q4;
          const g2 = dz * dz + dy * dy + dx * dx;
          const norm = Math.sqrt(g2 + FLAT);
          const ig = 1 / norm;
          const iq = ig * ig;
          const w = v * v - 1;
          const w1 = w * v;
          const vz = hzz * dz + hzy * dy + hzx * dx;
          const vy = hzy * dz + hyy * dy + hyx * dx;
          const vx = hzx * dz + hyx * dy + hxx2 * dx;
          const nhn = (vz * dz + vy * dy + vx * dx) * iq;
          const t = w1 * ie - eps * (hzz + hyy + hxx2);
          const n2 =
            e2 * (hzz * hzz + hyy * hyy + hxx2 * hxx2 + 2 * (hzy * hzy + hzx * hzx + hyx * hyx)) + w1 * w1 * ie2 - 2 * w1 * nhn;
          const under = 2 * n2 - t * t;
          const positive = under > 0 ? 1 : 0;
          const s = Math.sqrt(under * positive + SMOOTHING);
          const dot = dz * thz + dy * thy + dx * thx;
          const mu = mu0 * dot;
          total += al * n2 + be * t * s + ga * t * t + sg * norm * t + de * norm * s + ce * g2 + mu * dot + te * 0.25 * w * w;
          const ep = ((be * t + de * norm) / (2 * s)) * positive;
          const en = al + 2 * ep;
          const et = be * s + 2 * ga * t + sg * norm - 2 * t * ep;
          const k = -2 * w1 * en * iq;
          const k2 = 2 * k;
          const m = 2 * e2 * en;
          const m2 = 2 * m;
          const tr = -eps * et;
          const mzz = (m * hzz + tr + k * dz * dz) * hxx;
          const myy = (m * hyy + tr + k * dy * dy) * hxx;
          const mxx = (m * hxx2 + tr + k * dx * dx) * hxx;
          const mzy = (m2 * hzy + k2 * dz * dy) * q4;
          const mzx = (m2 * hzx + k2 * dz * dx) * q4;
          const myx = (m2 * hyx + k2 * dy * dx) * q4;
          const p = (sg * t + de * s) * ig + 2 * ce - k2 * nhn;
          const pz = (k2 * vz + p * dz + 2 * mu * thz) * hx;
          const py = (k2 * vy + p * dy + 2 * mu * thy) * hx;
          const px = (k2 * vx + p * dx + 2 * mu * thx) * hx;
          const local = (en * 2 * (w1 * ie2 - nhn) + et * ie) * (3 * w + 2) + te * w1;
          // the adjoint stencils: what each neighbour of this voxel gets of it
          g[cc + x] += local - 2 * (mzz + myy + mxx);
          g[pc + x] += mzz + pz;
          g[mc + x] += mzz - pz;
          g[cp + x] += myy + py;
          g[cm + x] += myy - py;
          g[cc + r] += mxx + px;
          g[cc + l] += mxx - px;
          g[pp + x] += mzy;
          g[mm + x] += mzy;
          g[mp + x] -= mzy;
          g[pm + x] -= mzy;
          g[pc + r] += mzx;
          g[mc + l] += mzx;
          g[mc + r] -= mzx;
          g[pc + l] -= mzx;
          g[cp + r] += myx;
          g[cm + l] += myx;
          g[cm + r] -= myx;
          g[cp + l] -= myx;
        }
      }
    }
    return total * h ** 3;
  }

  // Blur `a` twice by a Gaussian; the result is in `blurred`.
  blur(a) {
    const [nz, ny, nx] = this.shape;
    const plane = ny * nx;
    const { blurred, spare, taps, far } = this;
    blurRows(a, spare, nz * ny, nx, taps, far[2]);
    for (let z = 0; z < nz; z++) blurAcross(spare, blurred, z * plane, nx, ny, nx, taps, far[1]);
    spare.set(blurred);
    blurAcross(spare, blurred, 0, plane, nz, plane, taps, far[0]);
  }
}

// Blur along the last axis of `rows` rows of `n` numbers.
function blurRows(from, to, rows, n, taps, index) {
  const reach = taps.length - 1;
  const line = new Float64Array(n + 2 * reach);
  for (let row = 0; row < rows; row++) {
    const start = row * n;
    for (let k = 0; k < line.length; k++) line[k] = from[start + index[k]];
    for (let x = 0; x < n; x++) {
      const c = x + reach;
      let sum = taps[0] * line[c];
      for (let k = 1; k <= reach; k++) sum += taps[k] * (line[c - k] + line[c + k]);
      to[start + x] = sum;
    }
  }
}

// Blur along an axis of `n` entries that lie `stride` apart, for `width` neighbouring columns at once.
function blurAcross(from, to, start, stride, n, width, taps, index) {
  const reach = taps.length - 1;
  for (let i = 0; i < n; i++) {
    const out = start + i * stride;
    const centre = start + index[i + reach] * stride;
    const first = taps[0];
    for (let x = 0; x < width; x++) to[out + x] = first * from[centre + x];
    for (let k = 1; k <= reach; k += 2) {
      const a = start + index[i + reach - k] * stride;
      const b = start + index[i + reach + k] * stride;
      const c = start + index[i + reach - k - 1] * stride;
      const d = start + index[i + reach + k + 1] * stride;
      const near = taps[k];
      const next = taps[k + 1];
      for (let x = 0; x < width; x++) to[out + x] += near * (from[a + x] + from[b + x]) + next * (from[c + x] + from[d + x]);
    }
  }
}

// A field of blurred noise with the mean `mass`, as a run begins with; `random` gives numbers from 0 to 1.
export function noiseField(energy, mass, random) {
  const [nz, ny, nx] = energy.shape;
  const strides = [ny * nx, nx, 1];
  const source = new Float64Array(energy.size);
  for (let axis = 0; axis < 3; axis++) {
    const n = energy.shape[axis];
    const component = Float64Array.from(source, () => random());
    for (let at = 0; at < source.length; at++) {
      const i = Math.floor(at / strides[axis]) % n;
      const first = at - i * strides[axis];
      if (!energy.periodic && (i === 0 || i === n - 1)) component[at] = 0.5;
      source[first + ((i + n - 1) % n) * strides[axis]] += component[at] * (NOISE / 2);
      source[first + ((i + 1) % n) * strides[axis]] -= component[at] * (NOISE / 2);
    }
  }
  const once = Array.from({ length: 8 * BLUR + 1 }, (_, k) => Math.exp(-0.5 * ((k - 4 * BLUR) / BLUR) ** 2));
  const sum = once.reduce((a, b) => a + b);
  const taps = Float64Array.from(once.slice(4 * BLUR), (tap) => tap / sum);
  const way = energy.periodic ? "wrap" : "clamp";
  const field = new Float64Array(energy.size);
  const spare = new Float64Array(energy.size);
  blurRows(source, spare, nz * ny, nx, taps, ghosts(nx, 4 * BLUR, way));
  for (let z = 0; z < nz; z++) blurAcross(spare, field, z * ny * nx, nx, ny, nx, taps, ghosts(ny, 4 * BLUR, way));
  spare.set(field);
  blurAcross(spare, field, 0, ny * nx, nz, ny * nx, taps, ghosts(nz, 4 * BLUR, way));
  let mean = 0;
  for (let at = 0; at < field.length; at++) mean += field[at];
  const shift = mass - mean / field.length;
  for (let at = 0; at < field.length; at++) field[at] += shift;
  return field;
}
