// The curvature energy and its exact gradient: the pointwise terms of every voxel, then what each voxel gets from its
// neighbours through the adjoint stencils.

const SMOOTHING = 1.69e-6;  // floor under the root S²
const FLAT = 1e-12;

// Places in `work` of the derivatives of the density by second and first differences, and by the field itself.
const ZZ = 0u;
const YY = 1u;
const XX = 2u;
const ZY = 3u;
const ZX = 4u;
const YX = 5u;
const PZ = 6u;
const PY = 7u;
const PX = 8u;
const LOCAL = 9u;

// A neighbour's place along an axis: around the box, or held at its border.
fn near(i: i32, n: u32) -> i32 {
  let end = i32(n) - 1;
  if (model.periodic == 1u) { return select(select(i, 0, i > end), end, i < 0); }
  return clamp(i, 0, end);
}

@compute @workgroup_size(LANES)
fn density(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let hx = 0.5 / model.voxel;
  let hxx = 1.0 / (model.voxel * model.voxel);
  let q4 = hxx / 4.0;
  let eps = model.width;
  let ie = 1.0 / eps;
  let e2 = eps * eps;
  let ie2 = ie * ie;
  var energy = 0.0;
  var slope = 0.0;
  for (var at = group.x * LANES + lane; at < size(); at += LANES * LANES) {
    let here = voxel_of(at);
    let z = here.x;
    let y = here.y;
    let x = here.z;
    let zm = near(z - 1, model.shape.x);
    let zp = near(z + 1, model.shape.x);
    let ym = near(y - 1, model.shape.y);
    let yp = near(y + 1, model.shape.y);
    let xm = near(x - 1, model.shape.z);
    let xp = near(x + 1, model.shape.z);
    let u = fields[at];
    let a0 = fields[index(zp, y, x)];
    let b0 = fields[index(zm, y, x)];
    let a1 = fields[index(z, yp, x)];
    let b1 = fields[index(z, ym, x)];
    let a2 = fields[index(z, y, xp)];
    let b2 = fields[index(z, y, xm)];
    let d = vec3f(a0 - b0, a1 - b1, a2 - b2) * hx;
    let pure = (vec3f(a0 + b0, a1 + b1, a2 + b2) - 2.0 * u) * hxx;
    let hzy = (fields[index(zp, yp, x)] + fields[index(zm, ym, x)] - fields[index(zm, yp, x)] - fields[index(zp, ym, x)]) * q4;
    let hzx = (fields[index(zp, y, xp)] + fields[index(zm, y, xm)] - fields[index(zm, y, xp)] - fields[index(zp, y, xm)]) * q4;
    let hyx = (fields[index(z, yp, xp)] + fields[index(z, ym, xm)] - fields[index(z, ym, xp)] - fields[index(z, yp, xm)]) * q4;
    let mixed = vec3f(hzy, hzx, hyx);
    let g2 = dot(d, d);
    let norm = sqrt(g2 + FLAT);
    let ig = 1.0 / norm;
    let iq = ig * ig;
    let w = u * u - 1.0;
    let w1 = w * u;
    let v = pure * d + vec3f(hzy * d.y + hzx * d.z, hzy * d.x + hyx * d.z, hzx * d.x + hyx * d.y);
    let nhn = dot(v, d) * iq;
    let t = w1 * ie - eps * (pure.x + pure.y + pure.z);
    let n2 = e2 * (dot(pure, pure) + 2.0 * dot(mixed, mixed)) + w1 * w1 * ie2 - 2.0 * w1 * nhn;
    let under = 2.0 * n2 - t * t;
    let positive = select(0.0, 1.0, under > 0.0);
    let s = sqrt(under * positive + SMOOTHING);
    let along = dot(d, model.along);
    let mu = model.mu * along;
    energy += model.n2 * n2 + model.ts * t * s + model.tt * t * t + model.gt * norm * t + model.gs * norm * s + model.gg * g2
      + mu * along + model.well * 0.25 * w * w;
    let ep = (model.ts * t + model.gs * norm) / (2.0 * s) * positive;
    let en = model.n2 + 2.0 * ep;
    let et = model.ts * s + 2.0 * model.tt * t + model.gt * norm - 2.0 * t * ep;
    let k = -2.0 * w1 * en * iq;
    let m = 2.0 * e2 * en;
    let second = (m * pure - eps * et + k * d * d) * hxx;
    let cross = (2.0 * m * mixed + 2.0 * k * vec3f(d.x * d.y, d.x * d.z, d.y * d.z)) * q4;
    let p = (model.gt * t + model.gs * s) * ig + 2.0 * model.gg - 2.0 * k * nhn;
    let first = (2.0 * k * v + p * d + 2.0 * mu * model.along) * hx;
    let local = (en * 2.0 * (w1 * ie2 - nhn) + et * ie) * (3.0 * w + 2.0) + model.well * w1;
    slope += local;  // what the stencils move adds up to nothing
    work[place(ZZ, at)] = second.x;
    work[place(YY, at)] = second.y;
    work[place(XX, at)] = second.z;
    work[place(ZY, at)] = cross.x;
    work[place(ZX, at)] = cross.y;
    work[place(YX, at)] = cross.z;
    work[place(PZ, at)] = first.x;
    work[place(PY, at)] = first.y;
    work[place(PX, at)] = first.z;
    work[place(LOCAL, at)] = local;
  }
  let sum = reduced(lane, mat3x4f(vec4f(energy, slope, 0.0, 0.0), vec4f(), vec4f()));
  if (lane == 0u) { parts[group.x] = sum; }
}

