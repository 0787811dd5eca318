// One step of the descent: the metric (a blur along each axis, and a Laplacian where matter is conserved), the inner products, the
// rule that chooses the step, and the move.

const REACH = 12;            // of the blur
const ANNEALED = 300u;
const LARGEST_CHANGE = 0.5;
const LARGEST_FIELD = 10.0;
const WINDOW = 20u;
const MOST_FAILURES = 5u;

// What `finish` has to do.
const NOTHING = 0u;
const SAVE = 1u;
const RESTORE = 2u;

// A place up to `REACH` away from an axis of `n` voxels: around the box, or reflected at its border.
fn far(place: i32, n: i32) -> i32 {
  var i = place;
  for (var left = REACH; left > 0; left -= n) {
    let before = select(-1 - i, i + n, model.periodic == 1u);
    let after = select(2 * n - 1 - i, i - n, model.periodic == 1u);
    i = select(select(i, after, i >= n), before, i < 0);
  }
  return i;
}

// Blur the array that begins at `start`, `stride` numbers from one voxel to the next, around the i-th of `n`.
fn blurred(start: u32, stride: u32, i: i32, n: i32) -> f32 {
  var sum = model.taps[0].x * work[start + u32(i) * stride];
  for (var quarter = 0; quarter < REACH / 4; quarter++) {
    var pairs = vec4f();
    for (var k = 0; k < 4; k++) {
      let away = 4 * quarter + k + 1;
      pairs[k] = work[start + u32(far(i - away, n)) * stride] + work[start + u32(far(i + away, n)) * stride];
    }
    sum += dot(model.taps[quarter + 1], pairs);
  }
  return sum;
}

// The gradient, without its mean where the flow holds the field's; the blurs go to and fro in `work`.
@compute @workgroup_size(LANES)
fn centre(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size()) { return; }
  let g = fields[place(GRADIENT, id.x)] - rule.slope;
  fields[place(GRADIENT, id.x)] = g;
  work[id.x] = g;
}

@compute @workgroup_size(LANES)
fn blur_x(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size()) { return; }
  let here = voxel_of(id.x);
  work[place(1u, id.x)] = blurred(id.x - u32(here.z), 1u, here.z, i32(model.shape.z));
}

@compute @workgroup_size(LANES)
fn blur_y(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size()) { return; }
  let here = voxel_of(id.x);
  let stride = model.shape.z;
  work[id.x] = blurred(place(1u, id.x) - u32(here.y) * stride, stride, here.y, i32(model.shape.y));
}

@compute @workgroup_size(LANES)
fn blur_z(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size()) { return; }
  let here = voxel_of(id.x);
  let stride = model.shape.y * model.shape.z;
  work[place(1u, id.x)] = blurred(id.x - u32(here.x) * stride, stride, here.x, i32(model.shape.x));
}

fn metric_of(at: u32) -> f32 {
  let b = work[place(1u, at)];
  if (model.way != 0u) { return b; }
  let n = vec3i(model.shape);
  let here = voxel_of(at);
  let z = here.x;
  let y = here.y;
  let x = here.z;
  return 6.0 * b
    - work[place(1u, index(far(z - 2, n.x), y, x))] - work[place(1u, index(far(z + 2, n.x), y, x))]
    - work[place(1u, index(z, far(y - 2, n.y), x))] - work[place(1u, index(z, far(y + 2, n.y), x))]
    - work[place(1u, index(z, y, far(x - 2, n.z)))] - work[place(1u, index(z, y, far(x + 2, n.z)))];
}

@compute @workgroup_size(LANES)
fn products(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var mine = mat3x4f();
  for (var at = group.x * LANES + lane; at < size(); at += LANES * LANES) {
    let q = metric_of(at);
    let g = fields[place(GRADIENT, at)];
    let s = fields[place(STEP, at)];
    let dg = g - fields[place(GRADIENT_BEFORE, at)];
    let dq = q - fields[place(DIRECTION, at)];
    mine[0] += vec4f(g * q, dg * dq, s * g, s * s);
    mine[1] += vec4f(s * q, q * q, q, 0.0);
    fields[place(GRADIENT_BEFORE, at)] = g;
    fields[place(DIRECTION, at)] = q;
  }
  let sum = reduced(lane, mine);
  if (lane == 0u) { parts[group.x] = sum; }
}

fn keep_and_rms() -> vec2f {
  let deep = model.inertia == 1u || (model.inertia == 2u && rule.count > ANNEALED);
  return select(vec2f(0.9, 0.01), vec2f(0.97, 0.02), deep);
}

fn choose_rate(dg_dq: f32, q_q: f32) -> f32 {
  var measured = 0.0;
  if (rule.fresh == 0u && rule.norm > 0.0) { measured = sqrt(max(dg_dq, 0.0) / rule.norm); }
  rule.fresh = 0u;
  rule.curvature = max(measured, 0.99 * rule.curvature);
  if (rule.count == 1u || rule.rate == 0.0) {
    let rms = sqrt(q_q / f32(size()));
    rule.rate = 0.0;
    if (rms > 0.0) { rule.rate = 0.1 * keep_and_rms().y / rms; }
  } else if (rule.curvature > 0.0) {
    let wanted = rule.kappa / rule.curvature;
    rule.rate = select(wanted, min(wanted, 1.05 * rule.rate), rule.count > 2u);
  }
  return rule.rate;
}

