// What a notebook loads: the page in a frame that reaches nothing around it, and a way for messages between page and run.

const HEIGHT = 760; // pixels
const cameras = new WeakMap(); // of models: where the reader looks from, also when the notebook draws the output anew

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-downloads";
  frame.title = "Run";
  frame.style.cssText = `border: 0; width: 100%; height: ${HEIGHT}px;`;
  frame.srcdoc = model.get("page");
  const toPage = (content, buffers = []) => {
    const own = buffers.map((view) => (view.buffer ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view.slice(0)));
    frame.contentWindow?.postMessage({ content, buffers: own }, "*", own);
  };
  const fromPage = ({ source, data }) => {
    if (source === null || source !== frame.contentWindow) return;
    if (data.kind === "camera") {
      cameras.set(model, data.camera);
      return;
    }
    if (data.kind === "open" && cameras.has(model)) toPage({ kind: "camera", camera: cameras.get(model) });
    model.send(data);
  };
  let closed = false;
  const close = () => {
    if (!closed) model.send({ kind: "closed" });
    closed = true;
  };
  window.addEventListener("message", fromPage);
  window.addEventListener("pagehide", close);
  model.on("msg:custom", toPage);
  el.append(frame);
  return () => {
    close();
    window.removeEventListener("message", fromPage);
    window.removeEventListener("pagehide", close);
    model.off("msg:custom", toPage);
  };
}

export default { render };
