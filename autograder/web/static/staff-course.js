// The pages of the course follow what is being done; every page works without this.
"use strict";

// What htmx has brought: times in the reader's own zone.
document.body.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) localTimes(event.detail.elt);
});

// A download leaves the page where it is, so its buttons stay usable.
document.addEventListener("submit", (event) => {
  if (!event.submitter || !event.submitter.hasAttribute("data-stays")) return;
  setTimeout(() => {
    for (const button of event.target.querySelectorAll("button")) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }, 50);
});
