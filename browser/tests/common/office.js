// An office in the page: stands in for the server behind fetch and EventSource.
// mode: "up", "down" (nothing answers), "captive" (a hotel's sign-in page answers), "signed-out" (401)

const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });
const problem = (status, type) => json(status, { success: false, error: { type, message: type } });

const isCompressed = (request) => request.headers.get("content-encoding") === "gzip";
const said = (request) => (isCompressed(request) ? new Response(request.body.pipeThrough(new DecompressionStream("gzip"))) : request).json();

class Office {
  constructor(user, rows) {
    Object.assign(this, { mode: "up", user, log: {}, receipts: new Map(), uploads: new Map(), requests: [], bells: new Set(), lost: 0 });
    for (const [table, row] of rows) this.append(table, "insert", row.id, row);
  }

  append(table, operation, id, value) {
    (this.log[table] ??= []).push({ key: `"public"."${table}"/"${id}"`, value: { ...value, id }, headers: { operation } });
  }

  ring(tables) {
    for (const bell of this.bells) bell.dispatchEvent(new MessageEvent("news", { data: JSON.stringify({ tables }) }));
  }

  async answer(request) {
    const url = new URL(request.url), path = url.pathname;
    if (!path.startsWith("/api/")) return real.fetch(request);
    const body = request.method === "POST" && path.startsWith("/api/w") ? await said(request) : null;
    if (isCompressed(request)) this.requests.push("compressed");
    this.requests.push(`${request.method} ${path}`);
    if (this.mode === "down") throw new TypeError("Failed to fetch");
    if (this.mode === "captive") return new Response("<html>Welcome to Hotel Elm</html>");
    if (path === "/api/auth/login") {
      this.mode = "up";
      return json(200, { user: this.user, token: "t", shapes: Object.keys(this.log), sealKey: sealKey(this.user.id) });
    }
    if (path === "/api/auth/logout") return json(200, { success: true });
    if (this.mode === "signed-out") return problem(401, "UNAUTHENTICATED");
    if (path === "/api/auth/session") return json(200, { user: this.user, shapes: Object.keys(this.log) });
    if (path === "/api/write/batch") return this.write(body);
    if (path.startsWith("/api/upload/resumable")) return this.upload(request, path);
    return this.shape(path.split("/").pop(), url.searchParams.get("offset"), url.searchParams.get("handle"));
  }

  // As tus has it: what has come counts, whatever the device hears of it.
  async upload(request, path) {
    const fault = uploadFaults.shift();
    if (fault === "request-lost") throw new TypeError("Failed to fetch");
    if (typeof fault === "number") return new Response(null, { status: fault, headers: { "tus-resumable": "1.0.0" } });
    const answer = await this.take(request, path);
    if (fault === "answer-lost") throw new TypeError("Failed to fetch");
    return new Response(null, { status: answer.status, headers: { ...answer.headers, "tus-resumable": "1.0.0" } });
  }

  async take(request, path) {
    if (request.method === "POST") {
      const about = Object.fromEntries(request.headers.get("upload-metadata").split(",").map((pair) => pair.split(" ")).map(([name, value]) => [name, atob(value)]));
      const address = `/api/upload/resumable/${this.uploads.size + 1}`;
      this.uploads.set(address, { about, length: Number(request.headers.get("upload-length")), bytes: new Uint8Array() });
      return { status: 201, headers: { location: address } };
    }
    const upload = this.uploads.get(path);
    if (!upload) return { status: 404 };
    if (request.method === "PATCH") {
      if (Number(request.headers.get("upload-offset")) !== upload.bytes.length) return { status: 409 };
      const piece = new Uint8Array(await request.arrayBuffer());
      this.requests.push(`${piece.length} bytes`);
      upload.bytes = new Uint8Array([...upload.bytes, ...piece]);
    }
    return { status: request.method === "PATCH" ? 204 : 200, headers: { "upload-offset": `${upload.bytes.length}` } };
  }

  shape(table, offset, handle) {
    const log = this.log[table] ?? [];
    const kept = `${this.lost + 1}`;
    if (offset !== "-1" && handle !== kept) return json(409, [{ headers: { control: "must-refetch" } }], { "electric-handle": kept });
    const messages = log.slice(offset === "-1" ? 0 : Number(offset.split("_")[0]));
    const headers = { "electric-handle": kept, "electric-offset": `${log.length}_0` };
    return json(200, [...messages, { headers: { control: "up-to-date" } }], headers);
  }

  write({ operations, userId }) {
    // As the server does: a drain that began before a sign-out may still send, and nothing is taken from it.
    if (userId !== this.user.id) return problem(401, "UNAUTHENTICATED");
    this.requests.push("accepted writes");
    const tables = new Set();
    const results = operations.map((write) => {
      if (!this.receipts.has(write.writeId)) {
        const version = (write.version ?? 0) + 1;
        this.append(write.table, write.operation === "create" ? "insert" : "update", write.rowId, { ...write.data, version: `${version}` });
        this.receipts.set(write.writeId, { writeId: write.writeId, status: 200, success: true, version, txid: "1", inShape: true });
        tables.add(write.table);
      }
      return this.receipts.get(write.writeId);
    });
    setTimeout(() => this.ring([...tables]), 5);
    return json(200, { success: true, results });
  }
}

// The same for a user for ever, as the server has it; `key_ring` 0 gives none, another number other keys.
let keyRing = 1;
const sealKey = (user) => (keyRing ? btoa(String.fromCharCode(...Array(32).fill(user.charCodeAt(35) + keyRing))) : undefined);

export function key_ring(number) {
  keyRing = number;
}

let office;
const real = { fetch: window.fetch.bind(window) };

export function open_office(user, rows) {
  office = new Office(JSON.parse(user), JSON.parse(rows));
  window.fetch = (request) => office.answer(request);
  window.EventSource = class extends EventTarget {
    constructor() {
      super();
      office.bells.add(this);
      const first = office.mode === "up" ? new MessageEvent("news", { data: JSON.stringify({ tables: Object.keys(office.log) }) }) : new Event("error");
      setTimeout(() => this.dispatchEvent(first), 1);
    }
    close() {
      office.bells.delete(this);
    }
  };
}

export function office_goes(mode) {
  office.mode = mode;
  if (mode !== "up") for (const bell of [...office.bells]) bell.dispatchEvent(new Event("error"));
}

export function colleague_writes(table, id, value) {
  office.append(table, "update", id, JSON.parse(value));
  office.ring([table]);
}

// The logs are begun anew, with the rows as they stand: every place in them is lost.
export function lose_logs() {
  office.lost += 1;
  for (const [table, log] of Object.entries(office.log)) {
    const rows = new Map();
    for (const { key, value } of log) rows.set(key, { ...rows.get(key), ...value });
    office.log[table] = [...rows].map(([key, value]) => ({ key, value, headers: { operation: "insert" } }));
  }
  office.ring(Object.keys(office.log));
}

export function requests() {
  return office.requests.splice(0).join(", ");
}

// What goes wrong with the next requests about uploads: "request-lost", "answer-lost", a status, or nothing.
let uploadFaults = [];
export function upload_faults(faults) {
  uploadFaults = JSON.parse(faults);
}

// What has come, by document: how many bytes, and their digest.
export async function uploaded() {
  const found = {};
  for (const { about, length, bytes } of office.uploads.values()) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hash = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (bytes.length === length) found[about.documentId] = { ...about, length, hash };
  }
  return JSON.stringify(found);
}

export function forget_uploads() {
  office.uploads.clear();
}

export function network_returns() {
  window.dispatchEvent(new Event("online"));
}
