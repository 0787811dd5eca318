// What the file holds: the words of the page, and its arrays, unpacked when they are shown.
import { AS_IT_IS, FROM_BEFORE, FROM_NEIGHBOURS, fromBase64, gunzip, joinPlanes, readColumns, undoDifferences, undoFolded } from "./bytes.js";

const KEPT_FRAMES = 6;

// The text of an element that only carries data.
export function embedded(name) {
  return document.getElementById(name).textContent;
}

// Gzipped pieces of one element.
class Pieces {
  constructor(described) {
    this.places = described.places;
    this.blob = described.blob;
    this.bytes = null;
  }

  async read(index) {
    if (this.bytes === null) this.bytes = fromBase64(embedded(`blob-${this.blob}`));
    const [start, end] = this.places[index];
    return gunzip(this.bytes.subarray(start, end));
  }

  all() {
    return Promise.all(this.places.map((_, index) => this.read(index)));
  }
}

// The frames of an image or labels; `get` gives whole numbers in the order of the array.
export class Series {
  constructor(layer) {
    this.layer = layer;
    this.pieces = new Pieces(layer);
    this.size = layer.shape.reduce((a, b) => a * b, 1);
    this.known = new Map();
  }

  get(index) {
    const wanted = this.begin(index);
    // while this frame is drawn the next is unpacked; if that fails, whoever asks for it hears of it
    if (index + 1 < this.pieces.places.length) this.begin(index + 1).catch(() => {});
    return wanted;
  }

  begin(index) {
    if (!this.known.has(index)) {
      this.known.set(index, this.unpack(index));
      if (this.known.size > KEPT_FRAMES) this.known.delete(this.known.keys().next().value);
    }
    return this.known.get(index);
  }

  async unpack(index) {
    const way = this.pieces.places[index][2];
    const bytes = await this.pieces.read(index);
    const numbers = joinPlanes(bytes, bytes.length / this.size);
    if (way === AS_IT_IS) return numbers;
    if (way === FROM_NEIGHBOURS) return undoDifferences(numbers, this.layer.shape);
    if (way !== FROM_BEFORE) throw new Error(`unknown way ${way}`);
    const before = await this.begin(index - 1);
    for (let k = 0; k < numbers.length; k++) numbers[k] += before[k];
    return numbers;
  }
}

// The flat cells of all frames, with their walls.
export class CellSeries {
  constructor(layer) {
    this.layer = layer;
    this.columns = new Pieces(layer);
    this.walls = new Pieces(layer.walls);
    this.frames = null;
    this.open = new Map();
  }

  async get(index) {
    if (this.frames === null) this.frames = this.columns.all().then((pieces) => readColumns(this.layer, pieces));
    const cells = (await this.frames)[index];
    const key = this.walls.places[index][0];
    if (!this.open.has(key)) this.open.set(key, this.walls.read(index).then((bits) => this.unpackWalls(bits)));
    cells.open = await this.open.get(key);
    return cells;
  }

  unpackWalls(bits) {
    const size = this.layer.shape[0] * this.layer.shape[1];
    const open = new Uint8Array(size);
    for (let k = 0; k < size; k++) open[k] = (bits[k >> 3] >> (7 - (k & 7))) & 1;
    return open;
  }
}

// Points or arrows of all frames.
export class PointSeries {
  constructor(layer) {
    this.layer = layer;
    this.pieces = new Pieces(layer);
    this.frames = null;
  }

  async get(index) {
    this.frames ??= this.pieces.all().then((pieces) => readColumns(this.layer, pieces));
    return (await this.frames)[index];
  }
}

// A mesh: coordinates and values of its vertices, and its triangles.
export class MeshSeries {
  constructor(layer) {
    this.layer = layer;
    this.pieces = new Pieces(layer);
  }

  async get() {
    const pieces = await this.pieces.all();
    const [mesh] = readColumns(this.layer, pieces);
    mesh.faces = undoFolded(pieces[this.layer.faces]);
    return mesh;
  }
}

// The words of the page.
export function readPage() {
  return JSON.parse(embedded("page"));
}

// Every scalar at every frame, row by row.
export async function readScalars(page) {
  const bytes = await new Pieces(page.scalars).read(0);
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
}
