// Bundles scripts and styles into one folder with hashed names, a manifest of them, and the licences of what is in them.
// Called by setup.py (build_assets): node build.mjs FOLDER

import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

import * as esbuild from "esbuild";
import * as sass from "sass";

const folder = process.argv[2];
if (!folder) throw new Error("Expected a folder to build into: node build.mjs FOLDER");
await mkdir(folder, { recursive: true });

const manifest = {};
const packages = new Set();

// bpmnlint finds its rules by name at run time; a browser cannot, so they are named here: virtual:bpmnlint.
const bpmnlintRules = {
  name: "bpmnlint-rules",
  setup(build) {
    build.onResolve({ filter: /^virtual:bpmnlint$/ }, ({ path }) => ({ path, namespace: "bpmnlint" }));
    build.onLoad({ filter: /.*/, namespace: "bpmnlint" }, () => {
      const names = Object.keys(createRequire(import.meta.url)("bpmnlint/config/recommended.js").rules);
      const imports = names.map((name, index) => `import rule${index} from "bpmnlint/rules/${name}.js";`);
      const rules = names.map((name, index) => `"${name}": rule${index}`);
      return {
        contents: `${imports.join("\n")}
          import config from "bpmnlint/config/recommended.js";
          const rules = {${rules}};
          const resolver = { resolveRule: (_, name) => rules[name] };
          export { config, resolver };`,
        resolveDir: process.cwd(),
      };
    });
  },
};

async function bundle(entryPoints) {
  const { metafile } = await esbuild.build({
    entryPoints,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: folder,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    // Fonts of the editors stay files of their own: the policy would let data: in, and caches would not.
    loader: { ".woff2": "file", ".woff": "file", ".ttf": "file", ".eot": "file", ".svg": "file" },
    legalComments: "none",
    plugins: [bpmnlintRules],
    metafile: true,
    logLevel: "warning",
  });
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint) manifest[basename(output.entryPoint)] = basename(path);
    if (output.cssBundle) {
      manifest[basename(output.entryPoint).replace(/\.js$/, ".css")] = basename(output.cssBundle);
    }
  }
  for (const path of Object.keys(metafile.inputs)) remember(path);
}

async function styles(entry) {
  const { css, loadedUrls } = sass.compile(entry, {
    style: "compressed",
    importers: [new sass.NodePackageImporter()],
  });
  for (const url of loadedUrls) remember(url.pathname);
  await write(basename(entry).replace(/\.scss$/, ".css"), css);
}

async function copy(path) {
  await write(basename(path), await readFile(path));
}

async function write(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  manifest[name] = name.replace(/(\.\w+)$/, `-${hash}$1`);
  await writeFile(join(folder, manifest[name]), content);
}

function remember(path) {
  const match = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  if (match) packages.add(match[1]);
}

// Some packages say MIT and leave its text out; it has to go along all the same.
function mit(holder) {
  return `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}

async function licences() {
  const parts = ["What is bundled in the scripts and styles of Pujiang, and the licence of each.\n"];
  for (const name of [...packages].sort()) {
    const root = join("node_modules", name);
    const { version, license, author } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const file = (await readdir(root)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file && license !== "MIT") throw new Error(`Expected ${name} to come with its licence, but it does not.`);
    const text = file ? await readFile(join(root, file), "utf8") : mit(author?.name ?? author ?? `the authors of ${name}`);
    parts.push(`${"=".repeat(100)}\n${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  await write("licences.txt", parts.join("\n"));
}

await bundle(["js/app.js", "js/viewer.js", "js/modeler.js"]);
await styles("scss/app.scss");
await copy("img/mark.svg");
await licences();
await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest, Object.keys(manifest).sort(), 1) + "\n");
