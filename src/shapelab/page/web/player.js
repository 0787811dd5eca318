// Time: which frame is shown, and playing them.

const SPEEDS = [1, 2, 5, 10, 20, 30, 60]; // frames per second
const USUAL = 10;
const CALM = 2; // for whoever has asked the system for less motion

export class Player {
  // `show` draws a frame and returns when it is done.
  constructor(frames, show) {
    this.frames = frames;
    this.show = show;
    this.index = -1;
    this.playing = false;
    this.speed = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM : USUAL;
    this.slider = document.getElementById("frame");
    this.button = document.getElementById("play");
    this.when = document.getElementById("when");
    this.slider.max = frames.length - 1;
    this.build();
  }

  build() {
    this.button.addEventListener("click", () => this.toggle());
    document.getElementById("back").addEventListener("click", () => this.step(-1));
    document.getElementById("next").addEventListener("click", () => this.step(1));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    const speed = document.getElementById("speed");
    for (const n of SPEEDS) {
      const option = document.createElement("option");
      option.value = n;
      option.textContent = `${n}/s`;
      speed.append(option);
    }
    speed.value = this.speed;
    speed.addEventListener("change", () => (this.speed = Number(speed.value)));
    document.addEventListener("keydown", (event) => {
      if (["SELECT", "INPUT", "BUTTON"].includes(event.target.tagName) || document.getElementById("controls").hidden) return;
      const act = { " ": () => this.toggle(), ",": () => this.step(-1), ".": () => this.step(1) }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    document.getElementById("controls").hidden = this.frames.length < 2;
  }

  async go(index) {
    this.index = Math.min(Math.max(index, 0), this.frames.length - 1);
    this.slider.value = this.index;
    const { step, time } = this.frames[this.index];
    this.when.textContent = `${this.index + 1}/${this.frames.length} · step ${step}${time === step ? "" : ` · t ${Number(time.toPrecision(3))}`}`;
    await this.show(this.index);
  }

  step(by) {
    this.pause();
    return this.go(this.index + by);
  }

  pause() {
    this.playing = false;
    this.button.textContent = "Play";
    this.button.setAttribute("aria-pressed", "false");
    this.button.classList.remove("on");
  }

  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    this.playing = true;
    this.button.textContent = "Pause";
    this.button.setAttribute("aria-pressed", "true");
    this.button.classList.add("on");
    this.run();
  }

  async run() {
    let due = performance.now();
    while (this.playing) {
      await this.go((this.index + 1) % this.frames.length);
      due = Math.max(due + 1000 / this.speed, performance.now());
      await new Promise((done) => setTimeout(() => requestAnimationFrame(done), Math.max(0, due - performance.now() - 8)));
    }
  }
}
