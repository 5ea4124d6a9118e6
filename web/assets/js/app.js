// On every page: the behaviour of form components, drafts, and the keyboard. Pages work without any of it.

import { Button, CharacterCount, ErrorSummary, PasswordInput, createAll } from "govuk-frontend";

import { keepConditions } from "./conditions.js";
import { keepDrafts } from "./drafts.js";
import { listenToKeys } from "./keys.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
for (const component of [Button, CharacterCount, ErrorSummary, PasswordInput]) createAll(component);

keepConditions(document);
keepDrafts(document);
listenToKeys(document);
