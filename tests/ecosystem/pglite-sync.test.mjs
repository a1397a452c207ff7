// PGlite's sync plugin keeps tables of its own as our shapes are.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { live } from '@electric-sql/pglite/live'
import { electricSync } from '@electric-sql/pglite-sync'
import { Folders } from './support/database.mjs'
import { whenFirst } from './support/live.mjs'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'
import { columnsOf, definitions } from './support/table.mjs'
import { Wire } from './support/wire.mjs'

const LIMIT = { timeout: 60_000 }
const TABLES = { turns: 'turns', scope_items: 'scope-items' }
let server, folders, wire, admin, manager, other

before(async () => {
  ;[server, folders] = await Promise.all([TurnsServer.start(), Folders.prepare()])
  wire = await Wire.to(server)
  ;[admin, manager, other] = await Promise.all(['admin', 'manager', 'manager2'].map((name) => Person.signIn(server, name)))
})

after(async () => {
  wire?.remove()
  await Promise.all([server?.remove(), folders?.remove()])
})

/** A database with tables for the shapes, empty where the folder is new. */
async function database(t, folder) {
  const dataDir = folder ?? (await folders.fresh())
  const db = await PGlite.create({ dataDir, extensions: { live, electric: electricSync() } })
  t.after(() => db.closed || db.close())
  for (const [table, name] of Object.entries(TABLES)) {
    await db.exec(`CREATE TABLE IF NOT EXISTS ${table} (${definitions(await columnsOf(manager.shape(name), manager.headers))})`)
  }
  return db
}

/** One shape for the plugin; every request goes over the wire and is noted in `asked`. */
function shape(person, table, asked = [], params) {
  const fetchClient = (url, request) => {
    asked.push(new URL(url).searchParams.get('offset'))
    return fetch(url, request)
  }
  const url = person.shape(TABLES[table]).replace(server.url, wire.url)
  return { shape: { url, headers: person.headers, params, fetchClient }, table, primaryKey: ['id'] }
}

/** Follows shapes into their tables, until all of them are there. */
async function follow(t, db, shapes, key = null) {
  const sync = await new Promise((resolve, reject) => {
    const following = db.electric.syncShapesToTables({ key, shapes, onError: reject, onInitialSync: () => resolve(following) })
    following.catch(reject)
  })
  t.after(() => sync.unsubscribe())
  return sync
}

const whenRow = (db, what, { id }, is = () => true) => whenFirst(db, what, `SELECT * FROM turns WHERE id = '${id}'`, (row) => row && is(row))
const whenGone = (db, what, { id }) => whenFirst(db, what, `SELECT id FROM turns WHERE id = '${id}'`, (row) => !row)

test('a table follows turns that are made, changed, handed over and handed back', LIMIT, async (t) => {
  const db = await database(t)
  await follow(t, db, { turns: shape(manager, 'turns') })
  const { turn } = await manager.newTurn({ notes: 'one', estimated_amount: '1234.50', due_date: '2027-01-15' })
  await whenRow(db, 'the new turn', turn, (row) => row.estimated_amount === '1234.50' && row.due_date.getUTCDate() === 15)
  await manager.update(turn, { notes: 'two', trash_out_needed: true })
  await whenRow(db, 'the change', turn, (row) => row.notes === 'two' && row.trash_out_needed === true)
  await admin.handOver(turn, other)
  await whenGone(db, 'it left', turn)
  await admin.handOver(turn, manager)
  await whenRow(db, 'it came back', turn, (row) => row.notes === 'two')
})

test('a table follows turns into a where and out of it', LIMIT, async (t) => {
  const db = await database(t)
  await follow(t, db, { turns: shape(manager, 'turns', [], { where: `priority = 'urgent'` }) })
  const { turn } = await manager.newTurn({ priority: 'low' })
  const { turn: inside } = await manager.update(turn, { priority: 'urgent' })
  await whenRow(db, 'it moved in', turn)
  await manager.update(inside, { priority: 'low' })
  await whenGone(db, 'it moved out', turn)
})

