// A still picture and a movie of what is seen, saved by the browser.

function composed(view, overlay) {
  const both = document.createElement("canvas");
  both.width = view.width;
  both.height = view.height;
  const pen = both.getContext("2d");
  pen.drawImage(view, 0, 0);
  pen.drawImage(overlay, 0, 0, both.width, both.height);
  return both;
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// A PNG of the picture and what is drawn over it.
export function still(view, overlay) {
  return new Promise((done) => composed(view, overlay).toBlob(done, "image/png"));
}

export function canRecord() {
  return typeof MediaRecorder !== "undefined" && typeof HTMLCanvasElement.prototype.captureStream === "function";
}

// A movie of all frames: `go` shows one and returns when it is drawn. Returns {blob, suffix}.
export async function record(view, overlay, count, framesPerSecond, go) {
  const both = composed(view, overlay);
  const pen = both.getContext("2d");
  const kinds = ["video/mp4", "video/webm;codecs=vp9", "video/webm"];
  const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
  const stream = both.captureStream(0);
  const [track] = stream.getVideoTracks();
  const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 8e6 });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const ended = new Promise((done) => (recorder.onstop = done));
  const started = new Promise((done) => (recorder.onstart = done));
  const recorded = () => parts.reduce((sum, part) => sum + part.size, 0);
  recorder.start(200);
  await started; // it may take a while to begin
  for (let index = 0; index < count; index++) {
    const until = performance.now() + 1000 / framesPerSecond;
    await go(index);
    pen.drawImage(view, 0, 0);
    pen.drawImage(overlay, 0, 0, both.width, both.height);
    track.requestFrame();
    await new Promise((done) => setTimeout(done, Math.max(0, until - performance.now())));
  }
  recorder.stop();
  await ended;
  if (recorded() === 0) throw new Error("this browser has recorded nothing");
  return { blob: new Blob(parts, { type: mimeType }), suffix: mimeType.includes("mp4") ? "mp4" : "webm" };
}
