// What is typed into <form data-draft="URL"> is sent there a moment later, so that nothing is lost with the window.
// [data-draft-status] inside the form says when. The server keeps it for this person and this form; it answers 204.

import { csrfHeaders } from "./requests.js";

const PAUSE = 1000; // milliseconds without typing

// A session that ended answers 400 or 401. Sending the form shows what was typed once more, whatever happened.
const SIGNED_OUT = "Draft not saved: you are signed out. Press “Save draft”: nothing typed is lost, and you are told how to go on.";
const REFUSED = {
  400: SIGNED_OUT,
  401: SIGNED_OUT,
  403: "Draft not saved: this is no longer yours to do. Press “Save draft” to see why; what you typed stays in sight.",
  409: "Draft not saved: this is done already. Press “Save draft” to see by whom; what you typed stays in sight.",
};

// As every other time on the pages is told, wherever the browser is.
function time() {
  return new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
}

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
      say(response.ok ? `Draft saved at ${time()}` : REFUSED[response.status] ?? `Draft not saved: the server said ${response.status}.`);
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