test('two tables change together, and rows are deleted', LIMIT, async (t) => {
  const db = await database(t)
  await follow(t, db, { turns: shape(manager, 'turns'), items: shape(manager, 'scope_items') })
  const { turn } = await manager.newTurn()
  const item = { operation: 'create', rowId: randomUUID(), data: { turn_id: turn.id, room: 'Bath', category: 'Paint', description: 'Walls' } }
  const { scopeItem } = await manager.write('scope-items', item)
  const both = `SELECT (SELECT count(*) FROM turns WHERE id = '${turn.id}') AS turns, (SELECT count(*) FROM scope_items WHERE turn_id = '${turn.id}') AS items`
  const seen = new Set()
  const are = (turns, items) => (row) => seen.add(`${row.turns}${row.items}`) && row.turns === turns && row.items === items
  await whenFirst(db, 'a turn and its item', both, are(1, 1))
  seen.clear()
  await admin.handOver(turn, other)
  await whenFirst(db, 'both left', both, are(0, 0))
  assert.deepEqual([...seen].filter((counts) => !['11', '00'].includes(counts)), [], 'one transaction there is one here')
  await admin.handOver(turn, manager)
  await whenFirst(db, 'both came back', both, are(1, 1))
  await manager.write('scope-items', { operation: 'delete', scopeItemId: scopeItem.id, version: scopeItem.version })
  await whenFirst(db, 'the item is deleted', both, are(1, 0))
})

test('a table goes on when the server is killed, and when the signal comes back', LIMIT, async (t) => {
  const db = await database(t)
  const asked = []
  await follow(t, db, { turns: shape(manager, 'turns', asked) })
  const { turn } = await manager.newTurn()
  await whenRow(db, 'the new turn', turn)
  await server.restart()
  const { turn: after } = await manager.update(turn, { notes: 'after' })
  await whenRow(db, 'what came after', turn, (row) => row.notes === 'after')
  wire.cut()
  await manager.update(after, { notes: 'away' })
  wire.mend()
  await whenRow(db, 'what was missed', turn, (row) => row.notes === 'away')
  assert.equal(asked.filter((offset) => offset === '-1').length, 1)
})

test('a database on disk goes on where it was', LIMIT, async (t) => {
  const folder = await folders.fresh()
  const { turn } = await manager.newTurn({ notes: 'one' })
  const first = await database(t, folder)
  const sync = await follow(t, first, { turns: shape(manager, 'turns') }, 'turns')
  await whenRow(first, 'the turn', turn)
  sync.unsubscribe()
  await first.close()
  await manager.update(turn, { notes: 'two' })

  const asked = []
  const second = await database(t, folder)
  await second.electric.syncShapesToTables({ key: 'turns', shapes: { turns: shape(manager, 'turns', asked) } })
  await whenRow(second, 'what happened while it was closed', turn, (row) => row.notes === 'two')
  assert.ok(!asked.includes('-1'), 'nothing was fetched again')
})

test('a table is made anew when its place in the log is gone', LIMIT, async (t) => {
  const db = await database(t)
  const sync = await follow(t, db, { turns: shape(manager, 'turns') })
  for (const round of ['once', 'twice']) {
    const { turn: gone } = await manager.newTurn()
    await whenRow(db, `a turn that will go, ${round}`, gone)
    const { lastOffset, shapeHandle } = sync.streams.turns
    wire.cut()
    await admin.handOver(gone, other)
    const { turn: made } = await manager.newTurn()
    await server.restart({ CHANGE_LOG_ENTRIES: '0' })
    await manager.trimmed('turns', lastOffset, shapeHandle)
    wire.mend()
    await whenRow(db, `a turn that was made meanwhile, ${round}`, made)
    await whenGone(db, 'the other is gone', gone)
  }
})
