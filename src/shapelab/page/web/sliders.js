// Sliders from the declarations of parameters: label, unit, limits and one sentence each.
import { element } from "./panels.js";
import { short } from "./plot.js";

const POSITIONS = 200;
const AROUND_ZERO = 100; // of a parameter that is 0 and whose limits are far away

// The part of the allowed range that a slider covers: all of it if that is of the value's size, else what is near the value.
export function sliderRange({ minimum, maximum, step }, value) {
  const whole = (maximum ?? Infinity) - (minimum ?? -Infinity);
  const near = value === 0 ? Math.min(AROUND_ZERO, whole / 2) : Math.max(2 * Math.abs(value), 40 * (step ?? 0));
  const low = minimum !== null && minimum >= value - 10 * near ? minimum : value - near;
  const high = maximum !== null && maximum <= value + 10 * near ? maximum : value + near;
  return [low, high];
}

// One slider per parameter; `values` is changed in place.
export function addParameters(box, declared, values, changed) {
  for (const parameter of declared) {
    const { name, label, unit, description } = parameter;
    const row = element("label", "", box);
    row.className = "slider";
    row.title = description;
    element("span", unit ? `${label} [${unit}]` : label, row);
    const slider = element("input", "", row);
    const [low, high] = sliderRange(parameter, values[name]);
    Object.assign(slider, { type: "range", min: low, max: high, step: (high - low) / POSITIONS, value: values[name] });
    slider.dataset.name = name;
    const shown = element("output", short(values[name]), row);
    slider.addEventListener("input", () => {
      values[name] = Number(slider.value);
      shown.textContent = short(values[name]);
      changed(name);
    });
  }
}
