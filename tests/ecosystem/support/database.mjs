// A PGlite database on disk, as an app keeps one on a device.
//
// Invariant: every folder is copied from one that is made once for each test file: making a database takes seconds,
// opening one does not.

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

export class Folders {
  static async prepare() {
    const folders = new Folders()
    folders.root = await mkdtemp(join(tmpdir(), 'turns-pglite-'))
    await (await PGlite.create({ dataDir: folders.#template })).close()
    return folders
  }

  get #template() {
    return join(this.root, 'template')
  }

  /** A folder with an empty database, to be opened. */
  async fresh() {
    const folder = join(await mkdtemp(join(this.root, 'device-')), 'data')
    await cp(this.#template, folder, { recursive: true })
    return folder
  }

  remove() {
    return rm(this.root, { recursive: true, force: true })
  }
}
