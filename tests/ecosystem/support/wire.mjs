// A wire between a client and the server that can be cut: a tablet that is carried into a basement.
//
// Invariant: while it is cut no byte passes, and whoever was connected notices.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export class Wire {
  #sockets = new Set()
  #isCut = false
  #bytesUntilCut = Infinity
  #wasCut = () => {}

  constructor(listener, server) {
    this.listener = listener
    this.url = `http://127.0.0.1:${listener.address().port}`
    listener.on('connection', (client) => this.#join(client, connect(server.port, '127.0.0.1')))
  }

  static async to(server) {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new Wire(listener, server)
  }

  /** From now on nothing passes. */
  cut() {
    this.#isCut = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** From now on everything passes. */
  mend() {
    this.#isCut = false
    this.#bytesUntilCut = Infinity
  }

  /** Cuts it in the middle of an answer, once so many bytes of answers have passed; completes then. */
  cutAfter(bytes) {
    this.#bytesUntilCut = bytes
    return new Promise((resolve) => (this.#wasCut = resolve))
  }

  /** Ends it for good. */
  remove() {
    this.cut()
    this.listener.close()
  }

  #join(client, server) {
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (bytes) => server.write(bytes))
    server.on('data', (bytes) => this.#answer(client, bytes))
    if (this.#isCut) client.resetAndDestroy()
  }

  #answer(client, bytes) {
    const passing = bytes.subarray(0, Math.min(bytes.length, this.#bytesUntilCut))
    this.#bytesUntilCut -= passing.length
    if (this.#bytesUntilCut > 0) return client.write(passing)
    client.write(passing, () => {
      this.cut()
      this.#wasCut()
    })
  }
}
