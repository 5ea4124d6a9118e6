// What is typed into <form data-draft="URL"> is sent there a moment later, so that nothing is lost with the window.
// [data-draft-status] inside the form says when. The server keeps it for this person and this form; it answers 204.

import { csrfHeaders } from "./requests.js";

const PAUSE = 1000; // milliseconds without typing

export function keepDrafts(root) {
  for (const form of root.querySelectorAll("form[data-draft]")) keepDraft(form);
}

function keepDraft(form) {
  const status = form.querySelector("[data-draft-status]");
  let timer = null;

  async function save() {
    clearTimeout(timer);
    timer = null;
    try {
      const body = new URLSearchParams(new FormData(form));
      const response = await fetch(form.dataset.draft, { method: "POST", body, headers: csrfHeaders(), keepalive: true });
      if (!response.ok) throw new Error(response.statusText);
      say(`Draft saved at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
    } catch {
      say("Draft not saved: no answer. It is tried again when you type on.");
    }
  }

  function say(text) {
    if (status) status.textContent = text;
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && timer !== null) save();
  });
}
