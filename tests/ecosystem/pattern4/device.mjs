// An app's data on a device, by Electric's pattern “through the database”: the app reads and writes SQL views and knows
// nothing of a network. Rows come by PGlite's sync plugin from the shapes, changes go to the write API.
//
// Invariant: it opens, reads and writes without a network once it has been opened with one.

import { PGlite } from '@electric-sql/pglite'
import { live } from '@electric-sql/pglite/live'
import { electricSync } from '@electric-sql/pglite-sync'
import { columnsOf } from '../support/table.mjs'
import { ChangeLog } from './change-log.mjs'
import { CHANGE_LOG, SUBSCRIPTION, tables } from './schema.mjs'

const TABLES = ['turns', 'scope_items']

export class Device {
  /**
   * @param folder where the data lie
   * @param server `{ url, headers }` of the API: its address, and what proves who is asking
   */
  static async open(folder, server) {
    const device = new Device()
    device.server = server
    device.db = await PGlite.create({ dataDir: folder, extensions: { live, electric: electricSync() } })
    await device.#prepare()
    device.changes = new ChangeLog(device.db, server)
    await device.changes.start()
    device.sync = await device.#follow()
    return device
  }

  async close() {
    this.sync.unsubscribe()
    await this.changes.end()
    await this.db.close()
  }

  async #prepare() {
    const { rows } = await this.db.query(`SELECT to_regclass('changes') AS there`)
    if (rows[0].there) return
    await this.db.electric.initMetadataTables()
    const views = await Promise.all(TABLES.map(async (name) => tables(name, await columnsOf(this.#shape(name), this.server.headers))))
    await this.db.transaction((tx) => tx.exec(CHANGE_LOG + views.join('')))
  }

  #follow() {
    const follow = (name) => ({
      shape: { url: this.#shape(name), headers: this.server.headers },
      table: `${name}_synced`,
      primaryKey: ['id'],
    })
    const shapes = Object.fromEntries(TABLES.map((name) => [name, follow(name)]))
    return this.db.electric.syncShapesToTables({ key: SUBSCRIPTION, shapes })
  }

  #shape(name) {
    return `${this.server.url}/api/sync/${name}`
  }
}
