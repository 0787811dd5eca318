// Triangle meshes in space: smooth light, values at the vertices as colours, and a cut.
import { addChoice, addSlider, element } from "./panels.js";
import { rounded } from "./plot.js";

const ARRAYS = [["at", 3], ["normal", 3], ["value", 1]];

// Normals of vertices (x, y, z in a row): the means of those of the triangles around, weighted by their areas.
export function vertexNormals(at, faces) {
  const normals = new Float32Array(at.length);
  for (let k = 0; k < faces.length; k += 3) {
    const [a, b, c] = [3 * faces[k], 3 * faces[k + 1], 3 * faces[k + 2]];
    const [u0, u1, u2] = [at[b] - at[a], at[b + 1] - at[a + 1], at[b + 2] - at[a + 2]];
    const [v0, v1, v2] = [at[c] - at[a], at[c + 1] - at[a + 1], at[c + 2] - at[a + 2]];
    const n = [u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0];
    for (const vertex of [a, b, c]) for (let axis = 0; axis < 3; axis++) normals[vertex + axis] += n[axis];
  }
  for (let k = 0; k < normals.length; k += 3) {
    const length = Math.hypot(normals[k], normals[k + 1], normals[k + 2]) || 1;
    for (let axis = 0; axis < 3; axis++) normals[k + axis] /= length;
  }
  return normals;
}

export class MeshRenderer {
  constructor(graphics, layer, series) {
    this.graphics = graphics;
    this.layer = layer;
    this.series = series;
    this.cut = 0;
    this.shown = layer.values.length ? 0 : -1; // number of the values that colour it
    this.buffers = null;
    const sides = layer.high.map((high, axis) => (high - layer.low[axis]) * layer.scale[axis]);
    this.longest = Math.max(...sides);
    this.extent = [2, 1, 0].map((axis) => sides[axis] / this.longest / 2);
  }

  get plane() {
    return null;
  }

  async show() {
    this.mesh ??= await this.series.get();
  }

  // Where a vertex lies in the box that the view turns: x, y, z from -0.5 to 0.5.
  places() {
    const { mesh, layer, longest } = this;
    const at = new Float32Array(3 * mesh.count);
    [2, 1, 0].forEach((axis, k) => {
      const middle = (layer.low[axis] + layer.high[axis]) / 2;
      const column = mesh[`x${axis}`];
      for (let i = 0; i < mesh.count; i++) at[3 * i + k] = ((column[i] - middle) * layer.scale[axis]) / longest;
    });
    return at;
  }

  // What the graphics card held is gone.
  restore() {
    this.buffers = null;
  }

  upload() {
    const { gl } = this.graphics;
    const held = (target, data) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(target, buffer);
      gl.bufferData(target, data, gl.STATIC_DRAW);
      return buffer;
    };
    const at = this.places();
    this.buffers = {
      at: held(gl.ARRAY_BUFFER, at),
      normal: held(gl.ARRAY_BUFFER, vertexNormals(at, this.mesh.faces)),
      value: gl.createBuffer(),
      faces: held(gl.ELEMENT_ARRAY_BUFFER, this.mesh.faces),
    };
    this.uploadValues();
  }

  // The values that colour it, from 0 to 1.
  uploadValues() {
    const { gl } = this.graphics;
    const values = new Float32Array(this.mesh.count);
    if (this.shown >= 0) {
      const { low, high } = this.layer.values[this.shown];
      const column = this.mesh[`value${this.shown}`];
      for (let i = 0; i < values.length; i++) values[i] = (column[i] - low) / (high - low);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.value);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  }

  get twoSided() {
    return this.layer.values[this.shown].low < 0;
  }

  draw(view, colours) {
    if (!this.mesh) return;
    if (this.buffers === null) this.upload();
    const { gl, canvas } = this.graphics;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...colours.stage, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const program = this.graphics.use("mesh.frag", {
      canvas: [canvas.width, canvas.height],
      turn: view.turn,
      shift: view.shift,
      scale: view.scale,
      cut: this.cut,
      mode: { int: this.shown < 0 ? 0 : this.twoSided ? 1 : 2 },
    }, { vertex: "mesh.vert" });
    const places = ARRAYS.map(([name, size]) => {
      const place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 0, 0);
      return place;
    });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.faces);
    gl.enable(gl.DEPTH_TEST);
    gl.drawElements(gl.TRIANGLES, this.mesh.faces.length, gl.UNSIGNED_INT, 0);
    gl.disable(gl.DEPTH_TEST);
    for (const place of places) gl.disableVertexAttribArray(place);
  }

  controls(box, changed) {
    const own = element("span", "", box);
    own.className = "group";
    if (this.layer.values.length) {
      const ways = [...this.layer.values.map(({ name }, k) => [String(k), name.replaceAll("_", " ")]), ["-1", "plain"]];
      addChoice(own, "Colour", ways, String(this.shown), (value) => {
        this.shown = Number(value);
        if (this.buffers !== null) this.uploadValues();
        changed(false);
      });
    }
    addSlider(own, "Cut", 0, 1, 0.01, this.cut, (value) => {
      this.cut = value;
      changed(false);
    });
  }

  legend() {
    if (this.shown < 0) return null;
    const { name, low, high } = this.layer.values[this.shown];
    return { low: rounded(low), high: rounded(high), name: name.replaceAll("_", " "), ramp: !this.twoSided };
  }
}
