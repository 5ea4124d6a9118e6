// The diagram as a table, to read and to change without a mouse: name a step, show its properties, add a step after it,
// remove it. It works on the same diagram as the drawing, so both always say the same.

import { is } from "bpmn-js/lib/util/ModelUtil";

const KINDS = {
  "bpmn:StartEvent": "Start",
  "bpmn:EndEvent": "End",
  "bpmn:Task": "Task",
  "bpmn:UserTask": "User task",
  "bpmn:ServiceTask": "Service task",
  "bpmn:ScriptTask": "Script",
  "bpmn:BusinessRuleTask": "Decision table",
  "bpmn:ReceiveTask": "Wait for a message",
  "bpmn:SendTask": "Send a message",
  "bpmn:ManualTask": "Manual task",
  "bpmn:CallActivity": "Call activity",
  "bpmn:SubProcess": "Sub-process",
  "bpmn:Transaction": "Transaction",
  "bpmn:AdHocSubProcess": "Ad hoc sub-process",
  "bpmn:ExclusiveGateway": "Exclusive gateway",
  "bpmn:InclusiveGateway": "Inclusive gateway",
  "bpmn:ComplexGateway": "Complex gateway",
  "bpmn:ParallelGateway": "Parallel gateway",
  "bpmn:EventBasedGateway": "Event-based gateway",
  "bpmn:IntermediateCatchEvent": "Intermediate event",
  "bpmn:IntermediateThrowEvent": "Throwing event",
  "bpmn:BoundaryEvent": "Boundary event",
};

const ADDABLE = ["UserTask", "ServiceTask", "ScriptTask", "BusinessRuleTask", "CallActivity", "ExclusiveGateway", "ParallelGateway", "EndEvent"];

export class Steps {
  constructor(container, modeler) {
    this.container = container;
    this.modeler = modeler;
  }

  // What is being typed or chosen stays as it is; the change that follows draws the table anew.
  show(drawn) {
    const here = this.container.contains(document.activeElement) ? document.activeElement : null;
    if (here && (here.value ?? "") !== (here.defaultValue ?? "")) return;
    const focus = here?.dataset.focus;
    const steps = drawn ? inOrder(this.modeler.get("elementRegistry").filter(isStep)) : [];
    this.container.replaceChildren(...steps.map(({ step, depth }) => this.row(step, depth)));
    if (focus) this.container.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
  }

  row(step, depth) {
    const row = document.createElement("tr");
    row.dataset.depth = Math.min(depth, 2);
    const { id, name } = step.businessObject;
    row.append(
      cell("Name", this.nameField(step, name ?? ""), identifier(id)),
      cell("Kind", KINDS[step.type] ?? step.type.replace("bpmn:", "")),
      cell("Goes on to", goesOnTo(step)),
      cell("", this.tools(step)),
    );
    return row;
  }

  nameField(step, name) {
    const field = document.createElement("input");
    field.className = "govuk-input";
    field.defaultValue = name;
    field.dataset.focus = `name:${step.id}`;
    field.setAttribute("aria-label", `Name of ${step.id}`);
    field.addEventListener("change", () => this.modeler.get("modeling").updateLabel(step, field.value));
    return field;
  }

  tools(step) {
    const tools = document.createElement("span");
    tools.className = "pj-steps__tools";
    tools.append(
      button("Properties", `Properties of ${step.id}`, `properties:${step.id}`, () => this.showProperties(step)),
      ...this.adder(step),
      button("Remove", `Remove ${step.id}`, `remove:${step.id}`, () => this.modeler.get("modeling").removeElements([step])),
    );
    return tools;
  }

  adder(step) {
    if (step.type === "bpmn:EndEvent") return [];
    const choice = document.createElement("select");
    choice.className = "govuk-select";
    choice.dataset.focus = `kind:${step.id}`;
    choice.setAttribute("aria-label", `Kind of step to add after ${step.id}`);
    choice.append(...ADDABLE.map((kind) => new Option(KINDS[`bpmn:${kind}`], `bpmn:${kind}`)));
    const add = button("Add after", `Add a step after ${step.id}`, `add:${step.id}`, () => this.add(step, choice.value));
    return [choice, add];
  }

  // Between a step and the one that follows; beside the others where a gateway chooses.
  add(step, type) {
    const [following] = step.outgoing;
    const shape = this.modeler.get("elementFactory").createShape({ type });
    const added = this.modeler.get("autoPlace").append(step, shape);
    if (!following || is(step, "bpmn:Gateway") || type === "bpmn:EndEvent") return;
    const middle = { x: added.x + added.width / 2, y: added.y + added.height / 2 };
    this.modeler.get("modeling").reconnectStart(following, added, middle);
  }

  showProperties(step) {
    this.modeler.get("selection").select(step);
    this.modeler.get("canvas").scrollToElement(step, 100);
    document.querySelector("[data-panel] button, [data-panel] input")?.focus();
  }
}

function isStep(element) {
  return is(element, "bpmn:FlowNode") && !element.labelTarget;
}

// From left to right, and what is in a sub-process right after it.
function inOrder(steps) {
  const rows = [];
  const add = (step, depth) => {
    rows.push({ step, depth });
    for (const inner of within(step)) add(inner, depth + 1);
  };
  const within = (parent) => steps.filter((step) => step.parent === parent).sort(fromLeftToRight);
  for (const step of steps.filter((step) => !steps.includes(step.parent)).sort(fromLeftToRight)) add(step, 0);
  return rows;
}

function fromLeftToRight(one, other) {
  return one.x - other.x || one.y - other.y;
}

function goesOnTo(step) {
  return step.outgoing.map((flow) => flow.target.businessObject.name || flow.target.id).join(", ");
}

function identifier(id) {
  const code = document.createElement("code");
  code.textContent = id;
  return code;
}

function cell(label, ...content) {
  const element = document.createElement("td");
  if (label) element.dataset.label = label;
  element.append(...content);
  return element;
}

function button(text, label, focus, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "pj-link-button";
  element.textContent = text;
  element.dataset.focus = focus;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}
