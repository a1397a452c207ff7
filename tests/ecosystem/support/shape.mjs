// A shape as Electric's own client materialises it, and the end of it.
//
// Invariant: nothing is done for the client: what it makes of the server's answers is what is looked at.

import { Shape, ShapeStream } from '@electric-sql/client'
import { when } from './when.mjs'

export class Followed {
  #stop = new AbortController()

  constructor(person, table, options = {}) {
    this.stream = new ShapeStream({
      url: person.shape(table),
      headers: person.headers,
      signal: this.#stop.signal,
      onError: (error) => void (this.error = error),
      ...options,
    })
    this.shape = new Shape(this.stream)
  }

  /** Follows a shape and waits until it is complete. */
  static async complete(person, table, options) {
    const followed = new Followed(person, table, options)
    await followed.when(`${table} is complete`, () => followed.stream.isUpToDate)
    return followed
  }

  get rows() {
    return this.shape.currentRows
  }

  row(id) {
    return this.rows.find((row) => row.id === id)
  }

  /** Completes when `look` gives something; asked each time the client says that something changed. */
  when(what, look) {
    const lookOrFail = () => {
      if (this.error) throw this.error
      return look()
    }
    return when(what, (again) => this.shape.subscribe(again), lookOrFail)
  }

  /** Completes when the shape has the row, and it is as `is` says. */
  whenRow(what, { id }, is = () => true) {
    return this.when(what, () => this.row(id) && is(this.row(id)))
  }

  /** Completes when the shape has no such row. */
  whenGone(what, { id }) {
    return this.when(what, () => !this.row(id))
  }

  end() {
    this.#stop.abort()
  }
}

/** Every message of a stream, in order, as it comes. */
export class Heard {
  messages = []
  #listeners = new Set()

  constructor(stream) {
    stream.subscribe((messages) => {
      this.messages.push(...messages)
      for (const listener of this.#listeners) listener()
    })
  }

  /** The changes so far: operation, value and old value. */
  get changes() {
    const changes = this.messages.filter((message) => message.value)
    return changes.map(({ headers, value, old_value }) => ({ operation: headers.operation, value, old_value }))
  }

  when(what, look) {
    const listen = (again) => {
      this.#listeners.add(again)
      return () => this.#listeners.delete(again)
    }
    return when(what, listen, look)
  }
}
