// Electric's pattern “through the database” works with our shapes and our write API: offline, refused, killed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Device } from './pattern4/device.mjs'
import { Folders } from './support/database.mjs'
import { whenFirst } from './support/live.mjs'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'
import { Wire } from './support/wire.mjs'

const LIMIT = { timeout: 60_000 }
/**
 * The plugin's place in the log is that of the table that is furthest behind. Where a write falls between the snapshots of
 * two tables, the one with the older one hears of it when its request has waited long enough.
 */
const SETTINGS = { LONG_POLL_MS: '2000' }
let server, folders, wire, admin, manager

before(async () => {
  ;[server, folders] = await Promise.all([TurnsServer.start(SETTINGS), Folders.prepare()])
  wire = await Wire.to(server)
  ;[admin, manager] = await Promise.all(['admin', 'manager'].map((name) => Person.signIn(server, name)))
})

after(async () => {
  wire?.remove()
  await Promise.all([server?.remove(), folders?.remove()])
})

/** The manager's device, at the end of the wire. */
async function open(t, folder) {
  const device = await Device.open(folder ?? (await folders.fresh()), { url: wire.url, headers: manager.headers })
  t.after(() => device.db.closed || device.close())
  return device
}

/** Completes when the turn on the device is as `is` says. */
const whenTurn = (device, what, { id }, is) => whenFirst(device.db, what, `SELECT * FROM turns WHERE id = '${id}'`, (row) => row && is(row))

/** Completes when nothing waits any more; then the view is what the server has, to the last column. */
async function whenSettled(device) {
  await whenFirst(device.db, 'all changes are settled', 'SELECT count(*) AS waiting FROM changes', (row) => row.waiting === 0)
  for (const table of ['turns', 'scope_items']) {
    const { rows } = await device.db.query(`SELECT * FROM ${table}_local`)
    assert.deepEqual(rows, [], 'no local row is left')
    const versions = (rows) => rows.map(({ id, version }) => `${id} ${version}`).sort()
    const seen = await device.db.query(`SELECT id, version FROM ${table}`)
    assert.deepEqual(versions(seen.rows), versions(await manager.rows(table)))
  }
}

const waiting = async (device) => (await device.db.query('SELECT count(*) AS waiting FROM changes')).rows[0].waiting
const refusals = async (device) => (await device.db.query('SELECT * FROM refusals ORDER BY id')).rows
const only = async (device, query) => (await device.db.query(query)).rows[0]
const atTheOffice = async (table, id) => (await manager.rows(table)).find((row) => row.id === id)

test('a write is there at once, reaches the server, and is the server’s row in the end', LIMIT, async (t) => {
  const device = await open(t)
  const home = await manager.newHome()
  const id = randomUUID()
  await device.db.query(`INSERT INTO turns (id, property_id, notes) VALUES ($1, $2, 'from the device')`, [id, home.id])
  const { notes, is_pending } = await only(device, `SELECT * FROM turns WHERE id = '${id}'`)
  assert.deepEqual([notes, is_pending], ['from the device', true])
  await whenTurn(device, 'the synced row', { id }, (row) => !row.is_pending && row.turn_number)
  assert.equal((await atTheOffice('turns', id)).notes, 'from the device')
  await whenSettled(device)
})

test('what others change shows around one’s own change of the same row', LIMIT, async (t) => {
  const device = await open(t)
  const { turn } = await manager.newTurn({ notes: 'office', priority: 'low' })
  await whenTurn(device, 'the turn', turn, (row) => row.notes === 'office')
  const { turn: changed } = await admin.update(turn, { priority: 'high' })
  await whenTurn(device, 'the office’s priority', turn, (row) => row.priority === 'high')
  await device.db.exec(`UPDATE turns SET notes = NULL WHERE id = '${turn.id}'`)
  const row = await only(device, `SELECT * FROM turns WHERE id = '${turn.id}'`)
  assert.deepEqual([row.notes, row.priority, row.is_pending], [null, 'high', true])
  await whenTurn(device, 'its settling', turn, (row) => !row.is_pending && row.version === changed.version + 1)
  await whenSettled(device)
})

test('writes made offline arrive in order when the signal comes back', LIMIT, async (t) => {
  const device = await open(t)
  const home = await manager.newHome()
  const stage = (await manager.rows('turn-stages')).find((stage) => stage.key === 'scope_review')
  const { turn: there } = await manager.newTurn({ notes: 'there' })
  await whenTurn(device, 'a turn', there, () => true)
  wire.cut()
  const [id, kitchen, bath] = [randomUUID(), randomUUID(), randomUUID()]
  const item = (id, turn, room) => `INSERT INTO scope_items (id, turn_id, room, category, description, unit_cost)
    VALUES ('${id}', '${turn}', '${room}', 'Paint', 'Walls', 12.5)`
  await device.db.exec(`INSERT INTO turns (id, property_id) VALUES ('${id}', '${home.id}')`)
  await device.db.exec(item(kitchen, id, 'Kitchen'))
  await device.db.exec(item(bath, there.id, 'Bath'))
  await device.db.exec(`UPDATE turns SET notes = 'one', priority = 'high' WHERE id IN ('${id}', '${there.id}')`)
  await device.db.exec(`UPDATE turns SET notes = 'two' WHERE id IN ('${id}', '${there.id}')`)
  await device.db.exec(`UPDATE turns SET stage_id = '${stage.id}' WHERE id = '${id}'`)
  await device.db.exec(`DELETE FROM scope_items WHERE id = '${bath}'`)
  assert.deepEqual(await only(device, `SELECT notes, priority FROM turns WHERE id = '${id}'`), { notes: 'two', priority: 'high' })
  assert.equal(await only(device, `SELECT * FROM scope_items WHERE id = '${bath}'`), undefined)
  assert.equal(await waiting(device), 9)
  assert.equal(await atTheOffice('turns', id), undefined)
  wire.mend()
  await whenTurn(device, 'its number', { id }, (row) => row.turn_number)
  await whenSettled(device)
  assert.deepEqual(await refusals(device), [])
  const made = await atTheOffice('turns', id)
  assert.deepEqual([made.notes, made.priority, made.version, made.stage_id], ['two', 'high', '4', stage.id])
  assert.equal((await atTheOffice('scope-items', kitchen)).unit_cost, '12.50')
  assert.equal(await atTheOffice('scope-items', bath), undefined)
})

