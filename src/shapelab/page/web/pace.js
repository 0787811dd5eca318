// How many pixels are drawn while things move: fewer where a picture takes long, as it does in software.

const SLOW = 24; // milliseconds that a picture may take
const QUICK = 11;
const COARSEST = 0.4;
const LOOK = 2; // milliseconds between two looks whether a picture is done

export class Pace {
  constructor() {
    this.quality = 1;
    this.fence = null;
  }

  // Begin to measure how long the picture takes that was just asked for, unless one is being measured.
  measure(gl) {
    if (this.fence !== null) return;
    this.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (this.fence === null) return; // the picture is lost, and its time with it
    gl.flush();
    this.look(gl, performance.now());
  }

  look(gl, start) {
    if (!gl.isSync(this.fence)) { // lost with the graphics card
      this.fence = null;
      return;
    }
    if (gl.getSyncParameter(this.fence, gl.SYNC_STATUS) !== gl.SIGNALED) {
      setTimeout(() => this.look(gl, start), LOOK);
      return;
    }
    gl.deleteSync(this.fence);
    this.fence = null;
    this.adapt(performance.now() - start);
  }

  adapt(took) {
    if (took > SLOW) this.quality = Math.max(this.quality * 0.85, COARSEST);
    else if (took < QUICK) this.quality = Math.min(this.quality * 1.04, 1);
  }
}