@compute @workgroup_size(LANES)
fn choose(@builtin(local_invocation_index) lane: u32) {
  let sums = whole(lane);
  if (lane != 0u || rule.ended == 1u) { return; }
  let a = sums[0];  // <g, q>, <dg, dq>, <s, g>, <s, s>
  let b = sums[1];  // <s, q>, <q, q>, sum of q
  let good = finite(rule.energy) && finite(a.x) && finite(a.y) && finite(a.z) && finite(a.w) && finite(b.x) && finite(b.y) && finite(b.z);
  rule.failed = select(1u, 0u, good);
  if (!good) { return; }
  rule.count += 1u;
  rule.energies[rule.known % WINDOW] = rule.energy;
  rule.known += 1u;
  let rate = choose_rate(a.y, b.y);
  let keep = keep_and_rms().x;
  let rms = sqrt(max(keep * keep * a.w - 2.0 * keep * rate * b.x + rate * rate * b.y, 0.0) / f32(size()));
  var scale = 1.0;
  if (rms > 0.0) { scale = min(1.0, keep_and_rms().y / rms); }
  rule.shift = 0.0;
  if (model.way != 2u && rate > 0.0) { rule.shift = b.z / f32(size()) - rule.drift / (rate * scale); }
  rule.next_norm = scale * scale * (keep * keep * rule.norm - 2.0 * keep * rate * a.z + rate * rate * a.x);
  rule.keep = keep * scale;
  rule.pace = rate * scale;
}

@compute @workgroup_size(LANES)
fn advance(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var mine = mat3x4f();
  let end = select(size(), 0u, rule.failed == 1u);
  let keep = rule.keep;
  let pace = rule.pace;
  let shift = rule.shift;
  for (var at = group.x * LANES + lane; at < end; at += LANES * LANES) {
    let s = keep * fields[place(STEP, at)] - pace * (fields[place(DIRECTION, at)] - shift);
    let u = fields[at] + s;
    fields[place(STEP, at)] = s;
    fields[at] = u;
    mine[0].x += u - model.mean;
    mine[2] = max(mine[2], vec4f(abs(s), abs(u), 0.0, 0.0));
  }
  let sum = reduced(lane, mine);
  if (lane == 0u) { parts[group.x] = sum; }
}

// Every `WINDOW` steps: adapt to how often the energy rose, and save the field.
fn look_back() {
  if (rule.count >= 2u * WINDOW && rule.known >= WINDOW) {
    var rises = 0u;
    for (var k = rule.known - WINDOW + 1u; k < rule.known; k++) {
      rises += select(0u, 1u, rule.energies[k % WINDOW] > rule.energies[(k - 1u) % WINDOW]);
    }
    if (rises >= 8u) { rule.kappa = max(0.75 * rule.kappa, 0.25); }
    else if (rises <= 2u) { rule.kappa = min(1.15 * rule.kappa, 3.0); }
  }
  rule.action = SAVE;
  rule.failures = 0u;
}

// Return to the saved field with smaller steps, unless that was tried often enough.
fn go_back() {
  rule.action = RESTORE;
  rule.failures += 1u;
  rule.ended = select(0u, 1u, rule.failures > MOST_FAILURES);
  rule.kappa /= 2.0;
  rule.drift = 0.0;
  rule.count = 0u;
  rule.curvature = 0.0;
  rule.rate = 0.0;
  rule.norm = 0.0;
  rule.fresh = 1u;
  rule.known = 0u;
}

@compute @workgroup_size(LANES)
fn settle(@builtin(local_invocation_index) lane: u32) {
  let sums = whole(lane);
  if (lane != 0u || rule.ended == 1u) { return; }
  let drift = sums[0].x / f32(size());
  let longest = sums[2].x;
  let peak = sums[2].y;
  rule.action = NOTHING;
  rule.less = select(1.0, LARGEST_CHANGE / longest, longest > LARGEST_CHANGE);
  if (rule.failed == 1u || !finite(drift) || !finite(peak) || peak > LARGEST_FIELD) {
    go_back();
    return;
  }
  rule.norm = rule.less * rule.less * max(rule.next_norm, 0.0);
  rule.drift = select(0.0, drift, model.way != 2u);
  if (rule.count % WINDOW == 0u) { look_back(); }
}

@compute @workgroup_size(LANES)
fn finish(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= size() || (rule.action == NOTHING && rule.less == 1.0)) { return; }
  if (rule.action == RESTORE) {
    fields[id.x] = fields[place(SAVED, id.x)];
    fields[place(STEP, id.x)] = 0.0;
    fields[place(GRADIENT_BEFORE, id.x)] = 0.0;
    fields[place(DIRECTION, id.x)] = 0.0;
    return;
  }
  if (rule.less < 1.0) {
    fields[id.x] -= (1.0 - rule.less) * fields[place(STEP, id.x)];
    fields[place(STEP, id.x)] *= rule.less;
  }
  if (rule.action == SAVE) { fields[place(SAVED, id.x)] = fields[id.x]; }
}
