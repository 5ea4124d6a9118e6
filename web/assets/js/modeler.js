// The designer's drawing board: bpmn-js with the Camunda properties panel.
//
//   <div data-modeler="ID"> with, inside: [data-canvas], [data-panel], [data-problems], [data-steps], [data-status],
//   and the buttons [data-deploy], [data-download], [data-open] (a file input), [data-discard]
//   <script type="application/json" id="ID">{…}</script>
//
// The JSON: {name: file name, source: address of the XML (or xml: the text itself), check: address, deploy: address,
// key: under which unsaved work is kept in this browser, seen: id of the newest version when the page was made}.

import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";

import BpmnModeler from "bpmn-js/lib/Modeler";
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  CamundaPlatformPropertiesProviderModule,
} from "bpmn-js-properties-panel";
import CamundaBehaviorsModule from "camunda-bpmn-js-behaviors/lib/camunda-platform";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import MinimapModule from "diagram-js-minimap";

import { fit } from "./canvas.js";
import { connect, declare, lost, pictured } from "./imports.js";
import { Problems } from "./problems.js";
import { post } from "./requests.js";
import { Steps } from "./steps.js";
import { Unsaved } from "./unsaved.js";

const PALETTE = 110; // pixels
const PAUSE = 700; // milliseconds after the last change before it is kept and checked

class Board {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(document.getElementById(root.dataset.modeler).textContent);
    this.modeler = new BpmnModeler({
      container: this.part("canvas"),
      propertiesPanel: { parent: this.part("panel") },
      additionalModules: [
        BpmnPropertiesPanelModule,
        BpmnPropertiesProviderModule,
        CamundaPlatformPropertiesProviderModule,
        CamundaBehaviorsModule,
        MinimapModule,
      ],
      moddleExtensions: { camunda },
    });
    this.unsaved = new Unsaved(this.data.key);
    this.problems = new Problems(this.part("problems"), this.modeler, this.data.check);
    this.steps = new Steps(this.part("steps"), this.modeler);
    this.changes = 0;
  }

  part(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  async start() {
    this.listen();
    const kept = this.unsaved.read();
    const source = this.data.xml ?? (await this.fetchSource());
    this.source = source;
    await this.open(kept ?? source);
    this.part("discard").hidden = kept === null;
    if (kept !== null) this.say("Shown with your unsaved changes.");
    this.root.dataset.ready = "true";
  }

  async fetchSource() {
    const response = await fetch(this.data.source);
    if (!response.ok) throw new Error(`Expected the diagram at ${this.data.source}, but the server said ${response.status}.`);
    return response.text();
  }

  listen() {
    this.modeler.on("import.parse.complete", ({ definitions }) => definitions && this.parsed(definitions));
    // A drawing that makes room for the next one is no change of it.
    this.modeler.on("commandStack.changed", ({ trigger }) => trigger !== "clear" && this.changed());
    this.part("deploy").addEventListener("click", () => this.attempt(() => this.deploy()));
    this.part("download").addEventListener("click", () => this.attempt(() => this.download()));
    this.part("discard").addEventListener("click", () => this.attempt(() => this.discard()));
    this.part("open").addEventListener("change", (event) => this.attempt(() => this.openFile(event.target.files[0])));
    window.addEventListener("beforeunload", () => this.timer && this.keep());
  }

  // What cannot be drawn is still checked: the list then says what is wrong, and in which line.
  async open(xml) {
    this.text = xml;
    this.changes = 0;
    this.problems.lost = [];
    try {
      await this.modeler.importXML(xml);
      this.problems.lost = lost(this.pictured, (await this.modeler.saveXML()).xml);
      fit(this.modeler.get("canvas"), { left: PALETTE });
      this.modeler.get("minimap").close();
      this.drawn = true;
    } catch (error) {
      this.modeler.clear();
      this.drawn = false;
      this.say(`Expected a diagram that can be drawn, but: ${error.message}`);
    }
    this.steps.show(this.drawn);
    await this.problems.check(xml, this.drawn);
  }

  parsed(definitions) {
    connect(definitions);
    declare(definitions, this.modeler.get("moddle").getPackages());
    this.pictured = pictured(definitions);
  }

  changed() {
    this.changes += 1;
    this.say("Changed, not deployed.");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.attempt(() => this.settle()), PAUSE);
  }

  async settle() {
    const change = this.changes;
    await this.keep();
    this.steps.show(true);
    if (change === this.changes) await this.problems.check(this.text, true);
  }

  async keep() {
    clearTimeout(this.timer);
    this.timer = null;
    this.text = await this.currentXml();
    this.unsaved.write(this.text);
    this.part("discard").hidden = false;
    this.say("Changed, kept in this browser, not deployed.");
  }

  // What nobody has changed stays as it came, with whatever another tool wrote and the board does not know.
  async currentXml() {
    if (!this.drawn || !this.changes) return this.text;
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  async openFile(file) {
    if (!file) return;
    if (!/\.(bpmn|xml)$/i.test(file.name)) {
      this.say(`Expected a diagram (.bpmn or .xml), but it is ${file.name}. The page Designer takes tables and forms.`);
      return;
    }
    const xml = await read(file);
    this.data.name = file.name;
    await this.open(xml);
    this.unsaved.write(this.text);
    this.part("discard").hidden = false;
    this.say(`${file.name} is open, not deployed.`);
  }

  async discard() {
    this.unsaved.forget();
    await this.open(this.source);
    this.part("discard").hidden = true;
    this.say("Shown as it is deployed.");
  }

  async download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await this.currentXml()], { type: "application/xml" }));
    link.download = this.data.name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // `seen` is the newest version that the designer knows of; the server tells where somebody else was faster.
  async deploy(seen = this.data.seen) {
    this.say("Deploying…");
    const body = new FormData();
    body.set("file", new File([await this.currentXml()], this.data.name, { type: "application/xml" }));
    if (seen) body.set("seen", seen);
    const answer = await post(this.data.deploy, body);
    if (answer.newer) {
      if (window.confirm(answer.newer)) await this.deploy(answer.seen);
      else this.say("Not deployed.");
      return;
    }
    if (answer.problems) {
      this.problems.show(answer.problems);
      this.say("Not deployed: see the problems.");
      return;
    }
    this.unsaved.forget();
    window.location.assign(answer.location);
  }

  async attempt(action) {
    try {
      await action();
    } catch (error) {
      this.say(error.message);
    }
  }

  say(text) {
    this.part("status").textContent = text;
  }
}

// As the server does with what is uploaded: other bytes are refused, and not quietly replaced.
async function read(file) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`Expected UTF-8 text, but ${file.name} is not: save it as UTF-8.`);
  }
}

for (const root of document.querySelectorAll("[data-modeler]")) {
  const board = new Board(root);
  board.attempt(() => board.start());
}
