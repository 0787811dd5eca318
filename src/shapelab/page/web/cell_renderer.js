// Flat cells, which every fragment of the shader computes, with their centres.
import { candidates } from "./candidates.js";
import { cellColours } from "./colours.js";
import { isQuadratic, longAxis } from "./costs.js";
import { Marks } from "./marks.js";
import { addChoice } from "./panels.js";
import { rounded } from "./plot.js";

const PER_CELL = 20; // numbers, in five texels
const CELLS_IN_A_ROW = 256;
const ITEMS_IN_A_ROW = 1024;
const MOST_TILES = 128;
const SEED = 2.6; // radius of a centre [pixels], if there is room for it
const MOVES = 4; // times as long as it is, a move from one frame to the next is drawn
const NEAR = 2.2; // pixels around a tile from which a boundary is seen in it

// Flat cells: their owner is found at every fragment, so that boundaries are sharp at any zoom.
export class CellRenderer {
  constructor(graphics, layer, series) {
    this.graphics = graphics;
    this.layer = layer;
    this.series = series;
    this.size = layer.shape.map((n, axis) => n * layer.spacing[axis]);
    this.periods = layer.periodic ? this.size : [0, 0];
    this.colourBy = "cell";
    this.range = [0, 1];
    this.line = 1.6;
    this.cells = null;
    this.held = [];
    this.open = null;
    this.openShown = null;
    this.marks = new Marks(graphics);
    this.seeds = true;
    this.arrows = false;
    this.axes = false;
    this.hasAxes = false;
    this.nextCells = null;
  }

  get plane() {
    return this.size;
  }

  async prepare() {
    const first = await this.series.get(0);
    const frames = await this.series.frames;
    const values = frames.flatMap((frame) => [...frame.colour]);
    this.range = values.length ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : [0, 1];
    this.hasAxes = frames.some((frame) => Array.from({ length: frame.count }, (_, i) => i).some((i) => longAxis(frame, i) !== null));
    const types = new Set(frames.flatMap((frame) => [...frame.type]));
    this.ways = [["cell", "by cell"]];
    if (types.size > 1) this.ways.push(["type", "by type"]);
    if (this.range[1] > this.range[0]) this.ways.push(["property", `by ${this.layer.colourBy.replaceAll("_", " ")}`]);
    this.colourBy = this.ways[this.ways.length - 1][0];
    return first;
  }

  async show(index) {
    const cells = await this.series.get(index);
    this.nextCells = index + 1 < this.layer.counts.length ? await this.series.get(index + 1) : null;
    this.setCells(cells);
  }

  // Draw these cells from now on (also when they have moved).
  setCells(cells) {
    this.cells = cells;
    this.stale = true;
  }

  // What the graphics card held is gone.
  restore() {
    this.openShown = null;
    this.marks = new Marks(this.graphics);
    this.stale = true;
  }

  upload() {
    const { graphics, cells } = this;
    graphics.forget(...this.held);
    const tiles = Math.min(MOST_TILES, Math.max(16, 2 ** Math.ceil(Math.log2(3 * Math.sqrt(cells.count + 1)))));
    const { clientWidth, clientHeight } = graphics.canvas;
    const margin = NEAR * Math.max(this.size[0] / Math.max(clientHeight, 1), this.size[1] / Math.max(clientWidth, 1));
    const lists = candidates(cells, this.size, this.periods, tiles, margin);
    const ranges = new Int32Array(2 * tiles * tiles);
    for (let k = 0; k < tiles * tiles; k++) {
      ranges[2 * k] = lists.starts[k];
      ranges[2 * k + 1] = lists.starts[k + 1] - lists.starts[k];
    }
    const itemRows = Math.max(1, Math.ceil(lists.items.length / ITEMS_IN_A_ROW));
    const items = new Int32Array(itemRows * ITEMS_IN_A_ROW);
    items.set(lists.items);
    const numbers = this.numbers();
    this.held = [
      graphics.texture("RGBA32F", [numbers.length / (CELLS_IN_A_ROW * PER_CELL), (CELLS_IN_A_ROW * PER_CELL) / 4], numbers),
      graphics.texture("RG32I", [tiles, tiles], ranges),
      graphics.texture("R32I", [itemRows, ITEMS_IN_A_ROW], items),
    ];
    if (this.openShown !== cells.open) {
      graphics.forget(this.open);
      this.openShown = cells.open;
      this.open = graphics.texture("R8", this.layer.shape, cells.open.map((n) => 255 * n), true);
      this.walls = cells.open.includes(0) ? 1 : 0;
    }
    const round = cells.a00.every((a, i) => a === 1 && cells.a11[i] === 1 && cells.a01[i] === 0);
    this.plain = !isQuadratic(cells) ? 0 : round ? 2 : 1;
    this.placeMarks();
    this.stale = false;
  }

