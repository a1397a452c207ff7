// The people of the demo, who read and write over the API as its documentation says.
//
// Invariant: what they write is applied, or the test fails with the server's own words.

import { randomUUID } from 'node:crypto'

const PASSWORD = 'turns-demo'
const LIMIT_MS = 15_000

export class Person {
  constructor(server, user, token) {
    this.server = server
    this.user = user
    /** What a client of any make sends along. */
    this.headers = { Authorization: `Bearer ${token}` }
  }

  static async signIn(server, name) {
    const credentials = { email: `${name}@example.com`, password: PASSWORD }
    const { user, token } = await ask(`${server.url}/api/auth/login`, 'POST', {}, credentials)
    return new Person(server, user, token)
  }

  /** Where a shape is followed. */
  shape(table) {
    return `${this.server.url}/api/sync/${table}`
  }

  /** Posts a write; gives its receipt. */
  write(table, write) {
    return ask(`${this.server.url}/api/write/${table}`, 'POST', this.headers, { writeId: randomUUID(), ...write })
  }

  /** Changes an account; only administrators may. */
  changeAccount(person, changes) {
    return ask(`${this.server.url}/api/admin/users/${person.user.id}`, 'PATCH', this.headers, changes)
  }

  /** A new home that nobody else works on. */
  async newHome() {
    const id = randomUUID()
    const home = { id, property_number: id, name: '12 Elm Street', street_address: '12 Elm Street', city: 'Tulsa' }
    return (await this.write('properties', { operation: 'create', data: home })).property
  }

  /** A new turn of a new home; gives its receipt. */
  async newTurn(columns = {}) {
    const home = await this.newHome()
    const data = { property_id: home.id, ...columns }
    return this.write('turns', { operation: 'create', turnId: randomUUID(), data })
  }

  /** Changes columns of a turn; gives the receipt. */
  update(turn, data) {
    return this.write('turns', { operation: 'update', turnId: turn.id, version: turn.version, data })
  }

  /** Gives a turn's home, and with it the turn, to a manager; gives the receipt. */
  async handOver(turn, manager) {
    const homes = await this.rows('properties')
    const { id, version } = homes.find((home) => home.id === turn.property_id)
    const data = { property_manager_id: manager.user.id }
    return this.write('properties', { operation: 'update', propertyId: id, version: Number(version), data })
  }

  /** All rows of a shape, as the server has them in a first answer. */
  async rows(table) {
    const messages = await ask(`${this.shape(table)}?offset=-1`, 'GET', this.headers)
    return messages.filter((message) => message.value).map((message) => message.value)
  }

  /** The log is trimmed right after the server's start, but nothing says when that is done: asks until a place is gone. */
  async trimmed(table, offset, handle) {
    const limit = AbortSignal.timeout(LIMIT_MS)
    for (let status; status !== 409; ) {
      const place = `${this.shape(table)}?offset=${offset}&handle=${handle}`
      const answer = await fetch(place, { headers: this.headers, signal: limit })
      await answer.arrayBuffer()
      status = answer.status
    }
  }
}

async function ask(url, method, headers, body) {
  const type = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method, headers: { ...type, ...headers }, body: body && JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}
