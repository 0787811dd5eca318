// The page: puts data, pictures, time, plot and words together.
import { canRecord, record, save, still } from "./capture.js";
import { CellRenderer } from "./cell_renderer.js";
import { FlatRenderer } from "./flat_renderer.js";
import { Graphics } from "./gl.js";
import { LiveCells, whyNoCells } from "./live_cells.js";
import { LiveTexture, whyNoTexture } from "./live_texture.js";
import { drawOverlay } from "./overlay.js";
import { MeshRenderer } from "./mesh_renderer.js";
import { CellSeries, MeshSeries, PointSeries, Series, readPage, readScalars } from "./page_data.js";
import { addButton, addChoice, element, readColours, say, showLegend, showWords } from "./panels.js";
import { Pace } from "./pace.js";
import { Player } from "./player.js";
import { Plot, short } from "./plot.js";
import { PointsRenderer } from "./points_renderer.js";
import { View } from "./view.js";
import { VolumeRenderer } from "./volume_renderer.js";

const REST = 300; // milliseconds without a new picture after which it is drawn with all pixels

class Show {
  constructor(page) {
    this.page = page;
    this.canvas = document.getElementById("view");
    this.overlay = document.getElementById("overlay");
    this.graphics = new Graphics(this.canvas);
    this.graphics.restored = () => {
      for (const renderer of this.renderers) renderer.restore();
      this.redraw();
    };
    this.colours = readColours();
    this.pace = new Pace();
    this.pictures = 0;
    this.view = new View(this.canvas, () => this.redraw());
    this.renderers = page.layers.map((layer) => this.rendererOf(layer));
    this.player = new Player(page.frames, (index) => this.showFrame(index));
    window.addEventListener("resize", () => this.redraw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = readColours();
      this.redraw();
    });
  }

  rendererOf(layer) {
    if (layer.kind === "cells2") return new CellRenderer(this.graphics, layer, new CellSeries(layer));
    if (layer.kind === "mesh3") return new MeshRenderer(this.graphics, layer, new MeshSeries(layer));
    if (layer.kind.startsWith("points")) return new PointsRenderer(this.graphics, layer, new PointSeries(layer), null);
    const series = new Series(layer);
    if (layer.kind.endsWith("2")) return new FlatRenderer(this.graphics, layer, series);
    const width = layer.surface && this.page.family === "curvatubes" ? this.page.live?.values.interface_width ?? 0 : 0;
    return new VolumeRenderer(this.graphics, layer, series, width);
  }

  async open() {
    showWords(this.page);
    for (const renderer of this.renderers) if (renderer.prepare) await renderer.prepare();
    await this.openScalars();
    this.choose(this.grounds[0]);
    this.openLive();
    await this.player.go(this.page.frames.length - 1);
  }

  async openScalars() {
    const { names } = this.page;
    if (!names.length) return;
    this.scalars = await readScalars(this.page);
    if (this.page.frames.length < 2 && !this.page.remote) return;
    document.getElementById("graph").hidden = false;
    const select = document.getElementById("scalar");
    for (const name of names) {
      const option = document.createElement("option");
      option.textContent = name.replaceAll("_", " ");
      option.value = name;
      select.append(option);
    }
    this.plot = new Plot(document.getElementById("plot"), this.page.frames.map((frame) => frame.step), (index) => {
      this.player.pause();
      this.player.go(index);
    });
    const varies = (name) => new Set(this.scalar(name).filter(Number.isFinite)).size > 1;
    select.value = names.find((name) => name === "energy") ?? names.find(varies) ?? names[0];
    select.addEventListener("change", () => this.showScalar());
  }

  // Offer to compute further, where the page can, or say why not.
  openLive() {
    const { live, layers, preset, family, remote } = this.page;
    const [layer] = layers;
    const cells = layer.kind === "cells2";
    if (remote || live === null || !(cells || (family === "curvatubes" && layer.kind === "image3"))) return;
    const box = document.getElementById("live");
    box.hidden = false;
    element("h2", "Live", box);
    const why = cells ? whyNoCells(layer) : whyNoTexture(live, layer);
    if (why) {
      element("p", why, box);
      return;
    }
    const [renderer] = this.renderers;
    const shown = () => this.drawn();
    this.live = cells ? new LiveCells(box, live, preset, renderer, this.view, shown) : new LiveTexture(box, live, renderer, shown);
  }

  // The values of a scalar at all frames.
  scalar(name) {
    const { names, frames } = this.page;
    const column = names.indexOf(name);
    return frames.map((_, row) => this.scalars[row * names.length + column]);
  }

  showScalar() {
    if (!this.plot) return;
    const values = this.scalar(document.getElementById("scalar").value);
    document.getElementById("value").textContent = short(values[this.player.index]);
    this.plot.show(values, this.player.index, this.colours);
  }

  // Numbers of the layers of which one is shown at a time; points lie over one of as many axes, where there is one.
  get grounds() {
    const { layers } = this.page;
    const axes = (layer) => layer.kind.slice(-1);
    const ground = (layer) => !layer.kind.startsWith("points");
    return layers.map((_, k) => k).filter((k) => ground(layers[k]) || !layers.some((other) => ground(other) && axes(other) === axes(layers[k])));
  }

  // The points that lie over what is shown.
  get overlays() {
    const axes = this.renderer.layer.kind.slice(-1);
    if (this.renderer instanceof PointsRenderer) return [];
    return this.renderers.filter((other) => other instanceof PointsRenderer && other.layer.kind.slice(-1) === axes);
  }

  // Show another layer.
  choose(number) {
    this.renderer = this.renderers[number];
    const box = document.getElementById("looks");
    box.replaceChildren();
    const { grounds, overlays } = this;
    if (grounds.length > 1) {
      addChoice(box, "Layer", grounds.map((k) => [String(k), this.page.layers[k].name]), String(number), async (value) => {
        this.choose(Number(value));
        await this.load(this.player.index);
        this.redraw();
      });
    }
    for (const points of overlays) points.putOver(this.renderer);
    for (const shown of [this.renderer, ...overlays]) {
      shown.controls(box, (otherPlane) => {
        if (otherPlane) this.view.show(this.renderer.plane);
        this.redraw();
      });
    }
    addButton(box, "Picture", "Save this view as a PNG", async () => {
      save(await this.still(), `${this.baseName}.png`);
    });
    if (canRecord() && this.page.frames.length > 1) addButton(box, "Movie", "Save all frames as a movie", () => this.movie());
    this.view.show(this.renderer.plane);
  }

  get baseName() {
    return this.page.folder.replace(/\.zarr$/, "");
  }

  async still() {
    this.draw(1);
    return still(this.canvas, this.overlay);
  }

  async movie() {
    this.player.pause();
    say("Recording…");
    try {
      const { blob, suffix } = await record(this.canvas, this.overlay, this.page.frames.length, this.player.speed, async (index) => {
        await this.player.go(index);
        this.draw(1);
      });
      save(blob, `${this.baseName}.${suffix}`);
      say("");
    } catch (error) {
      say(`The movie could not be made: ${error.message}`);
    }
  }

  async showFrame(index) {
    this.live?.leave();
    await this.load(index);
    this.showScalar();
    await this.drawn();
  }

  load(index) {
    return Promise.all([this.renderer, ...this.overlays].map((shown) => shown.show(index)));
  }

  // Resolves after the next picture.
  drawn() {
    this.redraw();
    return new Promise((done) => (this.waiting ??= []).push(done));
  }

  redraw() {
    if (this.asked || !this.renderer) return;
    this.asked = true;
    requestAnimationFrame((now) => this.onTurn(now));
  }

  onTurn() {
    this.asked = false;
    this.draw(this.quality);
    this.pace.measure(this.graphics.gl);
    const waiting = this.waiting ?? [];
    this.waiting = [];
    for (const done of waiting) done();
    clearTimeout(this.rest);
    if (this.quality < 1) this.rest = setTimeout(() => this.draw(1), REST);
  }

  // Part of the canvas's pixels per side that are drawn while things move.
  get quality() {
    return this.pace.quality;
  }

  draw(quality) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const fit = (canvas, part) => {
      const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio * part));
      const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio * part));
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    };
    if (this.graphics.gl.isContextLost()) return;
    fit(this.canvas, quality);
    this.renderer.draw(this.view, this.colours);
    for (const points of this.overlays) points.draw(this.view, this.colours);
    this.drawPen(fit);
    showLegend(this.renderer.legend() ?? this.overlays.map((points) => points.legend()).find(Boolean) ?? null);
    this.pictures += 1;
  }

  drawPen(fit) {
    const { overlay, view } = this;
    const [width, height] = [overlay.width, overlay.height];
    fit(overlay, 1);
    // the pen draws at full size, whatever the picture's
    const scale = (view.scale * this.canvas.width) / overlay.width;
    const lengths = this.lengths();
    const look = JSON.stringify([scale, lengths, this.colours, view.flat ? null : [view.shift, [...view.turn], this.renderer.extent]]);
    if (look === this.penned && overlay.width === width && overlay.height === height) return;
    this.penned = look;
    drawOverlay(overlay, Object.create(view, { scale: { value: scale } }), this.renderer, lengths, this.colours);
  }

  // The world's lengths per length of the view, and their unit.
  lengths() {
    const { layer } = this.renderer;
    if (layer.kind === "points2") return { perUnit: this.renderer.unit, unit: layer.unit };
    if (layer.kind === "cells2") return { perUnit: layer.perBox, unit: layer.unit || "pixel" };
    const unit = layer.unit || { 2: "pixel", 3: "voxel" }[layer.shape?.length] || "";
    if (!this.view.flat) return { perUnit: this.renderer.longest, unit };
    return { perUnit: Math.min(...layer.scale.slice(-2)), unit };
  }
}

async function start() {
  const page = readPage();
  try {
    const show = new Show(page);
    await show.open();
    window.shapelab = { show, page, ready: true };
  } catch (error) {
    showWords(page);
    say(error.message);
    window.shapelab = { page, ready: false, error: error.message };
  }
}

await start();