  // What the shader reads of every cell.
  numbers() {
    const { cells } = this;
    const rows = Math.max(1, Math.ceil(cells.count / CELLS_IN_A_ROW));
    const numbers = new Float32Array(rows * CELLS_IN_A_ROW * PER_CELL);
    const colours = cellColours(cells, this.colourBy, this.range);
    for (let i = 0; i < cells.count; i++) {
      const at = i * PER_CELL;
      const s = cells.scale[i];
      [numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]] = [cells.x0[i], cells.x1[i], cells.potential[i], s];
      [numbers[at + 4], numbers[at + 5], numbers[at + 6], numbers[at + 7]] = [s * cells.a00[i], s * cells.a01[i], s * cells.a11[i], cells.exponent[i]];
      [numbers[at + 8], numbers[at + 9], numbers[at + 10], numbers[at + 11]] = [cells.kind[i], cells.axis0[i], cells.axis1[i], cells.length[i]];
      numbers[at + 12] = cells.cap[i];
      for (let channel = 0; channel < 3; channel++) numbers[at + 16 + channel] = colours[i][channel] / 255;
    }
    return numbers;
  }

  uniforms(colours) {
    if (this.stale) this.upload();
    const [cells, tiles, items] = this.held;
    return {
      cells: { ...cells, unit: 0 },
      tiles: { ...tiles, unit: 1 },
      items: { ...items, unit: 2 },
      open: { ...this.open, unit: 3 },
      size: this.size,
      period: this.periods,
      pixel: this.layer.spacing,
      line: this.line,
      back: colours.stage,
      wall: colours.wall,
      medium: colours.medium,
    };
  }

  // Constants of the shader.
  defined(raw) {
    return { PLAIN: this.plain, WALLS: this.walls, RAW: raw };
  }

  draw(view, colours) {
    if (this.cells === null) return;
    const { canvas } = this.graphics;
    const uniforms = {
      ...this.uniforms(colours),
      line: (this.line * canvas.width) / Math.max(canvas.clientWidth, 1),
      canvas: [canvas.width, canvas.height],
      centre: view.centre,
      scale: view.scale,
    };
    this.graphics.draw("cells.frag", uniforms, { defined: this.defined(0) });
    this.marks.draw(view);
  }

  // The centres, and where they go or how they lie.
  placeMarks() {
    const { cells, size, seeds, marks } = this;
    const each = Math.sqrt((size[0] * size[1]) / Math.max(cells.count, 1)); // length of a cell
    const { clientWidth, clientHeight } = this.graphics.canvas;
    const pixels = Math.min(clientWidth / size[1], clientHeight / size[0]) * each;
    const radius = Math.min(SEED, Math.max(0.12 * pixels, 0.6));
    const lines = this.arrows ? this.moves() : this.axes ? this.longAxes() : [];
    marks.set(seeds ? cells.count + lines.length : 0, (k, numbers, at) => {
      if (k < lines.length) {
        const [y, x, dy, dx, width] = lines[k];
        numbers.set([x, y, 0, x + dx, y + dy, 0, 1, 1, 1, width], at);
      } else {
        const [y, x] = [cells.x0[k - lines.length], cells.x1[k - lines.length]];
        numbers.set([x, y, 0, x, y, 0, 1, 1, 1, radius], at);
      }
    });
  }

  // Start, direction and width of a line along every cell that is longer than wide.
  longAxes() {
    const { cells } = this;
    const found = [];
    for (let i = 0; i < cells.count; i++) {
      const way = longAxis(cells, i);
      if (way === null) continue;
      const half = 0.8 * Math.sqrt(cells.volume[i] / Math.PI);
      const [dy, dx] = way.map((v) => v * half);
      found.push([cells.x0[i] - dy, cells.x1[i] - dx, 2 * dy, 2 * dx, -0.8]);
    }
    return found;
  }

  // Start, direction and width of the arrows to the next frame, of cells that live on and do not cross the border of a box that repeats.
  moves() {
    const { cells, nextCells, periods } = this;
    if (nextCells === null || nextCells.count !== cells.count) return [];
    const found = [];
    for (let i = 0; i < cells.count; i++) {
      const move = [nextCells.x0[i] - cells.x0[i], nextCells.x1[i] - cells.x1[i]];
      const jumps = move.some((d, axis) => periods[axis] > 0 && Math.abs(d) > periods[axis] / 2);
      if (!jumps && cells.id[i] === nextCells.id[i]) found.push([cells.x0[i], cells.x1[i], MOVES * move[0], MOVES * move[1], 1]);
    }
    return found;
  }

  // Owner + 1 of every pixel of the grid, 0 for the medium and walls, as the shader finds them.
  labels(colours) {
    const { gl } = this.graphics;
    const [height, width] = this.layer.shape;
    const target = gl.createTexture();
    const frame = gl.createFramebuffer();
    const uniforms = this.uniforms(colours);
    gl.activeTexture(gl.TEXTURE7);
    gl.bindTexture(gl.TEXTURE_2D, target);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0);
    this.graphics.draw("cells.frag", {
      ...uniforms, canvas: [width, height], centre: [this.size[0] / 2, this.size[1] / 2], scale: this.layer.spacing[0],
    }, { width, height, defined: this.defined(1) });
    const bytes = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(frame);
    gl.deleteTexture(target);
    const labels = new Uint32Array(width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const at = 4 * ((height - 1 - row) * width + column); // the last row comes first
        labels[row * width + column] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
      }
    }
    return labels;
  }

  controls(box, changed) {
    if (this.ways.length > 1) {
      addChoice(box, "Colour", this.ways, this.colourBy, (value) => {
        this.colourBy = value;
        this.stale = true;
        changed(false);
      });
    }
    addChoice(box, "Boundaries", [["1.6", "drawn"], ["0", "none"]], "1.6", (value) => {
      this.line = Number(value);
      changed(false);
    });
    const ways = [["seeds", "points"], ["arrows", "points and moves"], ["", "none"]];
    if (this.hasAxes) ways.splice(2, 0, ["axes", "points and long axes"]);
    addChoice(box, "Centres", ways, "seeds", (value) => {
      this.seeds = value !== "";
      this.arrows = value === "arrows";
      this.axes = value === "axes";
      this.stale = true;
      changed(false);
    });
  }

  legend() {
    if (this.colourBy !== "property") return null;
    return { low: rounded(this.range[0]), high: rounded(this.range[1]), name: this.layer.colourBy.replaceAll("_", " "), ramp: true };
  }
}
