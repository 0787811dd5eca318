// Points and arrows over a picture, in the plane or in space, drawn by the graphics card.

const PER_VERTEX = 10; // start, end, colour and radius
const VERTICES = 6; // of a mark: two triangles. Instances would need less memory, but software draws them one by one
const PARTS = [["start", 3], ["end", 3], ["tint", 4]];

export class Marks {
  constructor(graphics) {
    this.graphics = graphics;
    this.count = 0;
    this.buffer = null;
  }

  // `count` marks; `write(k, numbers, at)` writes start (x, y, z), end (the same for a point), colour (0 to 1) and radius [pixels].
  set(count, write) {
    const numbers = new Float32Array(count * VERTICES * PER_VERTEX);
    for (let k = 0; k < count; k++) {
      const at = k * VERTICES * PER_VERTEX;
      write(k, numbers, at);
      for (let vertex = 1; vertex < VERTICES; vertex++) numbers.copyWithin(at + vertex * PER_VERTEX, at, at + PER_VERTEX);
    }
    const { gl } = this.graphics;
    this.buffer ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, numbers, gl.DYNAMIC_DRAW);
    this.count = count;
  }

  draw(view) {
    if (this.count === 0) return;
    const { gl, canvas } = this.graphics;
    const flat = [1, 0, 0, 0, -1, 0, 0, 0, 1]; // x to the right, y down
    const pixels = canvas.width / Math.max(canvas.clientWidth, 1);
    const program = this.graphics.use("marks.frag", {
      canvas: [canvas.width, canvas.height],
      turn: view.flat ? flat : view.turn,
      shift: view.flat ? [-view.centre[1], view.centre[0], 0] : [...view.shift, 0],
      scale: view.scale,
      pixels,
    }, { vertex: "marks.vert" });
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let from = 0;
    for (const [name, size] of PARTS) {
      const at = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, gl.FLOAT, false, 4 * PER_VERTEX, 4 * from);
      from += size;
    }
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE);
    gl.drawArrays(gl.TRIANGLES, 0, VERTICES * this.count);
    gl.disable(gl.BLEND);
    for (const [name] of PARTS) gl.disableVertexAttribArray(gl.getAttribLocation(program, name));
  }
}
