// Keyboard shortcuts for grading; every page works without them.
"use strict";

const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

// j, k, f, u and the numbers press the element with that key; c focuses the comment.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    const save = event.target.form.querySelector("button");
    if (save) { event.preventDefault(); save.click(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (moveInSource(event)) return;
  const key = CSS.escape(event.key);
  const focus = document.querySelector(`[data-focus="${key}"]`);
  const press = document.querySelector(`[data-key="${key}"]`);
  if (focus) { event.preventDefault(); focus.focus(); }
  else if (press && !press.disabled) { event.preventDefault(); press.click(); }
});

// In code, arrow keys move between lines; Enter follows the line's link.
function moveInSource(event) {
  const here = event.target.closest(".source .number");
  if (!here || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return false;
  const all = [...here.closest(".source").querySelectorAll(".number")];
  const at = all.indexOf(here);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  const next = all[Math.min(Math.max(to, 0), all.length - 1)];
  here.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  event.preventDefault();
  return true;
}

// Append the chosen remark of the comment bank to the text.
document.addEventListener("change", (event) => {
  const into = event.target.dataset && document.getElementById(event.target.dataset.into);
  if (!into || !event.target.value) return;
  into.value = [into.value.trimEnd(), event.target.value].filter(Boolean).join("\n\n");
  event.target.value = "";
  into.focus();
});

// After htmx replaces a part of the page, restore the focus and show local times.
let focused = "";
document.addEventListener("htmx:beforeSwap", () => {
  focused = document.activeElement ? document.activeElement.id : "";
});
document.addEventListener("htmx:afterSwap", () => {
  const part = document.getElementById("answer");
  if (part) localTimes(part);
  const form = document.getElementById("line-text");
  const back = form || (focused && document.getElementById(focused));
  if (back) back.focus();
});
