// bpmnlint's recommended rules: what a diagram should look like to be read well. Never a reason not to deploy.

import Linter from "bpmnlint/lib/linter";
import { config, resolver } from "virtual:bpmnlint";

export async function advise(modeler) {
  // Its rules remember what they have seen, so each look needs a linter of its own.
  const reports = await new Linter({ config, resolver }).lint(modeler.getDefinitions());
  return Object.values(reports)
    .flat()
    .map(({ id, message }) => ({ element: id, line: null, wrong: `${message}.`, right: "" }));
}
