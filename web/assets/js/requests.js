// Requests of our own scripts carry the token that the server checks (templates/base.html has it).

export function csrfHeaders() {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  return token ? { "X-CSRFToken": token } : {};
}

// POST, and the JSON of the answer. An Error says what the server said where it refuses, or sends something else.
export async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json", ...csrfHeaders(), ...headers } });
  if (response.redirected) {
    throw new Error("Expected you to be signed in, but the session has ended. Sign in in another window: your work is kept here.");
  }
  if (response.status === 413) {
    throw new Error("The file is too large: it is larger than the server takes (PUJIANG_MAX_REQUEST_KIB).");
  }
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("application/json")) {
    throw new Error(`Expected ${url} to answer, but it said ${response.status} ${response.statusText}.`);
  }
  return response.json();
}
