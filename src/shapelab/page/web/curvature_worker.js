// The thread in which a texture goes on: it takes steps as fast as it can and now and then hands out the field.
import { CurvatureEnergy, noiseField } from "./curvature_energy.js";
import { CurvatureFlow } from "./curvature_flow.js";

const SLICE = 40; // milliseconds of steps between two looks at the messages

let flow = null;
let running = false;
let waiting = false; // for the page to have drawn the last field
let steps = 0;
let value = NaN;

function start({ shape, parameters, field, seed }) {
  const energy = new CurvatureEnergy(shape, parameters);
  let state = seed >>> 0;
  const random = () => {
    // Mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const kind = parameters.flow === "averaged" || parameters.flow === "free" ? parameters.flow : "conserved";
  flow = new CurvatureFlow(energy, field ?? noiseField(energy, parameters.mass, random), kind, parameters.inertia);
  steps = 0;
  value = NaN;
}

// The field in 8 bits, from -1 to 1.
function handOut() {
  const bytes = new Uint8Array(flow.u.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = Math.max(0, Math.min(255, Math.round((flow.u[k] + 1) * 127.5)));
  waiting = true;
  postMessage({ kind: "field", bytes, steps, energy: value }, [bytes.buffer]);
}

function work() {
  if (!running || flow === null) return;
  const until = performance.now() + SLICE;
  try {
    while (performance.now() < until) {
      value = flow.step();
      steps += 1;
    }
  } catch (error) {
    running = false;
    postMessage({ kind: "failed", text: error.message });
    return;
  }
  if (!waiting) handOut();
  setTimeout(work, 0);
}

onmessage = ({ data }) => {
  if (data.kind === "start") {
    start(data);
    handOut();
  } else if (data.kind === "run") {
    const was = running;
    running = true;
    if (!was) work();
  } else if (data.kind === "pause") running = false;
  else if (data.kind === "update" && flow !== null) flow.update(data.parameters);
  else if (data.kind === "drawn") waiting = false;
  else if (data.kind === "steps") {
    const energies = [];
    for (let k = 0; k < data.count; k++) energies.push(flow.step());
    steps += data.count;
    postMessage({ kind: "energies", energies });
  }
};
