// A texture on a graphics card: the steps of CurvatureFlow as passes of compute shaders. Only what is shown is read back.
import { blurTaps, factorsOf } from "./curvature_energy.js";
import { NOT_FINITE } from "./curvature_flow.js";

// The passes of a step, and what each runs over: all voxels, the parts of a sum, or once.
const PASSES = [
  ["density", "sums"],
  ["gather", "voxels"],
  ["total", "once"],
  ["centre", "voxels"],
  ["blur_x", "voxels"],
  ["blur_y", "voxels"],
  ["blur_z", "voxels"],
  ["products", "sums"],
  ["choose", "once"],
  ["advance", "sums"],
  ["settle", "once"],
  ["finish", "voxels"],
];
const LANES = 64; // as the shaders have them: threads of a group, and groups that sum over the grid
const WAYS = ["conserved", "averaged", "free"];
const INERTIAS = ["faithful", "deep", "annealed"];
const ARRAYS = 6; // of the grid's size, in `fields`
const RECORDS = 10; // numbers per voxel, in `work`
const PART = 48; // bytes of a part of a sum
const RULE = 160; // bytes of what the step rule remembers
const HEAD = 32; // bytes of it that are read: energy and whether it has ended are among them
const MOST_STEPS = 500; // that are sent at once

// An adapter that computes, or the reason why there is none. One that is a processor in disguise is taken only if it is `wanted`.
async function findAdapter(wanted) {
  if (!globalThis.navigator?.gpu) return "this browser has no WebGPU";
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) return "no graphics card that WebGPU can use was found";
  return inSoftware(adapter) && !wanted ? "WebGPU runs in software here" : adapter;
}

function inSoftware(adapter) {
  return adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
}

// What a reader calls the card.
function nameOf(adapter) {
  const { info } = adapter;
  const name = info?.description || [info?.vendor, info?.architecture].filter(Boolean).join(" ") || "graphics card";
  return inSoftware(adapter) ? `${name}, in software` : name;
}

export class CurvatureDevice {
  // A device with its programs, ready for a texture of `shape`, or the reason why there is none.
  static async open(shape, code, wanted) {
    const adapter = await findAdapter(wanted);
    if (typeof adapter === "string") return adapter;
    const made = new CurvatureDevice(await adapter.requestDevice(), shape, nameOf(adapter));
    await made.compile(code);
    return made;
  }

  constructor(device, shape, name) {
    this.device = device;
    this.shape = shape;
    this.name = name;
    this.size = shape.reduce((a, b) => a * b);
    this.steps = 0;
    this.energy = NaN;
    this.batch = 1;
  }

  async compile(code) {
    const { device, size } = this;
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const bytes = 4 * size;
    const make = (size, usage) => device.createBuffer({ size, usage });
    this.model = make(RULE, UNIFORM | COPY_DST);
    this.fields = make(ARRAYS * bytes, STORAGE | COPY_SRC | COPY_DST);
    this.rule = make(RULE, STORAGE | COPY_SRC | COPY_DST);
    this.out = make(HEAD + bytes, MAP_READ | COPY_DST);
    const buffers = [this.model, this.fields, make(RECORDS * bytes, STORAGE), make(LANES * PART, STORAGE), this.rule];
    const layout = device.createBindGroupLayout({
      entries: buffers.map((_, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: binding === 0 ? "uniform" : "storage" },
      })),
    });
    this.group = device.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) });
    const module = device.createShaderModule({ code });
    const whole = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    const groups = { voxels: Math.ceil(size / LANES), sums: LANES, once: 1 };
    this.passes = await Promise.all(PASSES.map(async ([entryPoint, over]) => ({
      pipeline: await device.createComputePipelineAsync({ layout: whole, compute: { module, entryPoint } }),
      groups: groups[over],
    })));
  }

  // Begin at a field.
  start(field, parameters) {
    const { queue } = this.device;
    const values = Float32Array.from(field);
    this.mean = values.reduce((a, b) => a + b, 0) / this.size;
    const fields = new Float32Array(ARRAYS * this.size);
    fields.set(values); // the field…
    fields.set(values, (ARRAYS - 1) * this.size); // … and its safe copy
    queue.writeBuffer(this.fields, 0, fields);
    const rule = new Float32Array(RULE / 4);
    new Uint32Array(rule.buffer)[0] = 1; // fresh
    rule[4] = 2; // kappa
    queue.writeBuffer(this.rule, 0, rule);
    Object.assign(this, { steps: 0, energy: NaN });
    this.writeModel(parameters);
  }

  // The energy has other parameters from now on.
  update(parameters) {
    this.writeModel(parameters);
    this.device.queue.writeBuffer(this.rule, 0, Uint32Array.of(1, 0, 0)); // fresh, no energies known, no failures
  }

  writeModel(parameters) {
    const f = factorsOf(parameters);
    const model = new Float32Array(RULE / 4);
    const whole = new Uint32Array(model.buffer);
    whole.set([...this.shape, parameters.boundary === "periodic" ? 1 : 0]);
    model.set([...f.along, f.h, f.n2, f.ts, f.tt, f.gt, f.gs, f.gg, f.mu, f.well, f.eps], 4);
    whole[17] = Math.max(WAYS.indexOf(parameters.flow), 0);
    whole[18] = INERTIAS.indexOf(parameters.inertia);
    model[19] = this.mean;
    const [central, ...others] = blurTaps();
    model[20] = central;
    model.set(others, 24);
    this.device.queue.writeBuffer(this.model, 0, model);
  }

  // Send `count` steps.
  send(count) {
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setBindGroup(0, this.group);
    for (let k = 0; k < count; k++) {
      for (const { pipeline, groups } of this.passes) {
        pass.setPipeline(pipeline);
        pass.dispatchWorkgroups(groups);
      }
    }
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    this.steps += count;
  }

  // Take steps for about so many milliseconds.
  async advance(milliseconds) {
    const before = performance.now();
    this.send(this.batch);
    await this.device.queue.onSubmittedWorkDone();
    const wanted = (this.batch * milliseconds) / Math.max(performance.now() - before, 0.1);
    this.batch = Math.max(1, Math.min(Math.round(wanted), 2 * this.batch, MOST_STEPS));
  }

  // The field; `energy` becomes that of the last evaluation.
  async read() {
    const { device, out } = this;
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.rule, 0, out, 0, HEAD);
    encoder.copyBufferToBuffer(this.fields, 0, out, HEAD, 4 * this.size);
    device.queue.submit([encoder.finish()]);
    await out.mapAsync(GPUMapMode.READ);
    const bytes = out.getMappedRange().slice(0);
    out.unmap();
    if (this.steps > 0) this.energy = new Float32Array(bytes)[5];
    if (new Uint32Array(bytes)[3] === 1) throw new Error(NOT_FINITE);
    return new Float32Array(bytes, HEAD);
  }

  close() {
    this.device.destroy();
  }
}
