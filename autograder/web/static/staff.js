// Keys for those who mark; every page works without them.
"use strict";

const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

// A key presses what carries it: j k f u and the numbers; c goes to the comment.
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

// In code, arrows go from line to line; Enter is the link's own.
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

// A remark of the bank goes behind what stands there.
document.addEventListener("change", (event) => {
  const into = event.target.dataset && document.getElementById(event.target.dataset.into);
  if (!into || !event.target.value) return;
  into.value = [into.value.trimEnd(), event.target.value].filter(Boolean).join("\n\n");
  event.target.value = "";
  into.focus();
});

// After a part of the page was put in anew: the focus goes back to where it was, times are local.
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
