// Faults of a browser's storage, at its edge: what is asked of IndexedDB fails as a browser lets it fail.
// Each gives back the function that ends it.

const replaced = (prototype, name, make) => {
  const real = prototype[name];
  prototype[name] = make(real);
  return () => (prototype[name] = real);
};
const fault = (name) => new DOMException("provoked", name);

// Nothing can be opened, and no connection lives on.
export function storage_gone() {
  const refuse = () => () => { throw fault("UnknownError"); };
  const ends = [replaced(IDBFactory.prototype, "open", refuse), replaced(IDBDatabase.prototype, "transaction", refuse)];
  return () => ends.forEach((end) => end());
}

// No room for these stores; with `until_cleared`, only until something else was cleared.
export function no_room_for(stores, until_cleared) {
  let full = true;
  const names = stores.split(",");
  const put = replaced(IDBObjectStore.prototype, "put", (real) => function (...args) {
    if (full && names.includes(this.name)) throw fault("QuotaExceededError");
    return real.apply(this, args);
  });
  const clear = replaced(IDBObjectStore.prototype, "clear", (real) => function () {
    if (until_cleared) full = false;
    return real.apply(this);
  });
  return () => { put(); clear(); };
}

// What these stores hold cannot be read any more.
export function unreadable(stores) {
  const names = stores.split(",");
  return replaced(IDBObjectStore.prototype, "getAll", (real) => function (...args) {
    if (names.includes(this.name)) throw fault("NotReadableError");
    return real.apply(this, args);
  });
}

// What "clear site data" does to an open app.
export function delete_database(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = resolve;
    request.onerror = () => reject(request.error);
  });
}

export function person_comes_back() {
  document.dispatchEvent(new Event("visibilitychange"));
}
