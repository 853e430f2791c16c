// Looks again when the session changed elsewhere.
const watch = new EventSource("/watch");
watch.addEventListener("news", () => location.reload());
addEventListener("submit", () => watch.close());
