// Fields that come and go with what is filled in. <form data-conditions="URL"> is sent there after each change; the
// answer {hidden: [name]} says which of its [data-field="name"] do not apply. The server decides, so that the page and
// the check after sending cannot differ.

import { post } from "./requests.js";

const PAUSE = 250; // milliseconds

export function keepConditions(root) {
  for (const form of root.querySelectorAll("form[data-conditions]")) follow(form);
}

function follow(form) {
  let timer = null;

  async function ask() {
    const { hidden } = await post(form.dataset.conditions, new URLSearchParams(new FormData(form)));
    for (const field of form.querySelectorAll("[data-field]")) {
      field.classList.toggle("pj-hidden-field", hidden.includes(field.dataset.field));
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    // Where the server does not answer, every field stays as it is; sending the form says what is missing.
    timer = setTimeout(() => ask().catch(() => {}), PAUSE);
  });
}
