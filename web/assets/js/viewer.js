// A diagram to look at: the path taken, how often, where it stands, and what is stuck.
//
//   <div class="pj-diagram" data-viewer="ID" aria-label="…"></div>
//   <script type="application/json" id="ID">{…}</script>
//
// The JSON: {source: address of the XML (or xml: the text itself), elements: {id: how often}, flows: {id: how often},
// active: [id], incidents: {id: message}, links: {id: address}}. All but source are optional.

import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

import { addControls, fit, trim } from "./canvas.js";

for (const container of document.querySelectorAll("[data-viewer]")) {
  const closed = container.closest("details:not([open])");
  // What is folded away has no size to fit into, and need not be loaded.
  if (closed) closed.addEventListener("toggle", () => start(container), { once: true });
  else start(container);
}

function start(container) {
  show(container).catch((error) => {
    container.textContent = error.message;
  });
}

async function show(container) {
  const data = JSON.parse(document.getElementById(container.dataset.viewer).textContent);
  // The wheel scrolls the page, not the diagram.
  const viewer = new NavigatedViewer({ container, zoomScroll: { enabled: false } });
  await viewer.importXML(data.xml ?? (await read(data.source)));
  const canvas = viewer.get("canvas");
  markPath(viewer, data);
  markStanding(viewer, data);
  markIncidents(viewer, data);
  follow(viewer, data.links ?? {});
  trim(container, canvas);
  fit(canvas, { focus: (data.active ?? []).find((id) => viewer.get("elementRegistry").get(id)) });
  addControls(container, canvas);
  container.dataset.ready = "true";
}

async function read(source) {
  const response = await fetch(source);
  if (!response.ok) throw new Error(`Expected the diagram at ${source}, but the server said ${response.status}.`);
  return response.text();
}

function markPath(viewer, { elements = {}, flows = {} }) {
  const canvas = viewer.get("canvas");
  const drawn = viewer.get("elementRegistry");
  for (const id of [...Object.keys(elements), ...Object.keys(flows)]) {
    if (drawn.get(id)) canvas.addMarker(id, "pj-taken");
  }
  for (const [id, count] of Object.entries(elements)) {
    if (count > 1) badge(viewer, id, "count", `${count}×`, `done ${count} times`, { bottom: 8, right: 14 });
  }
}

function markStanding(viewer, { active = [] }) {
  for (const id of active) {
    if (!viewer.get("elementRegistry").get(id)) continue;
    viewer.get("canvas").addMarker(id, "pj-active");
    badge(viewer, id, "active", "here", "the case stands here", { top: -12, left: 6 });
  }
}

function markIncidents(viewer, { incidents = {} }) {
  for (const [id, message] of Object.entries(incidents)) {
    if (!viewer.get("elementRegistry").get(id)) continue;
    viewer.get("canvas").addMarker(id, "pj-incident");
    badge(viewer, id, "incident", "!", message, { top: -12, right: 14 });
  }
}

function badge(viewer, id, kind, text, title, position) {
  if (!viewer.get("elementRegistry").get(id)) return;
  const html = document.createElement("span");
  html.className = `pj-badge pj-badge--${kind}`;
  html.textContent = text;
  html.title = title;
  viewer.get("overlays").add(id, { position, html });
}

function follow(viewer, links) {
  for (const id of Object.keys(links)) {
    if (viewer.get("elementRegistry").get(id)) viewer.get("canvas").addMarker(id, "pj-link");
  }
  viewer.on("element.click", ({ element }) => {
    if (links[element.id]) window.location.assign(links[element.id]);
  });
}
