// Some rows of a table, as a screen shows them, and what happens to them: subset snapshots, by Electric's client and by TanStack DB.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BTreeIndex, createCollection, createLiveQueryCollection, eq } from '@tanstack/db'
import { electricCollectionOptions } from '@tanstack/electric-db-collection'
import { Followed, Heard } from './support/shape.mjs'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'
import { when } from './support/when.mjs'

const LIMIT = { timeout: 30_000 }
let server, manager

before(async () => {
  server = await TurnsServer.start()
  manager = await Person.signIn(server, 'manager')
})

after(() => server.remove())

for (const method of ['GET', 'POST']) {
  test(`rows that are asked for by ${method} come once, and then what happens to them`, LIMIT, async (t) => {
    const { turn } = await manager.newTurn({ notes: 'made' })
    const { turn: changed } = await manager.update(turn, { notes: 'in the snapshot', priority: 'urgent' })
    const news = await Followed.complete(manager, 'turns', { offset: 'now', log: 'changes_only', subsetMethod: method })
    t.after(() => news.end())
    const heard = new Heard(news.stream)
    const told = () => heard.changes.filter(({ value }) => value.id === turn.id).map(({ operation, value }) => [operation, value.notes])

    // The stream may hear of this before or after the snapshot that has it: it must not be told behind it again.
    const { turn: last } = await manager.update(changed, { notes: 'in it too' })
    const { data } = await news.stream.requestSnapshot({
      where: 'notes = $1 AND priority = ANY($2)',
      params: { 1: 'in it too', 2: '{urgent,high}' },
      orderBy: 'due_date DESC NULLS LAST, id',
      limit: 5,
    })
    assert.deepEqual(data.map(({ value }) => [value.id, value.version]), [[turn.id, BigInt(last.version)]])
    await manager.update(last, { notes: 'behind it' })
    await heard.when('the change behind it', () => told().some(([, notes]) => notes === 'behind it'))
    const since = told().slice(told().findIndex(([operation]) => operation === 'insert'))
    assert.deepEqual(since, [['insert', 'in it too'], ['update', 'behind it']])
  })
}

test('a query loads the rows that it shows', LIMIT, async (t) => {
  for (const due_date of ['2027-01-01', '2027-03-01', '2027-02-01']) await manager.newTurn({ priority: 'high', due_date, notes: 'on demand' })
  const shapeOptions = { url: manager.shape('turns'), headers: manager.headers }
  const config = electricCollectionOptions({ id: 'turns', getKey: ({ id }) => id, syncMode: 'on-demand', shapeOptions })
  const turns = createCollection({ ...config, autoIndex: 'eager', defaultIndexType: BTreeIndex })
  const query = createLiveQueryCollection((q) =>
    q
      .from({ turn: turns })
      .where(({ turn }) => eq(turn.notes, 'on demand'))
      .orderBy(({ turn }) => turn.due_date, 'desc')
      .limit(2),
  )
  t.after(() => query.cleanup().then(() => turns.cleanup()))
  await query.preload()
  const shown = () => query.toArray.map(({ due_date }) => due_date)
  assert.deepEqual(shown(), ['2027-03-01', '2027-02-01'])
  await manager.newTurn({ due_date: '2027-04-01', notes: 'on demand' })
  await whenChanged(query, 'the new turn', () => shown()[0] === '2027-04-01')
  assert.deepEqual(shown(), ['2027-04-01', '2027-03-01'])
})

function whenChanged(rows, what, look) {
  const listen = (again) => {
    const subscription = rows.subscribeChanges(again)
    return () => subscription.unsubscribe()
  }
  return when(what, listen, look)
}
