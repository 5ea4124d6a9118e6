// Requests of our own scripts carry the token that the server checks (templates/base.html has it).

export function csrfHeaders() {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  return token ? { "X-CSRFToken": token } : {};
}

// POST, and the JSON of the answer; an Error that says what the server said where it refuses.
export async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json", ...csrfHeaders(), ...headers } });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : null;
  if (!response.ok && !answer?.problems) {
    throw new Error(answer?.message ?? `Expected ${url} to answer, but it said ${response.status} ${response.statusText}.`);
  }
  return answer;
}
