// A texture that goes on in the page: a worker computes, sliders change what it descends.
import { embedded } from "./page_data.js";
import { addButton, addChoice, element } from "./panels.js";
import { addParameters } from "./sliders.js";
import { short } from "./plot.js";

const LARGEST = 64 ** 3;
const COMPUTERS = [["auto", "graphics card, else processor"], ["card", "graphics card"], ["processor", "processor"]];
const CHANGED_LIVE = ["a20", "a11", "a02", "b10", "b01", "c", "orientation", "tension"];

// Why the page cannot go on with this run, "" if it can.
export function whyNoTexture(live, layer) {
  const p = live.values;
  if (layer.shape.reduce((a, b) => a * b) > LARGEST) return "A page can continue textures of up to 64 × 64 × 64 voxels; this one is larger.";
  if (p.sequence || p.fidelity || p.reduced_volume !== null) {
    return "A page cannot continue this run: it has a sequence of textures, a target or a vesicle's area.";
  }
  if (live.held === null) return "A page cannot continue this run: it was saved without a checkpoint, which would tell what is held fixed in it.";
  if (live.held.length) return "A page cannot continue this run: parts of it are held fixed, or its parameters vary from place to place.";
  return "";
}

export class LiveTexture {
  // `renderer` shows the field; `shown` is called when there is a new one.
  constructor(box, live, renderer, shown) {
    this.live = live;
    this.renderer = renderer;
    this.shown = shown;
    this.parameters = { ...live.values };
    this.parameters.mass ??= -0.6;
    this.running = false;
    this.started = false;
    this.steps = 0;
    this.energy = NaN;
    this.rate = null;
    this.build(box);
  }

  build(box) {
    element("p", "The texture keeps evolving, computed in your browser with the energy, metric and step rule of shapelab. Move the sliders as it runs.", box);
    const row = element("div", "", box);
    row.className = "row";
    this.button = addButton(row, "Run", "Continue from this frame, or pause", () => this.toggle());
    addButton(row, "From noise", "Restart from random noise with this mean", () => this.fromNoise());
    addButton(row, "From this frame", "Restart from this frame", () => this.fromFrame());
    this.words = element("output", "", row);
    this.compute = "auto";
    addChoice(box, "Compute on", COMPUTERS, this.compute, (chosen) => {
      this.compute = chosen;
      if (this.started) this.post({ kind: "compute", compute: chosen });
    });
    this.by = element("p", "", box);
    this.by.className = "soft";
    const declared = this.live.declared.filter(({ name }) => CHANGED_LIVE.includes(name));
    addParameters(box, declared, this.parameters, () => this.post({ kind: "update", parameters: this.parameters }));
    const mass = this.live.declared.find(({ name }) => name === "mass");
    if (mass) addParameters(box, [{ ...mass, label: `${mass.label} (from noise)` }], this.parameters, () => {});
  }

  post(message, transfer = []) {
    if (this.worker === undefined) {
      const program = new Blob([embedded("worker")], { type: "text/javascript" });
      this.worker = new Worker(URL.createObjectURL(program));
      this.worker.onmessage = ({ data }) => this.receive(data);
    }
    this.worker.postMessage(message, transfer);
  }

  receive(data) {
    if (data.kind === "energies") this.answer?.(data.energies);
    else if (data.kind === "failed") {
      this.pause();
      this.words.textContent = data.text;
    } else if (data.kind === "computing") {
      this.by.textContent = data.text;
      this.computing = data.by;
      this.rate = null;
      this.before = undefined;
    } else if (data.kind === "field") {
      if (data.steps > this.steps && this.running) this.measure(data.steps - this.steps);
      this.steps = data.steps;
      this.energy = data.energy;
      this.show(data.bytes);
    }
  }

  measure(steps) {
    const now = performance.now();
    if (this.before) {
      const rate = (1000 * steps) / (now - this.before);
      this.rate = this.rate === null ? rate : 0.8 * this.rate + 0.2 * rate;
    }
    this.before = now;
  }

  async show(bytes) {
    const { renderer } = this;
    renderer.low = -1;
    renderer.high = 1;
    renderer.setLevel(0);
    renderer.setData(bytes, 8);
    const energy = Number.isFinite(this.energy) ? ` · energy ${short(this.energy)}` : "";
    this.words.textContent = `step ${this.steps}${energy}${this.rate ? ` · ${this.rate.toFixed(this.rate < 10 ? 1 : 0)} steps/s` : ""}`;
    await this.shown();
    this.post({ kind: "drawn" });
  }

  begin(field) {
    const { shape } = this.renderer.layer;
    const seed = Math.floor(Math.random() * 2 ** 32);
    this.post({ kind: "start", shape, parameters: this.parameters, field, seed, compute: this.compute, code: embedded("compute") });
    this.started = true;
    this.steps = 0;
  }

  fromNoise() {
    this.begin(null);
    this.run();
  }

  // The field that is shown, as numbers.
  fieldShown() {
    const { data, bits, low, high } = this.renderer;
    const unit = (high - low) / (2 ** bits - 1);
    return Float64Array.from(data, (n) => low + n * unit);
  }

  fromFrame() {
    this.begin(this.fieldShown());
    this.run();
  }

  run() {
    this.running = true;
    this.before = undefined;
    this.button.textContent = "Pause";
    this.button.classList.add("on");
    this.post({ kind: "run" });
  }

  pause() {
    this.running = false;
    this.button.textContent = "Run";
    this.button.classList.remove("on");
    if (this.worker) this.post({ kind: "pause" });
  }

  toggle() {
    if (this.running) this.pause();
    else if (this.started) this.run();
    else this.fromFrame();
  }

  // The frame that was shown is another one: the next run begins there.
  leave() {
    this.pause();
    this.started = false;
    const { layer } = this.renderer;
    this.renderer.low = layer.low;
    this.renderer.high = layer.high;
    this.renderer.setLevel(layer.level);
  }

  // Energies of the next `count` steps.
  energies(count) {
    return new Promise((done) => {
      this.answer = done;
      this.post({ kind: "steps", count });
    });
  }
}
