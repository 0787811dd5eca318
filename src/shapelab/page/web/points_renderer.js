// Points and arrows of a layer, in the plane or in space: over another layer, or by themselves.
import { onRamp } from "./colours.js";
import { Marks } from "./marks.js";
import { addChoice } from "./panels.js";
import { rounded } from "./plot.js";

const RADIUS = 2.6; // of a point [pixels]
const SHAFT = 1.3; // of an arrow
const ROOM = 0.03; // around points by themselves, as a part of their box

export class PointsRenderer {
  // `over` is the renderer of the layer below, null if there is none.
  constructor(graphics, layer, series, over) {
    this.graphics = graphics;
    this.layer = layer;
    this.series = series;
    this.marks = new Marks(graphics);
    this.inSpace = layer.kind === "points3";
    this.points = null;
    this.way = layer.directed ? "arrows" : "points";
    this.colour = layer.colourBy !== "";
    const low = layer.low.map((v, axis) => v * layer.scale[axis]);
    const sides = layer.high.map((v, axis) => v * layer.scale[axis] - low[axis]);
    const room = ROOM * Math.max(...sides, 1e-9);
    this.corner = low.map((v) => v - room);
    this.sides = sides.map((side) => side + 2 * room);
    this.longest = Math.max(...this.sides);
    this.extent = [...this.sides].reverse().map((side) => side / this.longest / 2);
    const known = layer.columns.find(({ name }) => name === "colour");
    this.range = [known.low ?? known.value, known.high ?? known.value];
    this.putOver(over);
  }

  // Lie over what another renderer draws, or (null) alone.
  putOver(over) {
    this.over = over;
    this.stale = true;
  }

  get plane() {
    return this.inSpace ? null : this.sides.map((side) => side / this.unit);
  }

  // Length of the world that the view counts as 1, where nothing lies below.
  get unit() {
    return this.inSpace ? this.longest : Math.min(...this.layer.scale);
  }

  async show(index) {
    this.points = await this.series.get(index);
    this.stale = true;
  }

  // The place of a coordinate in the view: pixels of images have their centres at whole numbers.
  placed(value, axis) {
    const { over, layer } = this;
    const h = layer.scale[axis];
    if (!over) {
      const from = value * h - this.corner[axis];
      return this.inSpace ? (from - this.sides[axis] / 2) / this.longest : from / this.unit;
    }
    if (over.layer.kind === "mesh3") {
      return (value * h - ((over.layer.low[axis] + over.layer.high[axis]) / 2) * over.layer.scale[axis]) / over.longest;
    }
    const { shape, scale } = over.layer;
    const from = value * h + 0.5 * scale[axis];
    if (this.inSpace) return (from - (shape[axis] * scale[axis]) / 2) / over.longest;
    return from / Math.min(...scale);
  }

  // What the graphics card held is gone.
  restore() {
    this.marks = new Marks(this.graphics);
    this.stale = true;
  }

  place() {
    const { points, layer, marks } = this;
    const axes = this.inSpace ? [2, 1, 0] : [1, 0];
    const arrows = this.way === "arrows";
    const per = axes.map((axis) => this.placed(1, axis) - this.placed(0, axis));
    marks.set(this.way === "" ? 0 : points.count, (k, numbers, at) => {
      const p = axes.map((axis) => this.placed(points[`x${axis}`][k], axis));
      const v = axes.map((axis, n) => (arrows ? points[`v${axis}`][k] * per[n] : 0));
      const back = arrows && layer.lines ? 1 : 0; // a line without sense goes both ways
      const start = p.map((x, n) => x - back * v[n]);
      const end = p.map((x, n) => x + v[n]);
      if (!this.inSpace) [start[2], end[2]] = [0, 0];
      const part = (points.colour[k] - this.range[0]) / (this.range[1] - this.range[0] || 1);
      const colour = this.colour ? onRamp(part).map((c) => c / 255) : [1, 1, 1];
      const radius = arrows ? SHAFT : RADIUS;
      numbers.set([...start, ...end, ...colour, layer.lines && arrows ? -radius : radius], at);
    });
    this.stale = false;
  }

  draw(view, colours) {
    if (this.points === null || view.flat === this.inSpace) return; // points in space are not in a slice
    if (this.stale) this.place();
    if (!this.over) {
      const { gl, canvas } = this.graphics;
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(...colours.stage, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
    }
    this.marks.draw(view);
  }

  controls(box, changed) {
    const ways = [["points", "points"], ...(this.layer.directed ? [["arrows", this.layer.lines ? "axes" : "arrows"]] : []), ["", "none"]];
    addChoice(box, this.layer.name, ways, this.way, (value) => {
      this.way = value;
      this.stale = true;
      changed(false);
    });
  }

  legend() {
    if (!this.colour) return null;
    return { low: rounded(this.range[0]), high: rounded(this.range[1]), name: this.layer.colourBy.replaceAll("_", " "), ramp: true };
  }
}
