// Words and controls: everything that comes from the file goes in as text, never as markup.

export function element(tag, text = "", parent = null) {
  const made = document.createElement(tag);
  if (text !== "") made.textContent = text;
  if (parent !== null) parent.append(made);
  return made;
}

export function addChoice(box, name, choices, chosen, changed) {
  const label = element("label", `${name} `, box);
  const select = element("select", "", label);
  for (const [value, text] of choices) element("option", text, select).value = value;
  select.value = chosen;
  select.addEventListener("change", () => changed(select.value));
  return select;
}

export function addSlider(box, name, low, high, step, value, changed) {
  const label = element("label", `${name} `, box);
  const slider = element("input", "", label);
  Object.assign(slider, { type: "range", min: low, max: high, step, value });
  slider.addEventListener("input", () => changed(Number(slider.value)));
  return slider;
}

export function addButton(box, text, help, pressed) {
  const button = element("button", text, box);
  button.title = help;
  button.addEventListener("click", pressed);
  return button;
}

function list(parent, title, rows) {
  if (!rows.length) return;
  const box = element("div", "", parent);
  element("h2", title, box);
  const table = element("dl", "", box);
  for (const { label, value, description } of rows) {
    const name = element("dt", label, table);
    if (description) name.title = description;
    element("dd", value, table);
  }
}

// Fill in the title, the parameters, where the run comes from, how to cite it and how to make it again.
export function showWords(page) {
  document.getElementById("title").textContent = page.title;
  document.getElementById("about").textContent = page.about;
  const details = document.getElementById("details");
  list(details, page.tableTitle ?? "Parameters", page.parameters);
  list(details, "Changed during the run", page.changes.map(({ step, text }) => ({ label: `step ${step}`, value: text })));
  if (page.command) {
    const box = element("div", "", details);
    element("h2", "Command with these parameters", box);
    element("code", page.command, box);
  }
  list(details, "Where it comes from", page.provenance);
  const box = element("div", "", details);
  element("h2", page.citation.length ? "Cite and reuse" : "Reuse", box);
  for (const text of [...page.citation, page.licence]) element("p", text, box);
}

// Colours and what they mean: the ends of a scale {low, high, name, ramp}, or {classes: [[rgb, name], …]}; null for none.
export function showLegend(legend) {
  const box = document.getElementById("legend");
  const text = JSON.stringify(legend);
  if (box.dataset.shown === text) return;
  box.dataset.shown = text;
  box.replaceChildren();
  box.hidden = legend === null;
  if (legend === null) return;
  const swatch = (name) => {
    const bar = element("span", "", box);
    bar.className = name;
    return bar;
  };
  for (const [[r, g, b], name] of legend.classes ?? []) {
    const one = element("span", "", box);
    one.className = "class";
    const patch = element("span", "", one);
    patch.className = "swatch";
    patch.style.background = `rgb(${r} ${g} ${b})`;
    element("span", name, one);
  }
  if (legend.classes) return;
  element("span", legend.low, box);
  swatch(legend.ramp ? "bar ramp" : "bar");
  element("span", legend.high, box);
  element("span", legend.name, box).className = "soft";
}

export function say(text) {
  const box = document.getElementById("message");
  box.hidden = text === "";
  box.textContent = text;
}

// The page's colours, as the reader's system wants them: strings for pens, three numbers for shaders.
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  const numbers = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16) / 255);
  const stage = numbers(named("stage"));
  const dark = stage[0] < 0.5;
  return {
    ink: named("ink"),
    card: named("card"),
    soft: named("soft"),
    line: named("line"),
    accent: named("accent"),
    stage,
    medium: stage.map((c) => (dark ? c + 0.07 : c * 0.97)),
    wall: dark ? [0.3, 0.31, 0.36] : [0.55, 0.57, 0.63],
  };
}
