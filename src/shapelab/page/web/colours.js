// Colours: one per cell that its neighbours do not have, and two scales for numbers.

const RAMP = [[59, 42, 107], [43, 127, 142], [143, 200, 102], [247, 227, 77]];
const TYPES = [[74, 134, 201], [233, 150, 70], [110, 178, 106], [196, 92, 126], [140, 120, 200]];

function fromHue(hue, saturation, value) {
  const channel = (n) => {
    const k = (n + hue * 6) % 6;
    return Math.round(255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}

// The colour of a number that stays with a cell for life.
export function ofId(id) {
  return fromHue((id * 0.61803398875) % 1, 0.42 + 0.2 * ((id * 0.754877666) % 1), 0.93 - 0.16 * ((id * 0.569840296) % 1));
}

export function ofType(type) {
  return TYPES[type % TYPES.length];
}

// The colour of a value from 0 to 1.
export function onRamp(value) {
  const place = Math.min(Math.max(value, 0), 0.9999) * (RAMP.length - 1);
  const k = Math.floor(place);
  return RAMP[k].map((low, channel) => Math.round(low + (place - k) * (RAMP[k + 1][channel] - low)));
}

// Colours (r, g, b bytes) of all cells, by "cell", "type" or "property"; `range` is that of the property.
export function cellColours(cells, by, range) {
  return Array.from({ length: cells.count }, (_, i) => {
    if (by === "type") return ofType(cells.type[i]);
    if (by === "property") return onRamp((cells.colour[i] - range[0]) / (range[1] - range[0] || 1));
    return ofId(cells.id[i]);
  });
}
