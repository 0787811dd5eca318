// What is drawn over the picture with a pen: the box of a volume, a scale bar, cell centres and where they go.

const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => [k & 1 ? 1 : -1, k & 2 ? 1 : -1, k & 4 ? 1 : -1]);

// The largest of 1, 2 or 5 times a power of ten up to `length`.
export function roundLength(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return [5, 2, 1].map((n) => n * power).find((n) => n <= length * (1 + 1e-9));
}

function drawBox(pen, view, renderer, canvas, ink) {
  const at = (corner) => {
    const p = corner.map((sign, k) => sign * renderer.extent[k]);
    const along = (column) => [0, 1, 2].reduce((sum, k) => sum + view.turn[3 * column + k] * p[k], 0);
    return [canvas.width / 2 + (along(0) + view.shift[0]) / view.scale, canvas.height / 2 - (along(1) + view.shift[1]) / view.scale];
  };
  pen.strokeStyle = ink;
  pen.globalAlpha = 0.35;
  pen.beginPath();
  for (let a = 0; a < 8; a++) {
    for (const bit of [1, 2, 4]) {
      if (a & bit) continue;
      pen.moveTo(...at(CORNERS[a]));
      pen.lineTo(...at(CORNERS[a | bit]));
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawScaleBar(pen, canvas, lengthPerPixel, unit, { ink, card }, ratio) {
  const length = roundLength(lengthPerPixel * canvas.width * 0.25);
  const pixels = length / lengthPerPixel;
  const x = canvas.width - 14 * ratio - pixels;
  const y = canvas.height - 14 * ratio;
  pen.fillStyle = card;
  pen.globalAlpha = 0.75;
  pen.fillRect(x - 6 * ratio, y - 20 * ratio, pixels + 12 * ratio, 28 * ratio);
  pen.globalAlpha = 1;
  pen.fillStyle = ink;
  pen.fillRect(x, y, pixels, 3 * ratio);
  pen.font = `${12 * ratio}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.fillText(`${Number(length.toPrecision(3))} ${unit}`, x + pixels / 2, y - 5 * ratio);
}

function drawSeeds(pen, view, renderer, canvas, ratio) {
  const { cells, nextCells, periods } = renderer;
  const toX = (x) => canvas.width / 2 + (x - view.centre[1]) / view.scale;
  const toY = (y) => canvas.height / 2 + (y - view.centre[0]) / view.scale;
  const size = Math.min(3.2 * ratio, (0.12 * Math.sqrt((renderer.size[0] * renderer.size[1]) / Math.max(cells.count, 1))) / view.scale);
  pen.fillStyle = "#ffffff";
  pen.strokeStyle = "#222222";
  pen.lineWidth = 0.8 * ratio;
  for (let i = 0; i < cells.count; i++) {
    pen.beginPath();
    pen.arc(toX(cells.x1[i]), toY(cells.x0[i]), Math.max(size, 0.8), 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
  if (!renderer.arrows || nextCells === null || nextCells.count !== cells.count) return;
  pen.lineWidth = 1.6 * ratio;
  pen.beginPath();
  for (let i = 0; i < cells.count; i++) {
    const moved = [nextCells.x0[i] - cells.x0[i], nextCells.x1[i] - cells.x1[i]];
    const jump = moved.some((d, axis) => periods[axis] > 0 && Math.abs(d) > periods[axis] / 2);
    if (jump || cells.id[i] !== nextCells.id[i]) continue;
    pen.moveTo(toX(cells.x1[i]), toY(cells.x0[i]));
    pen.lineTo(toX(cells.x1[i] + 4 * moved[1]), toY(cells.x0[i] + 4 * moved[0]));
  }
  pen.stroke();
}

// Draw all of it; `lengths` says {perUnit, unit}: the world's lengths per length of the view.
export function drawOverlay(canvas, view, renderer, lengths, colours) {
  const pen = canvas.getContext("2d");
  const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = ratio;
  if (!view.flat) drawBox(pen, view, renderer, canvas, colours.ink);
  if (view.flat && renderer.seeds && renderer.cells) drawSeeds(pen, view, renderer, canvas, ratio);
  drawScaleBar(pen, canvas, view.scale * lengths.perUnit, lengths.unit, colours, ratio);
}
