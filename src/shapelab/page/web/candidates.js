// Which cells can own anything in a tile of the box: bounds of the costs leave a few of them, exactly.
import { gauge, power, steepest, wrapped } from "./costs.js";

const COARSE = 8;

// Lists of candidates of `tiles` × `tiles` tiles (a multiple of 8): {tiles, starts, items}, in reading order.
export function candidates(cells, size, periods, tiles) {
  const slopes = Float64Array.from({ length: cells.count }, (_, i) => steepest(cells, i));
  const everyone = Int32Array.from({ length: cells.count }, (_, i) => i);
  const upper = new Float64Array(cells.count);
  const lower = new Float64Array(cells.count);
  const prune = (list, row, column, count) => {
    const half0 = size[0] / count / 2;
    const half1 = size[1] / count / 2;
    const reach = Math.hypot(half0, half1);
    const centre0 = (2 * row + 1) * half0;
    const centre1 = (2 * column + 1) * half1;
    let least = 0; // the medium's
    for (const i of list) {
      const middle = gauge(cells, i, wrapped(centre0 - cells.x0[i], periods[0]), wrapped(centre1 - cells.x1[i], periods[1]));
      const spread = slopes[i] * reach;
      const s = cells.scale[i];
      const p = cells.exponent[i];
      upper[i] = Math.min(cells.cap[i], s * power(middle + spread, p)) - cells.potential[i];
      lower[i] = Math.min(cells.cap[i], s * power(Math.max(0, middle - spread), p)) - cells.potential[i];
      if (upper[i] < least) least = upper[i];
    }
    return list.filter((i) => lower[i] <= least);
  };
  const each = tiles / COARSE;
  const lists = new Array(tiles * tiles);
  for (let row = 0; row < COARSE; row++) {
    for (let column = 0; column < COARSE; column++) {
      const few = prune(everyone, row, column, COARSE);
      for (let a = 0; a < each; a++) {
        for (let b = 0; b < each; b++) {
          const at = (row * each + a) * tiles + column * each + b;
          lists[at] = prune(few, row * each + a, column * each + b, tiles);
        }
      }
    }
  }
  const starts = new Int32Array(tiles * tiles + 1);
  lists.forEach((list, at) => (starts[at + 1] = starts[at] + list.length));
  const items = new Int32Array(starts[tiles * tiles]);
  lists.forEach((list, at) => items.set(list, starts[at]));
  return { tiles, starts, items };
}