test('a refused change is rolled back and told, with what was built on it, and with nothing else', LIMIT, async (t) => {
  const device = await open(t)
  const [{ turn }, { turn: another }] = [await manager.newTurn({ notes: 'as it was' }), await manager.newTurn({ notes: 'as it was' })]
  await whenTurn(device, 'the turns', another, () => true)
  wire.cut()
  await device.db.exec(`UPDATE turns SET notes = 'refused' WHERE id = '${turn.id}'`)
  await device.db.exec(`UPDATE turns SET priority = 'urgent' WHERE id = '${turn.id}'`)
  await device.db.exec(`UPDATE turns SET notes = 'wanted' WHERE id = '${another.id}'`)
  await admin.update(turn, { notes: 'the office was quicker' })
  wire.mend()
  await whenTurn(device, 'the other change', another, (row) => !row.is_pending && row.notes === 'wanted')
  await whenTurn(device, 'the rollback', turn, (row) => !row.is_pending && row.notes === 'the office was quicker' && row.priority === 'medium')
  const told = await refusals(device)
  const reasons = told.map(({ row_id, data, problem }) => [row_id, data, problem.type])
  assert.deepEqual(reasons, [[turn.id, { notes: 'refused' }, 'CONFLICT'], [turn.id, { priority: 'urgent' }, 'BLOCKED']])
  assert.equal(told[0].problem.conflicts.serverData.notes, 'the office was quicker')
  await whenSettled(device)
})

test('an answer that is lost is asked for again, and the write is applied once', LIMIT, async (t) => {
  const device = await open(t)
  const { turn } = await manager.newTurn()
  await whenTurn(device, 'the turn', turn, () => true)
  const cut = wire.cutAfter(1)
  await device.db.exec(`UPDATE turns SET notes = 'once' WHERE id = '${turn.id}'`)
  await cut
  wire.mend()
  await whenTurn(device, 'its settling', turn, (row) => !row.is_pending && row.notes === 'once')
  await whenSettled(device)
  assert.equal((await atTheOffice('turns', turn.id)).version, '2')
  assert.deepEqual(await refusals(device), [])
})

test('a program that was killed with unsent changes sends them when it is started again', LIMIT, async (t) => {
  const folder = await folders.fresh()
  const { turn } = await manager.newTurn()
  const first = await open(t, folder)
  await whenTurn(first, 'the turn', turn, () => true)
  await first.close()

  wire.cut()
  await killedAfter(folder, [
    `UPDATE turns SET notes = 'kept' WHERE id = '${turn.id}'`,
    `INSERT INTO scope_items (id, turn_id, room, category, description) VALUES (gen_random_uuid(), '${turn.id}', 'Attic', 'Paint', 'Walls')`,
  ])
  const again = await open(t, folder)
  const { notes, is_pending } = await only(again, `SELECT * FROM turns WHERE id = '${turn.id}'`)
  assert.deepEqual([notes, is_pending, await waiting(again)], ['kept', true, 2])
  await admin.newTurn()
  wire.mend()
  await whenTurn(again, 'its settling', turn, (row) => !row.is_pending && row.notes === 'kept' && row.version === 2)
  await whenSettled(again)
  assert.equal((await manager.rows('scope-items')).filter((item) => item.turn_id === turn.id && item.room === 'Attic').length, 1)
})

test('a device that was away for too long begins anew, and its unsent changes count', LIMIT, async (t) => {
  const folder = await folders.fresh()
  const { turn } = await manager.newTurn({ notes: 'before' })
  const first = await open(t, folder)
  await whenTurn(first, 'the turn', turn, () => true)
  const { lastOffset, shapeHandle } = first.sync.streams.turns
  await first.close()

  wire.cut()
  await killedAfter(folder, [`UPDATE turns SET priority = 'urgent' WHERE id = '${turn.id}'`])
  const { turn: meanwhile } = await manager.newTurn()
  await server.restart({ CHANGE_LOG_ENTRIES: '0' })
  await manager.trimmed('turns', lastOffset, shapeHandle)
  wire.mend()
  const again = await open(t, folder)
  await whenTurn(again, 'what was made meanwhile', meanwhile, () => true)
  await whenTurn(again, 'its settling', turn, (row) => !row.is_pending && row.priority === 'urgent' && row.notes === 'before')
  await whenSettled(again)
})

/** Has a program of its own write to a device's data, and kills it as soon as it says that they are kept. */
async function killedAfter(folder, statements) {
  const program = fileURLToPath(new URL('pattern4/program.mjs', import.meta.url))
  const options = [folder, wire.url, JSON.stringify(manager.headers), ...statements]
  const running = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(running, 'exit')
  await Promise.race([once(running.stdout, 'data'), ended])
  running.kill('SIGKILL')
  assert.deepEqual(await ended, [null, 'SIGKILL'])
}
