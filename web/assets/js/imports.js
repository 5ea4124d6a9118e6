// What files of other tools need so that nothing in them is lost or misread on the drawing board.

const FLOW = "bpmn:SequenceFlow";

// The standard lets a file leave out which flows a node has, since the flows say it; bpmnlint looks at the nodes alone.
export function connect(container) {
  const parts = container.rootElements ?? container.flowElements ?? [];
  for (const part of parts) {
    connect(part);
    if (part.$type !== FLOW) continue;
    add(part.sourceRef, "outgoing", part);
    add(part.targetRef, "incoming", part);
  }
}

function add(node, end, flow) {
  if (node && !node.get(end).includes(flow)) node.get(end).push(flow);
}

// Where a file uses a prefix of ours for another namespace, the reader calls that namespace ns0, ns1 and so on, in the
// order of their declarations; the writer cannot save what it does not find declared under that name.
export function declare(definitions, packages) {
  const ours = new Map(packages.map(({ prefix, uri }) => [prefix, uri]));
  const known = new Set(ours.values());
  const declared = Object.entries(definitions.$attrs).filter(([name]) => name.startsWith("xmlns:"));
  const foreign = declared.filter(([name, uri]) => ours.has(name.slice("xmlns:".length)) && !known.has(uri));
  foreign.forEach(([, uri], index) => (definitions.$attrs[`xmlns:ns${index}`] = uri));
}

// Everything that the file has a picture of, by the id of what it shows; before the board drops what it cannot draw.
export function pictured(definitions) {
  const shown = definitions.diagrams.flatMap(({ plane }) => plane?.planeElement ?? []);
  return shown.map(({ bpmnElement }) => bpmnElement?.id).filter(Boolean);
}

// What of that is not in the file any more as the board would save it, as hints.
export function lost(ids, saved) {
  const kept = new Set(Array.from(saved.matchAll(/ bpmnElement="([^"]*)"/g), ([, id]) => id));
  return ids
    .filter((id) => !kept.has(id))
    .map((element) => ({
      element,
      line: null,
      wrong: "The board cannot draw it where the file has it.",
      right: "Its picture is lost once the diagram is changed here.",
    }));
}
