// What is drawn over the picture with a pen: the box of a volume and a scale bar.

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
  const word = ["pixel", "voxel"].includes(unit) && length !== 1 ? `${unit}s` : unit;
  pen.fillText(`${Number(length.toPrecision(3))} ${word}`.trim(), x + pixels / 2, y - 5 * ratio);
}

// Draw all of it; `lengths` says {perUnit, unit}: the world's lengths per length of the view.
export function drawOverlay(canvas, view, renderer, lengths, colours) {
  const pen = canvas.getContext("2d");
  const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = ratio;
  if (!view.flat) drawBox(pen, view, renderer, canvas, colours.ink);
  drawScaleBar(pen, canvas, view.scale * lengths.perUnit, lengths.unit, colours, ratio);
}
