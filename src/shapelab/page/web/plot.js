// One scalar over the steps, with a cursor at the frame that is shown; a click or a drag goes to a frame.

const MARGIN = { left: 58, right: 10, top: 8, bottom: 22 };

export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e5 || size < 1e-3) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

// A value in few digits, as legends have it.
export function rounded(value, digits = 3) {
  return short(Number(value.toPrecision(digits)));
}

export class Plot {
  // `steps` has the step of each frame; `go` is called with the frame that the reader chooses.
  constructor(canvas, steps, go) {
    this.canvas = canvas;
    this.steps = steps;
    this.values = [];
    this.index = 0;
    const choose = (event) => {
      const frame = canvas.getBoundingClientRect();
      const part = (event.clientX - frame.left - MARGIN.left) / Math.max(frame.width - MARGIN.left - MARGIN.right, 1);
      const [first, last] = [this.steps[0], this.steps[this.steps.length - 1]];
      const wanted = first + part * (last - first);
      let near = 0;
      this.steps.forEach((step, k) => {
        if (Math.abs(step - wanted) < Math.abs(this.steps[near] - wanted)) near = k;
      });
      go(near);
    };
    canvas.addEventListener("pointerdown", choose);
    canvas.addEventListener("pointermove", (event) => event.buttons && choose(event));
    canvas.addEventListener("keydown", (event) => {
      const last = this.steps.length - 1;
      const wanted = { ArrowLeft: this.index - 1, ArrowRight: this.index + 1, Home: 0, End: last }[event.key];
      if (wanted === undefined) return;
      event.preventDefault();
      go(Math.min(Math.max(wanted, 0), last));
    });
  }

  show(values, index, colours) {
    this.index = index;
    const ratio = window.devicePixelRatio || 1;
    const { canvas } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (this.isNew(values, width, height, ratio, colours)) this.drawCurve(values, width, height, ratio, colours);
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(this.curve, 0, 0);
    pen.scale(ratio, ratio);
    if (this.places !== null) this.drawCursor(pen, height, colours);
  }

  // Whether the curve is another one than that which was drawn; it lasts for many pictures while a run plays.
  isNew(values, width, height, ratio, colours) {
    const { drawn } = this;
    const same = (a, b) => a.length === b.length && a.every((value, k) => Object.is(value, b[k]));
    if (drawn === undefined || !same(drawn.look, [width, height, ratio, colours])) return true;
    return !same(drawn.values, values) || !same(drawn.steps, this.steps);
  }

  drawCurve(values, width, height, ratio, colours) {
    this.values = values;
    this.drawn = { look: [width, height, ratio, colours], values: [...values], steps: [...this.steps] };
    this.curve = document.createElement("canvas");
    this.places = null;
    for (const canvas of [this.canvas, this.curve]) {
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    const pen = this.curve.getContext("2d");
    pen.scale(ratio, ratio);
    const known = values.filter(Number.isFinite);
    if (!known.length) return;
    let low = Math.min(...known);
    let high = Math.max(...known);
    if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
    const [first, last] = [this.steps[0], this.steps[this.steps.length - 1]];
    const x = (step) => MARGIN.left + ((step - first) / (last - first || 1)) * (width - MARGIN.left - MARGIN.right);
    const y = (value) => height - MARGIN.bottom - ((value - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom);
    this.places = { x, y };
    this.frame(pen, { x, y, low, high, first, last, width, height }, colours);
    pen.strokeStyle = colours.accent;
    pen.lineWidth = 1.8;
    pen.beginPath();
    let down = false;
    this.steps.forEach((step, k) => {
      if (!Number.isFinite(values[k])) {
        down = false;
        return;
      }
      if (down) pen.lineTo(x(step), y(values[k]));
      else pen.moveTo(x(step), y(values[k]));
      down = true;
    });
    pen.stroke();
  }

  drawCursor(pen, height, colours) {
    const { x, y } = this.places;
    const step = this.steps[Math.min(this.index, this.steps.length - 1)];
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x(step), MARGIN.top);
    pen.lineTo(x(step), height - MARGIN.bottom);
    pen.stroke();
    const value = this.values[this.index];
    if (!Number.isFinite(value)) return;
    pen.fillStyle = colours.accent;
    pen.beginPath();
    pen.arc(x(step), y(value), 4, 0, 2 * Math.PI);
    pen.fill();
  }

  frame(pen, { x, y, low, high, first, last, width, height }, colours) {
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = colours.soft;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    for (const value of [low, (low + high) / 2, high]) {
      pen.beginPath();
      pen.moveTo(MARGIN.left, y(value));
      pen.lineTo(width - MARGIN.right, y(value));
      pen.stroke();
      pen.textAlign = "right";
      pen.fillText(short(value), MARGIN.left - 6, y(value) + 4);
    }
    pen.textAlign = "left";
    pen.fillText(`step ${first}`, x(first), height - 6);
    pen.textAlign = "right";
    pen.fillText(String(last), x(last), height - 6);
  }
}
