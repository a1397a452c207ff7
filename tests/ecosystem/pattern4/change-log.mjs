// Sends the changes to the server's write API, in order, one at a time, for as long as there are any.
//
// Invariant: a change is sent until there is an answer that says what became of it. Its write id makes that safe: the
// server applies it once and answers the same each time.

const AGAIN_AFTER_MS = 100
const AGAIN_AFTER_AT_MOST_MS = 10_000
/** Answers that say nothing of the change: signed out, too many requests. Whatever is no answer of the server's is one too. */
const LATER = new Set([401, 408, 429])

export class ChangeLog {
  #isEnded = false
  #failures = 0

  /** @param server `{ url, headers }` of the API */
  constructor(db, server) {
    this.db = db
    this.server = server
  }

  async start() {
    this.stopListening = await this.db.listen('changes', () => this.wake())
    this.wake()
  }

  /** Completes when nothing is being sent any more; what is left waits in the table for the next start. */
  async end() {
    this.#isEnded = true
    clearTimeout(this.timer)
    await this.stopListening?.()
    await this.sending
  }

  /** Looks for changes to send; while it does so already, it will find them by itself. */
  wake() {
    if (this.#isEnded || this.sending) return
    clearTimeout(this.timer)
    this.sending = this.#sendAll().finally(() => (this.sending = undefined))
  }

  async #sendAll() {
    try {
      for (let change; !this.#isEnded && (change = await this.#first()); this.#failures = 0) await this.#send(change)
    } catch (error) {
      this.lastError = error
      const wait = Math.min(AGAIN_AFTER_MS * 2 ** this.#failures++, AGAIN_AFTER_AT_MOST_MS)
      this.timer = setTimeout(() => this.wake(), wait)
    }
  }

  async #first() {
    const { rows } = await this.db.query('SELECT * FROM changes WHERE txid IS NULL ORDER BY id LIMIT 1')
    return rows[0]
  }

  async #send(change) {
    const { write_id, table_name, row_id, operation, data, version, after } = change
    const write = { writeId: write_id, rowId: row_id, operation, data, after, ...(version !== null && { version: Number(version) }) }
    const answer = await fetch(`${this.server.url}/api/write/${table_name}`, {
      method: 'POST',
      headers: { ...this.server.headers, 'content-type': 'application/json' },
      body: JSON.stringify(write),
    })
    if (answer.status >= 500 || LATER.has(answer.status)) throw new Error(`the server answered ${answer.status}`)
    const said = await answer.json()
    if (said.success) await this.#applied(change, said)
    else await this.#refused(change, said.error)
  }

  #applied(change, receipt) {
    return this.db.transaction(async (tx) => {
      // A row that has left the user's sight is not brought by a shape: there is nothing to wait for.
      if (receipt.inShape) await tx.query('UPDATE changes SET txid = $2 WHERE id = $1', [change.id, receipt.txid])
      else await tx.query('DELETE FROM changes WHERE id = $1', [change.id])
      // The shape may have been quicker than the receipt.
      await tx.query('SELECT settle()')
    })
  }

  /** Takes a change back. What was built on it is refused by the server in its turn, for it names this one. */
  #refused(change, problem) {
    const refuse = `WITH gone AS (DELETE FROM changes WHERE id = $1 RETURNING *) INSERT INTO refusals SELECT gone.*, $2 FROM gone`
    return this.db.query(refuse, [change.id, problem])
  }
}
