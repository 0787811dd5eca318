// What a point costs a cell: the closed forms of shapelab.transport.costs in two dimensions.
// Cells are objects of arrays: x0, x1 (seed: y, x), potential, kind, exponent, scale, a00, a01, a11, axis0, axis1, length, cap.

export const ISOTROPIC = 0;
export const ELLIPSOID = 1;
export const SPHEROCYLINDER = 2;
export const SEGMENT = 3;

// A displacement along one axis, as the nearest image where the box repeats (period > 0).
export function wrapped(difference, period) {
  return period > 0 ? difference - period * Math.floor(difference / period + 0.5) : difference;
}

// The length that the cost is a power of, at the displacement (d0, d1) from the seed.
export function gauge(cells, i, d0, d1) {
  const kind = cells.kind[i];
  if (kind <= ELLIPSOID) {
    return Math.sqrt(Math.max(0, cells.a00[i] * d0 * d0 + 2 * cells.a01[i] * d0 * d1 + cells.a11[i] * d1 * d1));
  }
  const length = cells.length[i];
  const along = Math.abs(d0 * cells.axis0[i] + d1 * cells.axis1[i]);
  const squared = d0 * d0 + d1 * d1;
  const across = Math.sqrt(Math.max(squared - along * along, 0));
  if (kind === SEGMENT) return Math.hypot(Math.max(along - length, 0), across);
  if (along <= length * across) return across;
  const root = Math.sqrt(Math.max(squared - (length * across) ** 2, 0));
  return squared / Math.max(along * length + root, 1e-300);
}

// The gauge grows by no more than this per length.
export function steepest(cells, i) {
  if (cells.kind[i] > ELLIPSOID) return 1;
  const half = (cells.a00[i] + cells.a11[i]) / 2;
  return Math.sqrt(half + Math.hypot((cells.a00[i] - cells.a11[i]) / 2, cells.a01[i]));
}

export function power(base, exponent) {
  return exponent === 2 ? base * base : base ** exponent;
}

export function cost(cells, i, d0, d1) {
  return Math.min(cells.cap[i], cells.scale[i] * power(gauge(cells, i, d0, d1), cells.exponent[i]));
}

// Whether all costs are s zᵀAz, without a cap.
export function isQuadratic(cells) {
  for (let i = 0; i < cells.count; i++) {
    if (cells.exponent[i] !== 2 || cells.kind[i] > ELLIPSOID || cells.cap[i] <= 1e29) return false;
  }
  return true;
}

// The direction (y, x) in which a cell is longest, null where it is as long in all.
export function longAxis(cells, i) {
  if (cells.kind[i] > ELLIPSOID) return cells.length[i] > 0 ? [cells.axis0[i], cells.axis1[i]] : null;
  const [a, b, c] = [cells.a00[i], cells.a01[i], cells.a11[i]];
  if (Math.hypot(a - c, 2 * b) <= 1e-6 * (a + c)) return null;
  const steepestWay = Math.atan2(2 * b, a - c) / 2; // along y by the cosine
  return [-Math.sin(steepestWay), Math.cos(steepestWay)];
}

// The gradient of a cost, written into `out`; by differences for rods.
export function costGradient(cells, i, d0, d1, out) {
  const p = cells.exponent[i];
  if (cells.kind[i] <= ELLIPSOID) {
    const g0 = cells.a00[i] * d0 + cells.a01[i] * d1;
    const g1 = cells.a01[i] * d0 + cells.a11[i] * d1;
    const square = Math.max(d0 * g0 + d1 * g1, 1e-300);
    const factor = cells.scale[i] * p * (p === 2 ? 1 : square ** (p / 2 - 1));
    out[0] = factor * g0;
    out[1] = factor * g1;
    return;
  }
  const h = 1e-6;
  out[0] = (cost(cells, i, d0 + h, d1) - cost(cells, i, d0 - h, d1)) / (2 * h);
  out[1] = (cost(cells, i, d0, d1 + h) - cost(cells, i, d0, d1 - h)) / (2 * h);
}

// The cell that owns a point, -1 for the medium; slow and simple, what the fast ways are held equal to.
export function ownerAt(cells, y, x, periods) {
  let owner = -1;
  let best = 0;
  for (let i = 0; i < cells.count; i++) {
    const value = cost(cells, i, wrapped(y - cells.x0[i], periods[0]), wrapped(x - cells.x1[i], periods[1])) - cells.potential[i];
    if (value < best) {
      best = value;
      owner = i;
    }
  }
  return owner;
}
