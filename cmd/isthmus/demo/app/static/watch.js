// Looks again when the session changed elsewhere. A page that nobody sees does
// not ask, for a browser has few connections to one address.
const { seen } = document.currentScript.dataset;
let watch;

function follow() {
  watch?.close();
  if (document.hidden) return;
  watch = new EventSource("/watch?seen=" + seen);
  watch.addEventListener("news", () => location.reload());
}

addEventListener("visibilitychange", follow);
addEventListener("submit", () => watch?.close());
follow();
