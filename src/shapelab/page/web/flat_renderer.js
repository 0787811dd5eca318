// Flat pictures: images and labels with their pixels.
import { stretched } from "./bytes.js";
import { ofId } from "./colours.js";
import { addChoice } from "./panels.js";
import { rounded } from "./plot.js";

// What labels stand for, where they stand for something.
export function classLegend(layer) {
  if (!layer.classes?.length) return null;
  return { classes: layer.classes.map(({ label, name }) => [ofId(label), name]) };
}

export class FlatPicture {
  constructor(graphics, layer, isLabels) {
    this.graphics = graphics;
    this.layer = layer;
    this.isLabels = isLabels;
    this.held = null;
    this.data = null;
    this.line = 1.5;
    this.smooth = true; // boundaries of labels
    this.contour = false;
    const unit = Math.min(...layer.scale);
    this.aspect = layer.scale.map((h) => h / unit);
    const low = layer.low ?? 0;
    this.level = ((layer.level ?? 0) - low) / ((layer.high ?? 1) - low || 1);
  }

  get plane() {
    return this.layer.shape.map((n, axis) => n * this.aspect[axis]);
  }

  setData(data, bits) {
    const { graphics, layer } = this;
    Object.assign(this, { data, bits });
    graphics.forget(this.held, this.empty);
    if (this.isLabels) {
      this.held = graphics.texture(data.BYTES_PER_ELEMENT === 1 ? "R8UI" : "R16UI", layer.shape, data);
      this.empty = graphics.texture("R8", [1, 1], new Uint8Array(1));
      return;
    }
    this.held = graphics.texture("R8", layer.shape, stretched(data, bits), true);
    this.empty = graphics.texture("R8UI", [1, 1], new Uint8Array(1));
  }

  draw(view, colours) {
    const { canvas } = this.graphics;
    const defined = { LABELS: this.isLabels ? 1 : 0, SMOOTH: this.smooth ? 1 : 0 };
    this.graphics.draw("flat.frag", {
      image: { ...(this.isLabels ? this.empty : this.held), unit: 0 },
      labels: { ...(this.isLabels ? this.held : this.empty), unit: 1 },
      mode: { int: this.layer.surface || this.layer.twoSided ? 0 : 1 },
      canvas: [canvas.width, canvas.height],
      centre: [view.centre[0] / this.aspect[0], view.centre[1] / this.aspect[1]],
      scale: view.scale,
      shape: this.layer.shape,
      aspect: this.aspect,
      level: this.level,
      contour: this.contour || this.layer.surface ? 1 : 0,
      line: (this.line * canvas.width) / Math.max(canvas.clientWidth, 1),
      back: colours.stage,
    }, { defined });
  }
}

// An image or labels of two dimensions.
export class FlatRenderer extends FlatPicture {
  constructor(graphics, layer, series) {
    super(graphics, layer, layer.kind === "labels2");
    this.series = series;
  }

  // What the graphics card held is gone.
  restore() {
    if (this.data !== null) this.setData(this.data, this.bits);
  }

  async show(index) {
    this.setData(await this.series.get(index), this.layer.bits ?? 8);
  }

  controls(box, changed) {
    if (!this.isLabels) return;
    addChoice(box, "Boundaries", [["smooth", "smooth"], ["pixels", "of pixels"], ["", "none"]], "smooth", (value) => {
      this.smooth = value === "smooth";
      this.line = value === "" ? 0 : 1.5;
      changed(false);
    });
  }

  legend() {
    if (this.isLabels) return classLegend(this.layer);
    return { low: rounded(this.layer.low), high: rounded(this.layer.high), name: this.layer.name, ramp: !this.layer.twoSided };
  }
}
