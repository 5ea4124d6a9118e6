// One key for what is done a hundred times a day: an element with data-key="x" is focused, or followed if it is a link
// or a button. j and k go down and up through the links marked data-row. Nothing happens while one types.

export function listenToKeys(root) {
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "j" || event.key === "k") step(root, event.key === "j" ? 1 : -1);
    const target = root.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("a, button, summary")) target.click();
    else target.focus();
  });
}

function isTyping(element) {
  return element.isContentEditable || element.matches("input, textarea, select") || element.closest("[data-own-keys]");
}

function step(root, by) {
  const rows = [...root.querySelectorAll("[data-row]")];
  const here = rows.indexOf(root.activeElement);
  rows.at(Math.max(0, Math.min(rows.length - 1, here + by)))?.focus();
}
