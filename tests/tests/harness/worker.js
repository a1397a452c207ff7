// A worker that answers pages from its cache, and tells the site of each sync event.
self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open("shell").then((cache) => cache.add("/")));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).catch(() => caches.match("/")));
});
self.addEventListener("sync", (event) => event.waitUntil(fetch("/synced")));
self.addEventListener("message", (event) => {
  fetch("/ping").then(
    () => event.source.postMessage("online"),
    () => event.source.postMessage("offline"),
  );
});
console.log("the worker has started");
