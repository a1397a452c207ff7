// TanStack DB's collections that load only what a query asks for, and Electric's client where it asks for a part itself.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { BTreeIndex, createCollection, createLiveQueryCollection, eq } from '@tanstack/db'
import { electricCollectionOptions } from '@tanstack/electric-db-collection'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'
import { Followed } from './support/shape.mjs'
import { when } from './support/when.mjs'

const LIMIT = { timeout: 60_000 }
let server, admin, manager, other

before(async () => {
  server = await TurnsServer.start()
  ;[admin, manager, other] = await Promise.all(['admin', 'manager', 'manager2'].map((name) => Person.signIn(server, name)))
})

after(() => server?.remove())

/** A collection of turns that begins empty; every request is noted in `asked`. */
function turns(t, syncMode, asked = []) {
  const fetchClient = (url, request) => {
    asked.push(new URL(url).searchParams)
    return fetch(url, request)
  }
  const shapeOptions = { url: manager.shape('turns'), headers: manager.headers, fetchClient }
  const rows = createCollection(electricCollectionOptions({ id: randomUUID(), getKey: (row) => row.id, syncMode, shapeOptions }))
  t.after(() => rows.cleanup())
  return rows
}

/** Completes when a collection, or a query over one, is as `look` says. */
function whenIt(rows, what, look) {
  const listen = (again) => {
    const subscription = rows.subscribeChanges(again, { includeInitialState: true })
    return () => subscription.unsubscribe()
  }
  return when(what, listen, look)
}

test('a query loads its rows and no others, and they are followed', LIMIT, async (t) => {
  const { turn: urgent } = await manager.newTurn({ priority: 'urgent' })
  const { turn: low } = await manager.newTurn({ priority: 'low' })
  const asked = []
  const all = turns(t, 'on-demand', asked)
  const query = createLiveQueryCollection((q) => q.from({ turn: all }).where(({ turn }) => eq(turn.priority, 'urgent')))
  await query.preload()
  await whenIt(query, 'the urgent turn', () => query.has(urgent.id))
  assert.deepEqual([query.has(low.id), all.has(low.id)], [false, false])
  assert.ok(asked.some((parameters) => parameters.has('subset__where')))

  await manager.update(urgent, { notes: 'followed' })
  await whenIt(query, 'the change', () => query.get(urgent.id)?.notes === 'followed')
  await admin.handOver(urgent, other)
  await whenIt(query, 'its leaving', () => !query.has(urgent.id))
  await admin.handOver(urgent, manager)
  await whenIt(query, 'its return', () => query.has(urgent.id))
  await query.cleanup()
})

test('a query with an order and a limit loads that many', LIMIT, async (t) => {
  for (const priority of ['low', 'low', 'low']) await manager.newTurn({ priority, notes: 'limit' })
  const asked = []
  const all = turns(t, 'on-demand', asked)
  // Without it the collection would load all of them, to order them itself.
  all.createIndex((row) => row.turn_number, { indexType: BTreeIndex })
  const first = createLiveQueryCollection((q) =>
    q.from({ turn: all }).where(({ turn }) => eq(turn.notes, 'limit')).orderBy(({ turn }) => turn.turn_number, 'desc').limit(2),
  )
  await first.preload()
  await whenIt(first, 'two turns', () => first.size === 2)
  const numbers = (await manager.rows('turns')).filter((row) => row.notes === 'limit').map((row) => row.turn_number).sort().reverse()
  assert.deepEqual(first.toArray.map((row) => row.turn_number), numbers.slice(0, 2))
  assert.ok(asked.some((parameters) => parameters.get('subset__limit') === '2'))
  await first.cleanup()
})

test('a progressive collection ends with everything', LIMIT, async (t) => {
  const all = turns(t, 'progressive')
  await all.preload()
  assert.deepEqual([...all.keys()].sort(), (await manager.rows('turns')).map((row) => row.id).sort())
})

test('Electric’s client adds a part of the table to what it follows', LIMIT, async (t) => {
  const { turn } = await manager.newTurn({ priority: 'high', notes: 'part' })
  const news = await Followed.complete(manager, 'turns', { offset: 'now', log: 'changes_only' })
  t.after(() => news.end())
  assert.deepEqual(news.rows, [])
  await news.shape.requestSnapshot({ where: 'notes = $1', params: { 1: 'part' } })
  await news.whenRow('the part', turn, (row) => row.priority === 'high')
  assert.equal(news.rows.length, 1)
  await manager.update(turn, { priority: 'low' })
  await news.whenRow('its change', turn, (row) => row.priority === 'low')
})
