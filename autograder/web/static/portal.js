// Conveniences; every page works without them.
"use strict";

// Show times in the reader's time zone; the server sends them in the course's.
function localTimes(root) {
  const clock = new Intl.DateTimeFormat("sv-SE", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = time.textContent.trim();
    time.textContent = clock.format(moment) + " ";
    const small = document.createElement("small");
    small.textContent = zone;
    time.append(small);
  }
}

// A personal link ends in #code: browsers never send that part, so it stays out of every log.
function signInFromLink() {
  const form = document.getElementById("sign-in");
  const code = location.hash.slice(1);
  if (!form || !/^[0-9A-Za-z-]{20,40}$/.test(code)) return;
  history.replaceState(null, "", location.pathname);
  form.elements.code.value = code;
  form.requestSubmit();
}

// Show the time left of a sprint, by the server's clock and not this machine's.
function countDown() {
  const words = document.querySelector("[data-deadline]");
  const left = document.querySelector("[data-left]");
  if (!words || !left) return;
  const end = Date.parse(words.dataset.deadline);
  const ahead = Date.parse(words.dataset.now) - Date.now();
  const show = () => {
    const seconds = Math.max(0, Math.round((end - Date.now() - ahead) / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    left.textContent = `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    left.classList.toggle("soon", seconds < 300);
    if (seconds === 0) { clearInterval(timer); setTimeout(() => location.reload(), 3000); }
  };
  const timer = setInterval(show, 1000);
  show();
}

localTimes(document);
signInFromLink();
addEventListener("hashchange", signInFromLink);
countDown();
document.body.addEventListener("htmx:afterSwap", () => {
  const state = document.getElementById("state");
  if (state) localTimes(state);
});
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button");
  if (button) setTimeout(() => { button.disabled = true; button.setAttribute("aria-busy", "true"); });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});
