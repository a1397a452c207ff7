// TanStack DB's Electric collection reads our shapes, writes to our API, and knows its writes again by their transaction.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createCollection, createLiveQueryCollection, eq } from '@tanstack/db'
import { electricCollectionOptions } from '@tanstack/electric-db-collection'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'
import { when } from './support/when.mjs'

const LIMIT = { timeout: 60_000 }
let server, admin, manager, other

before(async () => {
  server = await TurnsServer.start()
  ;[admin, manager, other] = await Promise.all(['admin', 'manager', 'manager2'].map((name) => Person.signIn(server, name)))
})

after(() => server?.remove())

/** What a write's receipt says to the collection: the transaction, as the shape's `txids` name it. */
const matched = (receipt) => ({ txid: Number(receipt.txid) })

/** A collection of a table's rows, complete. */
async function collection(t, person, table, options = {}) {
  const only = ({ transaction }) => transaction.mutations[0]
  const config = electricCollectionOptions({
    id: `${table}-${randomUUID()}`,
    getKey: (row) => row.id,
    shapeOptions: { url: person.shape(table), headers: person.headers, ...options },
    onInsert: async (write) => {
      const { id, ...data } = only(write).modified
      return matched(await person.write(table, { operation: 'create', rowId: id, data }))
    },
    onUpdate: async (write) => {
      const { original, changes } = only(write)
      const version = Number(original.version)
      return matched(await person.write(table, { operation: 'update', rowId: original.id, version, data: changes }))
    },
    onDelete: async (write) => {
      const { id, version } = only(write).original
      return matched(await person.write(table, { operation: 'delete', rowId: id, version: Number(version) }))
    },
  })
  const rows = createCollection(config)
  t.after(() => rows.cleanup())
  await rows.preload()
  return rows
}

/** Completes when a collection, or a query over one, has the row and it is as `is` says. */
function whenRow(rows, what, id, is = () => true) {
  return whenIt(rows, what, () => rows.has(id) && is(rows.get(id)))
}

function whenGone(rows, what, id) {
  return whenIt(rows, what, () => !rows.has(id))
}

function whenIt(rows, what, look) {
  const listen = (again) => {
    // Without the initial state it would not tell of rows that were there before.
    const subscription = rows.subscribeChanges(again, { includeInitialState: true })
    return () => subscription.unsubscribe()
  }
  return when(what, listen, look)
}

test('own writes are there at once, and are the server’s rows once their transaction has come', LIMIT, async (t) => {
  const turns = await collection(t, manager, 'turns')
  const home = await manager.newHome()
  const id = randomUUID()
  const made = turns.insert({ id, property_id: home.id, notes: 'mine', priority: 'high' })
  assert.equal(turns.get(id).turn_number, undefined, 'nobody waited for the server')
  await made.isPersisted.promise
  assert.match(turns.get(id).turn_number, /^TURN-/, 'the synced row stands there as soon as the write is matched')

  const changed = turns.update(id, (turn) => void (turn.notes = 'mine still'))
  assert.deepEqual([turns.get(id).notes, turns.get(id).version], ['mine still', 1n])
  await changed.isPersisted.promise
  assert.deepEqual([turns.get(id).notes, turns.get(id).version], ['mine still', 2n])
})

test('an own deletion is matched too', LIMIT, async (t) => {
  const items = await collection(t, manager, 'scope-items')
  const { turn } = await manager.newTurn()
  const id = randomUUID()
  const item = { id, turn_id: turn.id, room: 'Kitchen', category: 'Paint', description: 'Walls' }
  await items.insert(item).isPersisted.promise
  await items.delete(id).isPersisted.promise
  assert.equal(items.has(id), false)
})

test('a write that the server refuses is taken back', LIMIT, async (t) => {
  const turns = await collection(t, manager, 'turns')
  const { turn } = await manager.newTurn({ notes: 'as it was' })
  await whenRow(turns, 'the new turn', turn.id)
  const refused = turns.update(turn.id, (draft) => void (draft.turn_number = 'TURN-1'))
  assert.equal(turns.get(turn.id).turn_number, 'TURN-1')
  await assert.rejects(refused.isPersisted.promise, /422|403/)
  assert.equal(turns.get(turn.id).turn_number, turn.turn_number)
})

for (const [how, liveSse] of [['by long polling', false], ['by server-sent events', true]]) {
  test(`turns of others come, change, leave and come back ${how}`, LIMIT, async (t) => {
    const [mine, theirs] = await Promise.all([manager, other].map((person) => collection(t, person, 'turns', { liveSse })))
    const { turn } = await manager.newTurn({ notes: 'one' })
    await whenRow(mine, 'the new turn', turn.id)
    await manager.update(turn, { notes: 'two' })
    await whenRow(mine, 'the change', turn.id, (row) => row.notes === 'two')
    await admin.handOver(turn, other)
    await whenGone(mine, 'it left', turn.id)
    await whenRow(theirs, 'it came', turn.id, (row) => row.notes === 'two')
    await admin.handOver(turn, manager)
    await whenRow(mine, 'it came back', turn.id)
    await whenGone(theirs, 'it left again', turn.id)
  })
}

test('a live query over a shape with a where is right through moves in and out', LIMIT, async (t) => {
  const urgent = await collection(t, manager, 'turns', { params: { where: 'priority = $1', params: ['urgent'] } })
  const walk = createLiveQueryCollection((query) => query.from({ turn: urgent }).where(({ turn }) => eq(turn.notes, 'walk')))
  await walk.preload()
  const { turn } = await manager.newTurn({ priority: 'low', notes: 'walk' })
  const { turn: inside } = await manager.update(turn, { priority: 'urgent' })
  await whenRow(walk, 'it moved into the shape', turn.id)
  const { turn: outside } = await manager.update(inside, { notes: 'paint' })
  await whenGone(walk, 'it moved out of the query', turn.id)
  assert.ok(urgent.has(turn.id), 'but not out of the shape')
  await manager.update(outside, { priority: 'low' })
  await whenGone(urgent, 'it moved out of the shape', turn.id)
  await walk.cleanup()
})

test('a collection goes on when the server is killed and started again', LIMIT, async (t) => {
  const turns = await collection(t, manager, 'turns')
  const { turn } = await manager.newTurn()
  await whenRow(turns, 'the new turn', turn.id)
  await server.restart()
  await turns.update(turn.id, (draft) => void (draft.notes = 'after')).isPersisted.promise
  assert.equal(turns.get(turn.id).notes, 'after')
})

test('a collection is made anew when its place in the log is gone', LIMIT, async (t) => {
  const turns = await collection(t, manager, 'turns')
  await server.kill()
  await server.backUp()
  await server.restart()
  const { turn: lost } = await manager.newTurn()
  await whenRow(turns, 'a turn that will be lost', lost.id)
  await server.kill()
  await server.restoreBackup()
  await server.restart()
  await whenGone(turns, 'it is lost with the restored database', lost.id)
  const { turn: kept } = await manager.newTurn()
  await whenRow(turns, 'a turn that is not', kept.id)
  await turns.update(kept.id, (draft) => void (draft.notes = 'mine')).isPersisted.promise
  assert.deepEqual([...turns.keys()].sort(), (await manager.rows('turns')).map((row) => row.id).sort())
})
