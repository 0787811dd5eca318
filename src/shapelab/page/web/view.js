// Where the reader looks from: turn, move and zoom by mouse, touch and keys, in a volume or on a plane.

const WIDEST = 1.7; // sides of the longest edge that fit into the window
const TURN_PER_PIXEL = 0.008;
const KEY_STEP = 24;

function product(a, b) {
  const c = new Float32Array(9);
  for (let column = 0; column < 3; column++) {
    for (let row = 0; row < 3; row++) {
      for (let k = 0; k < 3; k++) c[3 * column + row] += a[3 * k + row] * b[3 * column + k];
    }
  }
  return c;
}

// A turn about the screen's axis to the right (0) or up (1), column by column.
function about(axis, angle) {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return axis === 0 ? [1, 0, 0, 0, c, s, 0, -s, c] : [c, 0, -s, 0, 1, 0, s, 0, c];
}

export class View {
  // `changed` is called after every move; `hand`, if it is set, may take hold of what lies under the pointer.
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.hand = null;
    this.flat = false;
    this.pixels = 1;
    this.pointers = new Map();
    this.size = [1, 1];
    this.reset();
    this.listen();
  }

  reset() {
    // towards the reader is -z, up is -y, as images are shown
    this.turn = product(product([1, 0, 0, 0, -1, 0, 0, 0, -1], about(1, 0.6)), about(0, -0.45));
    this.shift = [0, 0];
    this.zoom = 1;
    this.centre = [this.size[0] / 2, this.size[1] / 2];
    this.changed();
  }

  // Show a plane of `size` (height, width), or a volume (null).
  show(size) {
    this.flat = size !== null;
    if (size !== null) this.size = size;
    this.reset();
  }

  // Lengths per pixel of the canvas.
  get scale() {
    const { width, height } = this.canvas;
    if (!this.flat) return WIDEST / Math.min(width, height) / this.zoom;
    return (1.02 * Math.max(this.size[0] / height, this.size[1] / width)) / this.zoom;
  }

  // The place (y, x) on the plane under a pointer.
  placeOf(event) {
    const frame = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width - 0.5) * this.canvas.width;
    const y = ((event.clientY - frame.top) / frame.height - 0.5) * this.canvas.height;
    return [this.centre[0] + y * this.scale, this.centre[1] + x * this.scale];
  }

  // Move the picture by window pixels.
  move(dx, dy) {
    const step = (this.scale * this.canvas.width) / Math.max(this.canvas.clientWidth, 1);
    if (this.flat) {
      this.centre = [this.centre[0] - dy * step, this.centre[1] - dx * step];
    } else {
      this.shift = [this.shift[0] + dx * step, this.shift[1] - dy * step];
    }
    this.changed();
  }

  rotate(dx, dy) {
    this.turn = product(product(this.turn, about(1, -dx * TURN_PER_PIXEL)), about(0, -dy * TURN_PER_PIXEL));
    this.changed();
  }

  // Zoom by a factor; on a plane the place under the pointer stays where it is.
  zoomBy(factor, event = null) {
    const before = this.flat && event !== null ? this.placeOf(event) : null;
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.2), 400);
    if (before !== null) {
      const after = this.placeOf(event);
      this.centre = [this.centre[0] + before[0] - after[0], this.centre[1] + before[1] - after[1]];
    }
    this.changed();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      this.holding = this.pointers.size === 1 && this.flat && this.hand !== null && this.hand.take(this.placeOf(event));
    });
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => {
        this.pointers.delete(event.pointerId);
        if (this.holding) this.hand.release();
        this.holding = false;
      });
    }
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * 0.0015), event);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = [event.clientX, event.clientY];
    const dx = now[0] - before[0];
    const dy = now[1] - before[1];
    if (this.pointers.size >= 2) {
      const other = [...this.pointers.entries()].find(([id]) => id !== event.pointerId)[1];
      const far = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
      if (far(before) > 0) this.zoomBy(far(now) / far(before), event);
      this.move(dx / 2, dy / 2);
    } else if (this.holding) this.hand.drag(this.placeOf(event));
    else if (this.flat || event.shiftKey) this.move(dx, dy);
    else this.rotate(dx, dy);
    this.pointers.set(event.pointerId, now);
  }

  onKey(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (arrows) {
      const [dx, dy] = [arrows[0] * KEY_STEP, arrows[1] * KEY_STEP];
      if (this.flat || event.shiftKey) this.move(-dx, -dy);
      else this.rotate(dx, dy);
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.2);
    else if (event.key === "-") this.zoomBy(1 / 1.2);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
  }
}
