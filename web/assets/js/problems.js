// What is wrong in the diagram, each with element and line, one list for two sources: the server, which refuses to deploy
// (problems) or knows where a case would stop (hints), and bpmnlint, which knows what reads badly. A click shows the element.

import { advise } from "./advice.js";
import { post } from "./requests.js";

export class Problems {
  constructor(container, modeler, address) {
    this.container = container;
    this.modeler = modeler;
    this.address = address;
    this.marked = [];
    this.lost = []; // hints about what the board cannot keep
  }

  async check(xml, drawn) {
    try {
      const [answer, advice] = await Promise.all([
        post(this.address, xml, { "Content-Type": "application/xml" }),
        drawn ? advise(this.modeler) : [],
      ]);
      const more = advice.filter((hint) => !this.lost.some(({ element }) => element === hint.element));
      this.show(answer.problems, [...answer.hints, ...this.lost, ...more]);
    } catch (error) {
      // What was found in another diagram, or before, says nothing of this one.
      this.show([{ wrong: error.message, right: "" }]);
    }
  }

  show(problems, hints = []) {
    this.unmark();
    // An element that has to be mended anyway needs no advice on top.
    const advice = hints.filter((hint) => !problems.some((problem) => problem.element === hint.element));
    const list = document.createElement("ol");
    list.className = "pj-problems__list";
    for (const problem of problems) list.append(this.row(problem, "problem"));
    for (const hint of advice) list.append(this.row(hint, "advice"));
    const heading = document.createElement("p");
    heading.className = "pj-problems__sum";
    heading.textContent = sum(problems.length, advice.length);
    this.container.dataset.problems = problems.length;
    this.container.replaceChildren(heading, list);
  }

  row({ element, line, wrong, right }, kind) {
    const row = document.createElement("li");
    row.className = `pj-problems__row pj-problems__row--${kind}`;
    const name = this.find(element)?.businessObject.name;
    const where = [name && `“${name}”`, element, line && `line ${line}`].filter(Boolean).join(", ");
    if (this.find(element)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = where;
      button.addEventListener("click", () => this.select(element));
      row.append(button);
      this.mark(element, kind, wrong);
    } else if (where) {
      const text = document.createElement("strong");
      text.textContent = where;
      row.append(text);
    }
    row.append(` ${[wrong, right].filter(Boolean).join(" ")}`);
    return row;
  }

  find(id) {
    return id ? this.modeler.get("elementRegistry").get(id) : null;
  }

  select(id) {
    const element = this.find(id);
    if (!element) return;
    this.modeler.get("selection").select(element);
    this.modeler.get("canvas").scrollToElement(element, 100);
  }

  mark(id, kind, title) {
    this.modeler.get("canvas").addMarker(id, `pj-${kind}`);
    if (kind === "problem" && !this.marked.some((mark) => mark.id === id && mark.kind === kind)) {
      const html = document.createElement("span");
      html.className = "pj-badge pj-badge--incident";
      html.textContent = "!";
      html.title = title;
      if (!this.find(id).waypoints) this.modeler.get("overlays").add(id, "pj-problem", { position: { top: -12, right: 14 }, html });
    }
    this.marked.push({ id, kind });
  }

  unmark() {
    for (const { id, kind } of this.marked) {
      if (this.find(id)) this.modeler.get("canvas").removeMarker(id, `pj-${kind}`);
    }
    this.modeler.get("overlays").remove({ type: "pj-problem" });
    this.marked = [];
  }
}

function sum(problems, advice) {
  const told = problems ? `${problems} ${problems === 1 ? "problem" : "problems"} to mend before it can be deployed` : "Can be deployed";
  return advice ? `${told}; ${advice} ${advice === 1 ? "hint" : "hints"} to make it better` : told;
}
