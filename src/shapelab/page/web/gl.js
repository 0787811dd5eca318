// WebGL 2 in few words: programs and textures.
import { embedded } from "./page_data.js";

export class Graphics {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { antialias: false, preserveDrawingBuffer: true });
    if (this.gl === null) throw new Error("This browser has no WebGL 2, which this page needs: open it in a newer browser.");
    this.begin();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault()); // it may come back
    canvas.addEventListener("webglcontextrestored", () => {
      this.begin();
      this.restored();
    });
  }

  begin() {
    this.gl.pixelStorei(this.gl.UNPACK_ALIGNMENT, 1);
    this.programs = new Map();
  }

  // Called when the graphics card has come back, without what it held.
  restored() {}

  // A program of a vertex and a fragment shader, in which `defined` (name: whole number) are constants: software that stands in for
  // a graphics card computes both sides of what is decided by uniforms.
  program(fragment, vertex, defined) {
    const key = JSON.stringify([fragment, vertex, defined]);
    if (!this.programs.has(key)) this.programs.set(key, this.compiled(fragment, vertex, defined));
    return this.programs.get(key);
  }

  compiled(fragment, vertex, defined) {
    const { gl } = this;
    const program = gl.createProgram();
    const lines = Object.entries(defined).map(([constant, value]) => `#define ${constant} ${value}\n`).join("");
    for (const [kind, file] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, embedded(`shader-${file}`).trim().replace("\n", `\n${lines}`));
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(`${file}: ${gl.getShaderInfoLog(shader)}`);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`${fragment}: ${gl.getProgramInfoLog(program)}`);
    return program;
  }

  // Take a program into use and return it. Uniforms: numbers, arrays of 2 to 4 or 9 numbers, {int: n} or {texture: t, unit: n}.
  use(fragment, uniforms, { vertex = "screen.vert", defined = {} } = {}) {
    const { gl } = this;
    const program = this.program(fragment, vertex, defined);
    gl.useProgram(program);
    for (const [key, value] of Object.entries(uniforms)) {
      const place = gl.getUniformLocation(program, key);
      if (place === null) continue;
      if (typeof value === "number") gl.uniform1f(place, value);
      else if (value.texture !== undefined) {
        gl.activeTexture(gl.TEXTURE0 + value.unit);
        gl.bindTexture(value.target ?? gl.TEXTURE_2D, value.texture);
        gl.uniform1i(place, value.unit);
      } else if (value.int !== undefined) gl.uniform1i(place, value.int);
      else if (value.length === 9) gl.uniformMatrix3fv(place, false, value);
      else gl[`uniform${value.length}fv`](place, value);
    }
    return program;
  }

  // Fill the canvas, or the framebuffer that is bound, with a fragment shader.
  draw(name, uniforms, { width = this.canvas.width, height = this.canvas.height, defined = {} } = {}) {
    const { gl } = this;
    this.use(name, uniforms, { defined });
    gl.viewport(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // A texture of two or three dimensions, shape (y, x) or (z, y, x), of "R8", "R8UI", "R16UI", "RGBA32F", "R32I" or "RG32I".
  texture(kind, shape, data, smooth = false, repeat = false) {
    const { gl } = this;
    const [format, type] = {
      R8: [gl.RED, gl.UNSIGNED_BYTE],
      R8UI: [gl.RED_INTEGER, gl.UNSIGNED_BYTE],
      R16UI: [gl.RED_INTEGER, gl.UNSIGNED_SHORT],
      R32I: [gl.RED_INTEGER, gl.INT],
      RG32I: [gl.RG_INTEGER, gl.INT],
      RGBA32F: [gl.RGBA, gl.FLOAT],
    }[kind];
    const target = shape.length === 3 ? gl.TEXTURE_3D : gl.TEXTURE_2D;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE7);
    gl.bindTexture(target, texture);
    const filter = smooth ? gl.LINEAR : gl.NEAREST;
    const edge = repeat ? gl.REPEAT : gl.CLAMP_TO_EDGE;
    for (const [key, value] of [[gl.TEXTURE_MIN_FILTER, filter], [gl.TEXTURE_MAG_FILTER, filter],
      [gl.TEXTURE_WRAP_S, edge], [gl.TEXTURE_WRAP_T, edge], [gl.TEXTURE_WRAP_R, edge]]) gl.texParameteri(target, key, value);
    if (shape.length === 3) gl.texImage3D(target, 0, gl[kind], shape[2], shape[1], shape[0], 0, format, type, data);
    else gl.texImage2D(target, 0, gl[kind], shape[1], shape[0], 0, format, type, data);
    return { texture, target };
  }

  forget(...textures) {
    for (const held of textures) if (held) this.gl.deleteTexture(held.texture);
  }
}
