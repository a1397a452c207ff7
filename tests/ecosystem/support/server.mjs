// The server as a process of its own: a temporary database file, a free port, and an end that may come at any time.
//
// Invariant: after a restart it is at the same address with the same file, as a machine that was rebooted.

import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const PROGRAM = process.env.TURNS_SERVER
const READY = 'Turns is ready at '
const READY_WITHIN_MS = 30_000

// One person asks here faster than a person can.
const WITHOUT_LIMITS = Object.fromEntries(['WRITES', 'AUTH', 'SHAPES'].map((budget) => [`RATE_LIMIT_${budget}`, 'off']))

export class TurnsServer {
  #process
  #log = ''

  constructor(folder, port, settings) {
    this.folder = folder
    this.port = port
    this.settings = settings
    this.url = `http://127.0.0.1:${port}`
  }

  /** A server with a small demo and these settings, ready to answer. */
  static async start(settings = {}) {
    if (!PROGRAM) throw new Error('set TURNS_SERVER to the built server: target/debug/turns-server')
    const folder = await mkdtemp(join(tmpdir(), 'turns-ecosystem-'))
    const server = new TurnsServer(folder, await freePort(), settings)
    await server.restart()
    return server
  }

  /** Starts it again, with these settings besides; ends it first where it runs. */
  async restart(settings = {}) {
    await this.kill()
    const address = { HOST: '127.0.0.1', PORT: `${this.port}`, DATABASE_URL: `sqlite://${this.#file('turns.db')}?mode=rwc` }
    this.#process = spawn(PROGRAM, ['--demo', '12', '--past-turns', '0'], {
      cwd: this.folder,
      env: { ...process.env, ...WITHOUT_LIMITS, ...address, ...this.settings, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stderr.on('data', (text) => (this.#log += text))
    await this.#ready()
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill() {
    const running = this.#process
    this.#process = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }

  /** Ends it for good, and removes what it kept. */
  async remove() {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Keeps a copy of the database; the server must not run. */
  async backUp() {
    for (const ending of ['', '-wal']) await this.#copy(`turns.db${ending}`, `backup.db${ending}`)
  }

  /** Lays the copy back in its place; the server must not run. */
  async restoreBackup() {
    await rm(this.#file('turns.db-shm'), { force: true })
    for (const ending of ['', '-wal']) await this.#copy(`backup.db${ending}`, `turns.db${ending}`)
  }

  async #copy(from, to) {
    await rm(this.#file(to), { force: true })
    await cp(this.#file(from), this.#file(to)).catch((error) => {
      // There is no write-ahead log where all of it is in the file already.
      if (error.code !== 'ENOENT') throw error
    })
  }

  #file(name) {
    return join(this.folder, name)
  }

  async #ready() {
    const lines = createInterface({ input: this.#process.stdout })
    const ready = new Promise((resolve, reject) => {
      lines.on('line', (line) => line.startsWith(READY) && resolve())
      lines.on('close', () => reject(new Error(`the server ended before it was ready:\n${this.#log}`)))
      setTimeout(() => reject(new Error(`the server is not ready:\n${this.#log}`)), READY_WITHIN_MS).unref()
    })
    await ready
  }
}

/**
 * A port that is free now, below those that the kernel gives to outgoing connections: one of these might take it while
 * the server is down, the clients' own attempts to reach it among them.
 */
async function freePort() {
  for (;;) {
    const listener = createServer().listen(randomInt(10_000, 30_000), '127.0.0.1')
    const isFree = await once(listener, 'listening').then(() => true, () => false)
    if (!isFree) continue
    const { port } = listener.address()
    listener.close()
    await once(listener, 'close')
    return port
  }
}
