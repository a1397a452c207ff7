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

// Encryption takes a while, once; whatever `meanwhile` does has been done by then.
export const slow_encryption = (meanwhile) => slow_once("encrypt", meanwhile);
export const slow_decryption = (meanwhile) => slow_once("decrypt", meanwhile);

function slow_once(name, meanwhile) {
  const end = replaced(SubtleCrypto.prototype, name, (real) => async function (...args) {
    end();
    await meanwhile();
    return real.apply(this, args);
  });
}

export function no_encryption() {
  return replaced(SubtleCrypto.prototype, "encrypt", () => () => Promise.reject(fault("OperationError")));
}

// Everything that lies in a database, as text; bytes and keys by their kind.
export async function everything_in(name) {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const all = (store) => new Promise((resolve, reject) => {
    const request = database.transaction(store).objectStore(store).getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const found = {};
  for (const store of database.objectStoreNames) found[store] = await all(store);
  const exports = await Promise.allSettled(found.keys.map((key) => crypto.subtle.exportKey("raw", key)));
  database.close();
  const shown = (_, value) => (value instanceof Uint8Array ? `${value.length} bytes` : value instanceof CryptoKey ? "key" : value);
  return JSON.stringify({ ...found, shownKeys: exports.filter(({ status }) => status === "fulfilled").length }, shown);
}

// Opens a handed-over file as any program would: the text, or nothing where the passphrase is wrong.
export async function opened_file(file, passphrase) {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const { format, version, iterations, salt, nonce, content } = JSON.parse(file);
  if (format !== "turns-device-writes" || version !== 2) throw new Error(`${format} ${version}`);
  const base = await crypto.subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations }, base, 256);
  const key = await crypto.subtle.importKey("raw", bits, "AES-GCM", false, ["decrypt"]);
  const plain = crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(nonce) }, key, bytes(content));
  return plain.then((text) => new TextDecoder().decode(text), () => undefined);
}

// The browser knows that there is no network.
export function no_network() {
  const real = Object.getOwnPropertyDescriptor(Navigator.prototype, "onLine");
  Object.defineProperty(Navigator.prototype, "onLine", { ...real, get: () => false });
  return () => Object.defineProperty(Navigator.prototype, "onLine", real);
}
