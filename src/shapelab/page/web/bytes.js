// Bytes of the page: base64, gzip, and the differences in which packing.py stores arrays.

export const AS_IT_IS = 0;
export const FROM_NEIGHBOURS = 1;
export const FROM_BEFORE = 2;

// Bytes of a base64 text.
export function fromBase64(text) {
  const plain = atob(text.trim());
  const bytes = new Uint8Array(plain.length);
  for (let k = 0; k < plain.length; k++) bytes[k] = plain.charCodeAt(k);
  return bytes;
}

// Unpack gzipped bytes with what the browser brings.
export async function gunzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Whole numbers of `width` bytes each, whose lowest bytes come first, then the next ones.
export function joinPlanes(bytes, width) {
  if (width === 1) return bytes;
  const count = bytes.length / width;
  const numbers = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
  for (let plane = 0; plane < width; plane++) {
    for (let k = 0; k < count; k++) numbers[k] |= bytes[plane * count + k] << (8 * plane);
  }
  return numbers;
}

// Sum up, in place and modulo 256, what was stored as differences along every axis.
export function undoDifferences(data, shape) {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const block = stride * shape[axis];
    for (let start = 0; start < data.length; start += block) {
      for (let k = start + stride; k < start + block; k++) data[k] += data[k - stride];
    }
    stride = block;
  }
  return data;
}

// Bytes from 0 to 255 of whole numbers in `bits` bits. A table, since a call for each of 64³ voxels takes half a picture's time.
export function stretched(numbers, bits) {
  if (bits === 8) return numbers;
  const top = 2 ** bits - 1;
  const known = Uint8Array.from({ length: top + 1 }, (_, n) => Math.round((n * 255) / top));
  const bytes = new Uint8Array(numbers.length);
  for (let k = 0; k < numbers.length; k++) bytes[k] = known[numbers[k]];
  return bytes;
}

// A number whose sign packing.py has folded away.
function unfolded(number) {
  return (number >>> 1) ^ -(number & 1);
}

// Whole numbers of which packing.py stored the differences from one to the next.
export function undoFolded(bytes) {
  const numbers = joinPlanes(bytes, 4);
  let before = 0;
  for (let k = 0; k < numbers.length; k++) {
    before += unfolded(numbers[k]);
    numbers[k] = before;
  }
  return numbers;
}

// Columns of cells, points or vertices: for every frame an object {count, name: Float64Array, …}.
export function readColumns(layer, pieces) {
  const frames = layer.counts.map((count) => ({ count }));
  for (const column of layer.columns) {
    if (column.chunk === undefined) {
      for (const frame of frames) frame[column.name] = new Float64Array(frame.count).fill(column.value);
      continue;
    }
    const folded = joinPlanes(pieces[column.chunk], 4);
    const unit = (column.high - column.low) / (2 ** column.bits - 1);
    let place = 0;
    let before = null;
    frames.forEach((frame, index) => {
      if (column.once && index > 0) {
        frame[column.name] = frames[0][column.name];
        return;
      }
      const numbers = new Uint32Array(frame.count);
      const goesOn = before !== null && before.length === frame.count;
      for (let k = 0; k < frame.count; k++, place++) {
        const difference = unfolded(folded[place]);
        numbers[k] = goesOn ? before[k] + difference : difference;
      }
      frame[column.name] = Float64Array.from(numbers, (n) => column.low + n * unit);
      before = numbers;
    });
  }
  return frames;
}
