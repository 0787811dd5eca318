// What all passes of a texture's step share: the model, the arrays, sums over the grid. The functions are those of
// shapelab.curvature; fields are (z, y, x), lengths texture lengths.

const LANES = 64u;   // threads of a group, and groups that sum over the grid
const EIGHTH = 8u;

struct Model {
  shape: vec3u,        // z, y, x
  periodic: u32,
  along: vec3f,        // axis of the orientation, z, y, x
  voxel: f32,
  n2: f32, ts: f32, tt: f32, gt: f32,
  gs: f32, gg: f32, mu: f32, well: f32,
  width: f32,          // of the interface
  way: u32,            // 0: conserved, 1: averaged, 2: free
  inertia: u32,        // 0: faithful, 1: deep, 2: annealed
  mean: f32,           // that the field began with
  taps: array<vec4f, 4>,  // of the blur: the central one, and those that follow it from the second vector on
}

// What the step rule remembers.
struct Rule {
  fresh: u32,          // 1: the last gradient was that of another energy
  known: u32,          // energies since then
  failures: u32,
  ended: u32,          // 1: too many failures
  kappa: f32, energy: f32, slope: f32, drift: f32,  // slope: mean of the gradient, where it is taken out
  count: u32, failed: u32, action: u32, spare: u32,
  curvature: f32, rate: f32, norm: f32, next_norm: f32,
  keep: f32, pace: f32, shift: f32, less: f32,
  energies: array<f32, 20>,
}

// Places of arrays of the grid's size in `fields`.
const U = 0u;
const STEP = 1u;
const GRADIENT = 2u;
const GRADIENT_BEFORE = 3u;
const DIRECTION = 4u;
const SAVED = 5u;

@group(0) @binding(0) var<uniform> model: Model;
@group(0) @binding(1) var<storage, read_write> fields: array<f32>;
@group(0) @binding(2) var<storage, read_write> work: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<mat3x4f>;
@group(0) @binding(4) var<storage, read_write> rule: Rule;

var<workgroup> heap: array<mat3x4f, LANES>;

fn size() -> u32 { return model.shape.x * model.shape.y * model.shape.z; }

fn place(which: u32, at: u32) -> u32 { return which * size() + at; }

fn voxel_of(at: u32) -> vec3i {
  let row = at / model.shape.z;
  return vec3i(i32(row / model.shape.y), i32(row % model.shape.y), i32(at % model.shape.z));
}

fn index(z: i32, y: i32, x: i32) -> u32 {
  return (u32(z) * model.shape.y + u32(y)) * model.shape.z + u32(x);
}

// Two columns of sums and one of maxima (of numbers that are not negative).
fn combined(a: mat3x4f, b: mat3x4f) -> mat3x4f { return mat3x4f(a[0] + b[0], a[1] + b[1], max(a[2], b[2])); }

// Those of a group, given to its first thread.
fn reduced(lane: u32, mine: mat3x4f) -> mat3x4f {
  heap[lane] = mine;
  workgroupBarrier();
  var sum = mat3x4f();
  if (lane < EIGHTH) {
    for (var k = lane; k < LANES; k += EIGHTH) { sum = combined(sum, heap[k]); }
  }
  workgroupBarrier();
  if (lane < EIGHTH) { heap[lane] = sum; }
  workgroupBarrier();
  sum = mat3x4f();
  if (lane == 0u) {
    for (var k = 0u; k < EIGHTH; k++) { sum = combined(sum, heap[k]); }
  }
  return sum;
}

// All parts of the grid, combined by one group.
fn whole(lane: u32) -> mat3x4f { return reduced(lane, parts[lane]); }

// By the bits: compilers may take any number for finite.
fn finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }
