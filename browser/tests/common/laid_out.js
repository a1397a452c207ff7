// How a database lies there, seen from outside of the app: its stores, and everything in them.

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// Version, and for each store how it keys and what it holds; bytes and keys by their kind.
export async function laid_out(name) {
  const database = await done(indexedDB.open(name));
  const stores = [];
  for (const store of database.objectStoreNames) {
    const open = () => database.transaction(store).objectStore(store);
    const { keyPath, autoIncrement, indexNames } = open();
    const [keys, values] = [await done(open().getAllKeys()), await done(open().getAll())];
    const how = { keyPath, autoIncrement, indexes: [...indexNames] };
    stores.push({ store, how, entries: keys.map((key, place) => [key, values[place]]) });
  }
  const { version } = database;
  database.close();
  const shown = (_, value) => {
    if (value instanceof Uint8Array) return { Uint8Array: value.length };
    if (value instanceof CryptoKey) return { CryptoKey: value.algorithm.name, extractable: value.extractable, usages: value.usages };
    return value;
  };
  return JSON.stringify({ version, stores }, shown);
}

// What is in the one seal, opened with a key of 32 times this byte.
export async function sealed_text(name, byte) {
  const database = await done(indexedDB.open(name));
  const [seal] = await done(database.transaction("seals").objectStore("seals").getAll());
  database.close();
  const key = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(byte), "AES-GCM", false, ["decrypt"]);
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: seal.nonce }, key, seal.content);
  return new TextDecoder().decode(text);
}
