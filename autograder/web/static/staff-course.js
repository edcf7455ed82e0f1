// Live updates of the course pages; every page works without them.
"use strict";

// Show times in parts loaded by htmx in the reader's time zone.
document.body.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) localTimes(event.detail.elt);
});

// A download does not leave the page, so re-enable its buttons.
document.addEventListener("submit", (event) => {
  if (!event.submitter || !event.submitter.hasAttribute("data-stays")) return;
  setTimeout(() => {
    for (const button of event.target.querySelectorAll("button")) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }, 50);
});
