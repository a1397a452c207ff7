// Electric's own client, as its users have it, follows our shapes.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Followed, Heard } from './support/shape.mjs'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'

const LIMIT = { timeout: 60_000 }
let server, admin, manager, other

before(async () => {
  server = await TurnsServer.start()
  ;[admin, manager, other] = await Promise.all(['admin', 'manager', 'manager2'].map((name) => Person.signIn(server, name)))
})

after(() => server?.remove())

/** Follows a shape for as long as a test takes. */
async function follow(t, person, table, options) {
  const followed = await Followed.complete(person, table, options)
  t.after(() => followed.end())
  return followed
}

for (const liveSse of [false, true]) {
  describe(liveSse ? 'by server-sent events' : 'by long polling', LIMIT, () => {
    test('turns are made and changed, and pass from one manager to another', async (t) => {
      const [mine, theirs] = await Promise.all([manager, other].map((person) => follow(t, person, 'turns', { liveSse })))
      const there = mine.rows.length
      const { turn } = await manager.newTurn({ notes: 'keys under the mat' })
      await mine.whenRow('the new turn', turn, (row) => row.notes === 'keys under the mat')
      assert.equal(mine.rows.length, there + 1)

      const changed = await manager.update(turn, { notes: 'keys at the office', due_date: '2027-01-15' })
      await mine.whenRow('the change', turn, (row) => row.notes === 'keys at the office')
      assert.deepEqual(mine.row(turn.id), { ...mine.row(turn.id), due_date: '2027-01-15', version: BigInt(changed.version) })

      await admin.handOver(turn, other)
      await mine.whenGone('it left one manager', turn)
      await theirs.whenRow('it came to the other', turn, (row) => row.notes === 'keys at the office')
      await admin.handOver(turn, manager)
      await mine.whenRow('it came back', turn)
      await theirs.whenGone('it left the other', turn)
    })

    test('rows are deleted', async (t) => {
      const items = await follow(t, manager, 'scope-items', { liveSse })
      const { turn } = await manager.newTurn()
      const data = { turn_id: turn.id, room: 'Kitchen', category: 'Paint', description: 'Walls', unit_cost: '120.50' }
      const { scopeItem } = await manager.write('scope-items', { operation: 'create', rowId: randomUUID(), data })
      await items.whenRow('the new item', scopeItem, (row) => row.unit_cost === '120.50')
      await manager.write('scope-items', { operation: 'delete', scopeItemId: scopeItem.id, version: scopeItem.version })
      await items.whenGone('it is deleted', scopeItem)
    })

    test('turns move in and out of a where', async (t) => {
      const params = { where: 'priority = $1 AND due_date < $2', params: ['urgent', '2027-02-01'] }
      const urgent = await follow(t, manager, 'turns', { liveSse, params })
      const { turn } = await manager.newTurn({ priority: 'low', due_date: '2027-01-01' })
      const { turn: inside } = await manager.update(turn, { priority: 'urgent' })
      await urgent.whenRow('it moved in', turn, (row) => row.turn_number === turn.turn_number)
      const { turn: changed } = await manager.update(inside, { notes: 'inside' })
      await urgent.whenRow('it changed inside', turn, (row) => row.notes === 'inside')
      await manager.update(changed, { due_date: '2027-03-01' })
      await urgent.whenGone('it moved out', turn)
      assert.ok(urgent.rows.every((row) => row.priority === 'urgent'))
    })
  })
}

test('a shape has only the columns that are asked for', LIMIT, async (t) => {
  const narrow = await follow(t, manager, 'turns', { params: { columns: ['id', 'notes'] } })
  const { turn } = await manager.newTurn({ notes: 'narrow' })
  await narrow.whenRow('the new turn', turn)
  assert.deepEqual(narrow.row(turn.id), { id: turn.id, notes: 'narrow' })
  for (const row of narrow.rows) assert.deepEqual(Object.keys(row).sort(), ['id', 'notes'])
})

test('a full replica tells whole rows and what they were before', LIMIT, async (t) => {
  const { turn } = await manager.newTurn({ notes: 'before', priority: 'low' })
  const full = await follow(t, manager, 'turns', { params: { replica: 'full' } })
  const heard = new Heard(full.stream)
  await manager.update(turn, { notes: 'after' })
  const told = () => heard.changes.find((change) => change.operation === 'update' && change.value.id === turn.id)
  const { value, old_value } = await heard.when('the update', told)
  assert.deepEqual([value.notes, value.priority, value.turn_number], ['after', 'low', turn.turn_number])
  assert.equal(old_value.notes, 'before')
  await admin.handOver(turn, other)
  const gone = () => heard.changes.find((change) => change.operation === 'delete' && change.value.id === turn.id)
  assert.equal((await heard.when('its leaving', gone)).value.notes, 'after')
})

test('news only: no snapshot, and every change from now on', LIMIT, async (t) => {
  const options = { offset: 'now', log: 'changes_only' }
  const news = await follow(t, manager, 'turns', options)
  const heard = new Heard(news.stream)
  assert.deepEqual(news.rows, [])
  const { turn } = await manager.newTurn()
  await heard.when('the new turn', () => heard.changes.length > 0)
  assert.deepEqual(heard.changes.map(({ operation, value }) => [operation, value.id]), [['insert', turn.id]])
})

test('values have their types, by the schema that comes along', LIMIT, async (t) => {
  const turns = await follow(t, manager, 'turns')
  const { turn } = await manager.newTurn({ estimated_amount: '1234.50', trash_out_needed: true })
  await turns.whenRow('the new turn', turn)
  const { version, estimated_amount, trash_out_needed, gas_status } = turns.row(turn.id)
  assert.deepEqual([version, estimated_amount, trash_out_needed, gas_status], [1n, '1234.50', true, null])
})

test('a request that is wrong is told, not tried for ever', LIMIT, async () => {
  const wrong = new Followed(manager, 'turns', { params: { where: 'no_such_column = 1' } })
  await assert.rejects(wrong.when('it is complete', () => wrong.stream.isUpToDate), /no_such_column/)
  wrong.end()
})
