// The thread in which a texture goes on: it takes steps as fast as it can, on a graphics card where there is one, and now and then
// hands out the field.
import { CurvatureDevice } from "./curvature_device.js";
import { CurvatureEnergy, noiseField } from "./curvature_energy.js";
import { CurvatureProcessor } from "./curvature_processor.js";

const SLICE = 40; // milliseconds of steps between two looks at the messages
const ROUNDING = 1e-4; // by which energies may differ that a device and the processor compute, as a part of them…
const ALIKE = 0.05; // … and what a step changes in them

let computer = null; // CurvatureDevice or CurvatureProcessor
let choice = null; // "auto", "card" (also one in software) or "processor"
let code = ""; // of the compute shaders
let parameters = null;
let last = null; // field that was handed out, and its step
let running = false;
let looping = false;
let waiting = false; // for the page to have drawn the last field
let jobs = Promise.resolve(); // one after another

function tell(by, text) {
  postMessage({ kind: "computing", by, text });
}

// Make what computes from a field on.
async function open(shape, wanted, field) {
  computer?.close();
  computer = new CurvatureProcessor(shape);
  choice = wanted;
  if (wanted === "processor") {
    tell("processor", "Computed by the processor.");
    return;
  }
  const device = await workingDevice(shape, field);
  if (typeof device === "string") {
    tell("processor", `Computed by the processor: ${device}.`);
    return;
  }
  device.device.lost.then(() => giveUp(device, "The graphics card was lost"));
  device.device.onuncapturederror = () => giveUp(device, "The graphics card failed");
  computer = device;
  tell("card", `Computed by WebGPU: ${device.name}.`);
}

// A device that computes what the processor does, or the reason why there is none.
async function workingDevice(shape, field) {
  try {
    const device = await CurvatureDevice.open(shape, code, choice === "card");
    if (typeof device === "string" || (await agrees(device, field))) return device;
    device.close();
    return "WebGPU gives other numbers here";
  } catch {
    return "WebGPU failed to start";
  }
}

// Whether a device lowers the energy as the processor does, over the first step.
async function agrees(device, field) {
  const exact = new CurvatureProcessor(device.shape);
  const found = [];
  for (const way of [exact, device]) {
    way.start(field, parameters);
    found.push(await energies(way, 2));
  }
  const [[first, second], [deviceFirst, deviceSecond]] = found;
  const fall = first - second;
  if (!Number.isFinite(fall)) return true; // the run itself is at fault
  const difference = Math.abs(fall - (deviceFirst - deviceSecond));
  return Math.abs(first - deviceFirst) <= ROUNDING * Math.abs(first) && difference <= ALIKE * Math.abs(fall) + ROUNDING * Math.abs(first);
}

// Go on without a device that cannot, from the field that was handed out last.
function giveUp(device, why) {
  if (computer !== device) return;
  computer = new CurvatureProcessor(device.shape);
  choice = null; // the next start may try again
  device.close();
  if (last === null) return; // it has not begun
  computer.start(last.field, parameters);
  computer.steps = last.steps;
  tell("processor", `${why}: the processor continues from step ${last.steps}.`);
  queued(handOut);
}

async function start({ shape, field, seed }, wanted) {
  last = { field: field ?? noiseField(new CurvatureEnergy(shape, parameters), parameters.mass, randomNumbers(seed)), steps: 0 };
  const same = computer !== null && choice === wanted && String(shape) === String(computer.shape);
  if (!same) await open(shape, wanted, last.field);
  computer.start(last.field, parameters);
}

// Mulberry32
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Compute in another way from now on.
async function change(wanted) {
  const { steps, shape } = computer;
  last = { field: await computer.read(), steps };
  await open(shape, wanted, last.field);
  computer.start(last.field, parameters);
  computer.steps = steps;
}

// The field in 8 bits, from -1 to 1.
async function handOut() {
  const { steps } = computer;
  const field = await computer.read();
  last = { field, steps };
  const bytes = new Uint8Array(field.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = Math.max(0, Math.min(255, Math.round((field[k] + 1) * 127.5)));
  waiting = true;
  postMessage({ kind: "field", bytes, steps, energy: computer.energy }, [bytes.buffer]);
}

// Energies of the next steps.
async function energies(way, count) {
  const found = [];
  for (let k = 0; k < count; k++) {
    way.send(1);
    await way.read();
    found.push(way.energy);
  }
  return found;
}

async function turn() {
  if (!running) return; // paused since it was put in line
  await computer.advance(SLICE);
  if (!waiting) await handOut();
}

async function handle(data) {
  if (data.kind === "start") {
    ({ code, parameters } = data);
    await start(data, data.compute);
    await handOut();
  } else if (data.kind === "run") {
    running = true;
    if (!looping) loop();
  } else if (data.kind === "pause") running = false;
  else if (data.kind === "update") {
    parameters = data.parameters;
    computer?.update(parameters);
  } else if (data.kind === "compute") {
    if (computer !== null) await change(data.compute);
  } else if (data.kind === "drawn") waiting = false;
  else if (data.kind === "steps") postMessage({ kind: "energies", energies: await energies(computer, data.count) });
}

function queued(job) {
  jobs = jobs.then(job).catch((error) => {
    if (error instanceof DOMException) { // what WebGPU says when it cannot; `giveUp` may know already
      if (computer instanceof CurvatureDevice) giveUp(computer, "The graphics card failed");
      return;
    }
    running = false;
    postMessage({ kind: "failed", text: error.message });
  });
  return jobs;
}

async function loop() {
  looping = true;
  while (running) await queued(turn);
  looping = false;
}

onmessage = ({ data }) => queued(() => handle(data));