// Where the voxels before, at and after a place along an axis are; outside a box that does not repeat there is no energy.
struct Line { at: vec3u, weight: vec3f }

fn line(i: i32, n: u32, stride: u32) -> Line {
  let place = vec3i(i - 1, i, i + 1);
  let size = i32(n);
  let held = clamp(place, vec3i(), vec3i(size - 1));
  if (model.periodic == 0u) { return Line(vec3u(held) * stride, select(vec3f(), vec3f(1.0), place == held)); }
  let around = select(select(place, place - size, place >= vec3i(size)), place + size, place < vec3i());
  return Line(vec3u(around) * stride, vec3f(1.0));
}

// What two neighbours on a line left: their sum, and the first less the second.
fn pair(start: u32, rest: u32, weight: f32, l: Line) -> vec2f {
  let a = work[start + rest + l.at.x] * l.weight.x;
  let b = work[start + rest + l.at.z] * l.weight.z;
  return weight * vec2f(a + b, a - b);
}

// What the four neighbours on a diagonal of two lines left.
fn diagonal(start: u32, rest: u32, weight: f32, a: Line, b: Line) -> f32 {
  return pair(start, rest + a.at.x, weight * a.weight.x, b).y - pair(start, rest + a.at.z, weight * a.weight.z, b).y;
}

fn adjoint(z: Line, y: Line, x: Line) -> f32 {
  let n = size();
  let weight = z.weight.y * y.weight.y * x.weight.y;
  let here = z.at.y + y.at.y + x.at.y;
  return weight * (work[LOCAL * n + here] - 2.0 * (work[ZZ * n + here] + work[YY * n + here] + work[XX * n + here]))
    + pair(ZZ * n, y.at.y + x.at.y, y.weight.y * x.weight.y, z).x + pair(PZ * n, y.at.y + x.at.y, y.weight.y * x.weight.y, z).y
    + pair(YY * n, z.at.y + x.at.y, z.weight.y * x.weight.y, y).x + pair(PY * n, z.at.y + x.at.y, z.weight.y * x.weight.y, y).y
    + pair(XX * n, z.at.y + y.at.y, z.weight.y * y.weight.y, x).x + pair(PX * n, z.at.y + y.at.y, z.weight.y * y.weight.y, x).y
    + diagonal(ZY * n, x.at.y, x.weight.y, z, y)
    + diagonal(ZX * n, y.at.y, y.weight.y, z, x)
    + diagonal(YX * n, z.at.y, z.weight.y, y, x);
}

// How far the places that a voxel stands for reach beyond the box: where the border is held, it stands for those outside too.
fn reach(i: i32, n: u32) -> vec2i {
  if (model.periodic == 1u) { return vec2i(i, i); }
  return vec2i(select(i, -1, i == 0), select(i, i + 1, i == i32(n) - 1));
}

@compute @workgroup_size(LANES)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size()) { return; }
  let here = voxel_of(id.x);
  let rz = reach(here.x, model.shape.x);
  let ry = reach(here.y, model.shape.y);
  let rx = reach(here.z, model.shape.z);
  let row = model.shape.z;
  var sum = 0.0;
  for (var z = rz.x; z <= rz.y; z++) {
    let lz = line(z, model.shape.x, model.shape.y * row);
    for (var y = ry.x; y <= ry.y; y++) {
      let ly = line(y, model.shape.y, row);
      for (var x = rx.x; x <= rx.y; x++) { sum += adjoint(lz, ly, line(x, row, 1u)); }
    }
  }
  fields[place(GRADIENT, id.x)] = sum;
}

@compute @workgroup_size(LANES)
fn total(@builtin(local_invocation_index) lane: u32) {
  let sum = whole(lane)[0];
  if (lane != 0u) { return; }
  rule.energy = sum.x * model.voxel * model.voxel * model.voxel;
  rule.slope = select(0.0, sum.y / f32(size()), model.way == 1u);
}
