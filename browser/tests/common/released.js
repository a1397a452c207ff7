// Databases as released versions of the app made them: object stores, keys and values by the plain interface of the browser.

// A connection of a released layout, with what `content` says in it; it closes as its app did, or `ignores` who waits.
export function open_released(name, version, content, ignores) {
  const { notes, outbox, history, snapshots, rows, places } = JSON.parse(content);
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onerror = () => reject(request.error);
    request.onupgradeneeded = () => {
      const database = request.result;
      for (const store of ["outbox", "history"]) database.createObjectStore(store, { keyPath: "writeId" });
      for (const store of ["snapshots", "rows", "places", "notes"]) database.createObjectStore(store);
      if (version >= 2) for (const store of ["seals", "keys"]) database.createObjectStore(store);
      const to = (store) => request.transaction.objectStore(store);
      for (const record of outbox) to("outbox").put(record);
      for (const record of history) to("history").put(record);
      for (const [key, text] of snapshots) to("snapshots").put(text, key);
      for (const [key, text] of rows) to("rows").put(text, key);
      for (const [table, text] of Object.entries(places)) to("places").put(text, table);
      for (const [note, text] of Object.entries(notes)) to("notes").put(text, note);
    };
    request.onsuccess = () => {
      if (!ignores) request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}

export function close(database) {
  database.close();
}
