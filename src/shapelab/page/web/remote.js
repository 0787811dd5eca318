// A run that goes on in Python: a notebook passes its frames to this page, and what is pressed here to the run.
import { gunzip } from "./bytes.js";
import { addButton, addChoice, element } from "./panels.js";
import { short } from "./plot.js";
import { addParameters } from "./sliders.js";

const LONGEST_PAST = 1000; // rows of scalars from which on every second one is dropped

class RemoteRun {
  // `show` is the page around it.
  constructor(box, show) {
    this.show = show;
    this.box = box;
    this.running = false;
    this.values = { ...show.page.live.values };
    this.work = Promise.resolve();
    this.past = [];
    show.scalar = (name) => this.past.map(([, , values]) => values[name] ?? NaN);
    this.build();
  }

  build() {
    const { box } = this;
    const { live, remote } = this.show.page;
    box.hidden = false;
    element("h2", "Live", box);
    element("p", `The run continues in Python. ${remote.note}`, box);
    const row = element("div", "", box);
    row.className = "row";
    this.button = addButton(row, "Run", "Continue, or pause after the present step", () => this.post({ kind: this.running ? "pause" : "play" }));
    this.stopButton = addButton(row, "Stop", "Stop within the present step", () => this.post({ kind: "stop" }));
    this.words = element("output", "", row);
    this.problem = element("p", "", box);
    const changed = (name) => this.post({ kind: "update", name, value: this.values[name] });
    const known = live.declared.filter((parameter) => parameter.live);
    addParameters(box, known.filter(({ main }) => main), this.values, changed);
    for (const { name, label, description, value, options } of remote.choices) {
      const select = addChoice(box, label, options.map((text) => [text, text]), value, (text) => this.post({ kind: "update", name, value: text }));
      select.title = description;
    }
    const rest = known.filter(({ main }) => !main);
    if (!rest.length) return;
    const more = element("details", "", box);
    element("summary", "More parameters", more);
    addParameters(more, rest, this.values, changed);
  }

  // Listen from now on: the page is ready.
  listen() {
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent) return;
      const { content, buffers } = event.data;
      this.work = this.work.then(() => this.take(content, buffers)).catch((error) => (this.problem.textContent = error.message));
    });
    const { canvas } = this.show;
    for (const name of ["pointerup", "wheel", "keyup"]) canvas.addEventListener(name, () => this.postCamera());
    this.post({ kind: "open" });
  }

  post(message) {
    window.parent.postMessage(message, "*");
  }

  // Where the reader looks from, so that a page in the place of this one looks from there too.
  postCamera() {
    const { turn, shift, zoom, centre } = this.show.view;
    this.post({ kind: "camera", camera: { turn, shift, zoom, centre } });
  }

  async take(content, buffers) {
    if (content.kind === "frame") await this.takeFrame(content, buffers);
    else if (content.kind === "past") this.takePast(content.rows);
    else if (content.kind === "values") this.takeValues(content.values);
    else if (content.kind === "camera") Object.assign(this.show.view, content.camera);
    else if (content.kind === "state") this.takeState(content);
  }

  async takeFrame({ row, rate, layers, notice }, buffers) {
    const { show } = this;
    const arrays = await Promise.all(buffers.map((buffer) => gunzip(new Uint8Array(buffer))));
    layers.forEach((described, number) => {
      const renderer = show.renderers[number];
      const data = described.columns ? readCells(described, arrays.shift(), arrays.shift()) : this.readVolume(renderer, described, arrays.shift());
      if (described.columns) widen(renderer, data);
      renderer.series = { get: async () => data };
    });
    this.addRow(row);
    await show.renderer.show(0);
    show.showScalar();
    const [step, time] = row;
    this.words.textContent =
      `step ${step}${time === step ? "" : ` · t ${Number(time.toPrecision(3))}`}${rate ? ` · ${short(Number(rate.toPrecision(2)))} steps/s` : ""}`;
    this.problem.textContent = notice || this.text || "";
    await show.drawn();
    this.post({ kind: "drawn" });
  }

  readVolume(renderer, described, bytes) {
    const { layer } = renderer;
    Object.assign(layer, described);
    if (described.low !== undefined && renderer.setLevel) {
      renderer.low = described.low;
      renderer.high = described.high;
      renderer.setLevel(layer.level ?? 0);
    }
    const size = layer.shape.reduce((a, b) => a * b, 1);
    if (layer.bits !== undefined) layer.bits = 8;
    return bytes.length === size ? bytes : new Uint16Array(bytes.buffer);
  }

  // A row has step, time and an object of scalars.
  addRow(row) {
    if (this.past.at(-1)?.[0] === row[0]) this.past.pop();
    this.takePast([...this.past, row]);
  }

  takePast(rows) {
    const { show } = this;
    this.past = rows.length > LONGEST_PAST ? rows.filter((_, k) => k % 2 === 0) : rows;
    show.page.frames.splice(0, Infinity, ...this.past.map(([step, time]) => ({ step, time })));
    show.plot?.steps.splice(0, Infinity, ...this.past.map(([step]) => step));
    show.player.index = this.past.length - 1;
    this.offer(Object.keys(rows.at(-1)[2]));
  }

  // Offer scalars for the plot; some are known only after the first step.
  offer(names) {
    const select = document.getElementById("scalar");
    for (const name of names.filter((known) => !this.show.page.names.includes(known))) {
      this.show.page.names.push(name);
      element("option", name.replaceAll("_", " "), select).value = name;
      if (name === "energy") select.value = name;
    }
  }

  takeState({ running, text }) {
    this.running = running;
    this.text = text;
    this.button.textContent = running ? "Pause" : "Run";
    this.button.classList.toggle("on", running);
    this.stopButton.disabled = !running;
    this.problem.textContent = text;
  }

  takeValues(values) {
    Object.assign(this.values, values);
    for (const slider of this.box.querySelectorAll("[data-name]")) {
      const value = values[slider.dataset.name];
      slider.value = value;
      slider.nextElementSibling.textContent = short(value);
    }
  }

  // Another layer is shown, or another place of the plot: the run goes on.
  leave() {}
}

// Flat cells from rows of numbers, one row per column.
function readCells({ count, columns }, bytes, open) {
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  const cells = { count, open };
  columns.forEach((name, k) => (cells[name] = numbers.subarray(k * count, (k + 1) * count)));
  return cells;
}

// Let the scale of colours hold the values of these cells too.
function widen(renderer, { colour }) {
  for (const value of colour) renderer.range = [Math.min(renderer.range[0], value), Math.max(renderer.range[1], value)];
}

// It comes after the program of the page, which is ready then or has said why not.
if (window.shapelab.ready) {
  const { show } = window.shapelab;
  show.live = new RemoteRun(document.getElementById("live"), show);
  show.live.listen();
}
