// What viewer and modeler share: how the drawing sits in its frame, and buttons to zoom.

const AIR = 24; // pixels around the drawing
const LOWEST = 200; // pixels, of a frame
const READABLE = 0.55; // the smallest scale at which names can still be read

// The whole drawing with some air around it; on a small screen readable, with the element that matters in the middle.
// `left` is room for a palette that lies on the frame, in pixels.
export function fit(canvas, { focus, left = 0 } = {}) {
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || !outer.width) return;
  const room = { width: outer.width - left - 2 * AIR, height: outer.height - 2 * AIR };
  const whole = Math.min(1, room.width / inner.width, room.height / inner.height);
  const scale = Math.max(whole, READABLE);
  const spare = Math.max(0, room.width / scale - inner.width) / 2;
  canvas.viewbox({
    x: inner.x - spare - (AIR + left) / scale,
    y: inner.y + inner.height / 2 - outer.height / scale / 2,
    width: outer.width / scale,
    height: outer.height / scale,
  });
  if (scale > whole && focus) canvas.scrollToElement(focus, 80);
}

// A flat drawing needs no high frame. The style sheet says how high it may be at most.
export function trim(container, canvas) {
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  const scale = Math.max(READABLE, Math.min(1, (outer.width - 2 * AIR) / inner.width));
  container.style.height = `${Math.min(outer.height, Math.max(LOWEST, inner.height * scale + 4 * AIR))}px`;
}

export function addControls(container, canvas) {
  const bar = document.createElement("div");
  bar.className = "pj-zoom";
  bar.append(
    button("+", "Zoom in", () => canvas.zoom(canvas.zoom() * 1.25)),
    button("−", "Zoom out", () => canvas.zoom(canvas.zoom() / 1.25)),
    button("⤢", "Show everything", () => canvas.zoom("fit-viewport", "auto")),
  );
  container.append(bar);
}

function button(text, label, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.title = label;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}
