// On every page: htmx, the behaviour of form components, drafts, and the keyboard. Pages work without any of it.

import { Button, CharacterCount, ErrorSummary, PasswordInput, createAll } from "govuk-frontend";
import htmx from "htmx.org";

import { keepConditions } from "./conditions.js";
import { keepDrafts } from "./drafts.js";
import { listenToKeys } from "./keys.js";
import { csrfHeaders } from "./requests.js";

window.htmx = htmx;

document.body.classList.add("js-enabled", "govuk-frontend-supported");
for (const component of [Button, CharacterCount, ErrorSummary, PasswordInput]) createAll(component);

document.addEventListener("htmx:config:request", (event) => {
  Object.assign(event.detail.ctx.request.headers, csrfHeaders());
});

keepConditions(document);
keepDrafts(document);
listenToKeys(document);
