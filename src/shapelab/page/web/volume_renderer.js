// Fields as surfaces and label volumes in space; either also as slices, which are flat images.
import { stretched } from "./bytes.js";
import { FlatPicture, classLegend } from "./flat_renderer.js";
import { addChoice, addSlider, element } from "./panels.js";
import { rounded } from "./plot.js";

const AXES = ["z", "y", "x"];

export class VolumeRenderer {
  // `interfaceWidth` (voxels) is that of a phase field, 0 for any other image.
  constructor(graphics, layer, series, interfaceWidth = 0) {
    this.graphics = graphics;
    this.layer = layer;
    this.series = series;
    this.isLabels = layer.kind === "labels3";
    this.interfaceWidth = interfaceWidth;
    this.held = null;
    this.data = null;
    this.slice = layer.surface || this.isLabels ? "" : "z";
    this.position = 0.5;
    this.cut = 0;
    this.plain = false;
    this.flatPicture = null;
    const sides = layer.shape.map((n, axis) => n * layer.scale[axis]);
    this.longest = Math.max(...sides);
    const inOrder = (values) => [values[2], values[1], values[0]]; // x, y, z
    this.extent = inOrder(sides.map((side) => side / this.longest / 2));
    this.voxel = inOrder(layer.scale.map((h) => h / this.longest));
    this.low = layer.low ?? 0;
    this.high = layer.high ?? 1;
    this.setLevel(layer.level ?? 0);
  }

  setLevel(level) {
    this.level = (level - this.low) / (this.high - this.low || 1);
  }

  // Size (y, x) of what is shown if it is flat, else null.
  get plane() {
    if (this.slice === "") return null;
    const at = AXES.indexOf(this.slice);
    const rest = [0, 1, 2].filter((axis) => axis !== at);
    const unit = Math.min(...rest.map((axis) => this.layer.scale[axis]));
    return rest.map((axis) => (this.layer.shape[axis] * this.layer.scale[axis]) / unit);
  }

  async show(index) {
    this.setData(await this.series.get(index), this.layer.bits ?? 8);
  }

  // Whole numbers in `bits` bits, or labels, in the order of the array.
  setData(data, bits) {
    this.data = data;
    this.bits = bits;
    this.graphics.forget(this.held);
    this.held = null;
    this.flatPicture = null;
  }

  // What the graphics card held is gone.
  restore() {
    if (this.data !== null) this.setData(this.data, this.bits);
  }

  upload() {
    const { shape } = this.layer;
    if (this.isLabels) {
      this.held = this.graphics.texture(this.data.BYTES_PER_ELEMENT === 1 ? "R8UI" : "R16UI", shape, this.data);
      return;
    }
    this.held = this.graphics.texture("R8", shape, stretched(this.data, this.bits), true);
  }

  draw(view, colours) {
    if (this.data === null) return;
    if (this.slice !== "") {
      this.drawSlice(view, colours);
      return;
    }
    if (this.held === null) this.upload();
    const { canvas } = this.graphics;
    const voxels = 2 ** 0.5 * this.interfaceWidth * (this.high - this.low) * 0.9;
    const smallest = Math.min(...this.voxel) * this.longest;
    this.graphics.draw(this.isLabels ? "labels.frag" : "surface.frag", {
      [this.isLabels ? "labels" : "field"]: { ...this.held, unit: 0 },
      canvas: [canvas.width, canvas.height],
      extent: this.extent,
      voxel: this.voxel,
      turn: view.turn,
      shift: view.shift,
      scale: view.scale,
      level: this.level,
      reach: voxels,
      curvature: Math.max((this.layer.curvature ?? 1) * smallest, 1e-9),
      plain: this.plain ? 1 : 0,
      cut: this.cut,
      back: colours.stage,
    });
  }

  drawSlice(view, colours) {
    const at = AXES.indexOf(this.slice);
    const rest = [0, 1, 2].filter((axis) => axis !== at);
    if (this.flatPicture === null) {
      this.flatPicture = new FlatPicture(this.graphics, {
        ...this.layer,
        shape: rest.map((axis) => this.layer.shape[axis]),
        scale: rest.map((axis) => this.layer.scale[axis]),
      }, this.isLabels);
      this.flatPicture.setData(this.sliced(at, rest), this.bits);
    }
    this.flatPicture.draw(view, colours);
  }

  sliced(at, rest) {
    const { shape } = this.layer;
    const strides = [shape[1] * shape[2], shape[2], 1];
    const place = Math.min(Math.floor(this.position * shape[at]), shape[at] - 1) * strides[at];
    const out = new this.data.constructor(shape[rest[0]] * shape[rest[1]]);
    let k = 0;
    for (let a = 0; a < shape[rest[0]]; a++) {
      for (let b = 0; b < shape[rest[1]]; b++) out[k++] = this.data[place + a * strides[rest[0]] + b * strides[rest[1]]];
    }
    return out;
  }

  controls(box, changed) {
    const own = element("span", "", box);
    own.className = "group";
    const ways = [["", this.isLabels ? "In space" : "Surface"], ["z", "Slice z"], ["y", "Slice y"], ["x", "Slice x"]];
    addChoice(own, "Show", this.layer.surface === false ? ways.slice(1) : ways, this.slice, (value) => {
      this.slice = value;
      this.flatPicture = null;
      more();
      changed(true);
    });
    const rest = element("span", "", own);
    const more = () => {
      rest.replaceChildren();
      if (this.slice !== "") {
        addSlider(rest, "Position", 0, 1, 0.005, this.position, (value) => {
          this.position = value;
          this.flatPicture = null;
          changed(false);
        });
      } else if (this.isLabels) {
        addSlider(rest, "Cut", 0, 1, 0.01, this.cut, (value) => {
          this.cut = value;
          changed(false);
        });
      } else {
        addChoice(rest, "Colour", [["", "mean curvature"], ["plain", "plain"]], this.plain ? "plain" : "", (value) => {
          this.plain = value === "plain";
          changed(false);
        });
      }
    };
    more();
  }

  legend() {
    if (this.isLabels) return classLegend(this.layer);
    if (this.slice !== "") return { low: rounded(this.low), high: rounded(this.high), name: this.layer.name, ramp: !this.layer.surface };
    if (this.plain) return null;
    const top = rounded(this.layer.curvature);
    return { low: `−${top}`, high: top, name: `mean curvature [1/${this.layer.unit || "pixel"}]`, ramp: false };
  }
}
