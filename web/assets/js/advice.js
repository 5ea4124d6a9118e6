// bpmnlint's recommended rules: what a diagram should look like to be read well. Never a reason not to deploy.

import Linter from "bpmnlint/lib/linter";
import { config, resolver } from "virtual:bpmnlint";

const linter = new Linter({ config, resolver });

export async function advise(modeler) {
  const reports = await linter.lint(modeler.getDefinitions());
  return Object.values(reports)
    .flat()
    .map(({ id, message }) => ({ element: id, line: null, wrong: `${message}.`, right: "" }));
}
