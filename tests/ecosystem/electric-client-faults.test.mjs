// What Electric's own client does when the server dies, the signal goes, or its place in the log is gone.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Followed, Heard } from './support/shape.mjs'
import { Person } from './support/office.mjs'
import { TurnsServer } from './support/server.mjs'
import { Wire } from './support/wire.mjs'

const LIMIT = { timeout: 60_000 }
let server, wire, admin, manager, other

before(async () => {
  server = await TurnsServer.start()
  wire = await Wire.to(server)
  ;[admin, manager, other] = await Promise.all(['admin', 'manager', 'manager2'].map((name) => Person.signIn(server, name)))
})

after(async () => {
  wire?.remove()
  await server?.remove()
})

/** Follows turns over the wire; notes what the client was told, what it asked for, and what it complained of. */
async function follow(t, person, options) {
  const asked = []
  const fetchClient = (url, request) => {
    asked.push(new URL(url).searchParams)
    return fetch(url, request)
  }
  const complaints = t.mock.method(console, 'warn', () => {}).mock
  const turns = new Followed(person, 'turns', { url: person.shape('turns').replace(server.url, wire.url), fetchClient, ...options })
  t.after(() => turns.end())
  const heard = new Heard(turns.stream)
  await turns.when('the turns are complete', () => turns.stream.isUpToDate)
  const beginnings = () => asked.filter((parameters) => parameters.get('offset') === '-1').length
  const refetches = () => heard.messages.filter((message) => message.headers.control === 'must-refetch').length
  return { turns, asked, beginnings, refetches, complaints: () => complaints.calls.map((call) => call.arguments[0]) }
}

for (const liveSse of [false, true]) {
  describe(liveSse ? 'on a stream' : 'on a long poll', LIMIT, () => {
    test('the server is killed and started again', async (t) => {
      const { turns, asked, beginnings, complaints } = await follow(t, manager, { liveSse })
      const { turn } = await manager.newTurn({ notes: 'one' })
      await turns.whenRow('a turn', turn)
      await server.restart()
      await manager.update(turn, { notes: 'two' })
      await turns.whenRow('what came after', turn, (row) => row.notes === 'two')
      assert.equal(beginnings(), 1, 'it went on where it was')
      assert.equal(asked.some((parameters) => parameters.get('live_sse') === 'true'), liveSse)
      assert.deepEqual(complaints(), [])
    })

    test('the signal goes, and comes back', async (t) => {
      const { turns, beginnings, complaints } = await follow(t, manager, { liveSse })
      const { turn } = await manager.newTurn({ notes: 'one' })
      await turns.whenRow('a turn', turn)
      wire.cut()
      const { turn: away } = await manager.update(turn, { notes: 'two' })
      await manager.update(away, { priority: 'urgent' })
      wire.mend()
      await turns.whenRow('what it missed', turn, (row) => row.notes === 'two' && row.priority === 'urgent')
      assert.equal(beginnings(), 1, 'it went on where it was')
      assert.deepEqual(complaints(), [])
    })
  })
}

test('the signal goes in the middle of an answer', LIMIT, async (t) => {
  const cut = wire.cutAfter(3_000)
  // The client leaves it to its user whether a broken answer is asked for again.
  const following = follow(t, admin, { onError: () => ({}) })
  await cut
  wire.mend()
  const { turns, beginnings } = await following
  assert.equal(turns.rows.length, (await admin.rows('turns')).length)
  assert.equal(beginnings(), 2, 'the first answer was cut off')
})

describe('must-refetch', LIMIT, () => {
  test('the log no longer reaches back to where the client was', async (t) => {
    const { turns, beginnings, refetches, complaints } = await follow(t, manager)
    for (const round of [1, 2]) {
      const { turn: gone } = await manager.newTurn()
      await turns.whenRow('a turn that will go', gone)
      const { lastOffset, shapeHandle } = turns.stream
      wire.cut()
      await admin.handOver(gone, other)
      const { turn: made } = await manager.newTurn()
      await server.restart({ CHANGE_LOG_ENTRIES: '0' })
      await manager.trimmed('turns', lastOffset, shapeHandle)
      wire.mend()
      await turns.whenRow('a turn that was made meanwhile', made)
      assert.equal(turns.row(gone.id), undefined)
      assert.deepEqual([refetches(), beginnings()], [round, round + 1])
      const { turn: later } = await manager.update(made, { notes: 'later' })
      await turns.whenRow('what came after', later, (row) => row.notes === 'later')
    }
    assert.deepEqual(complaints(), [], 'no handle is given twice, so the client suspects no stale cache')
  })

  test('the database is restored from a backup', async (t) => {
    const { turns, refetches, complaints } = await follow(t, manager)
    await server.kill()
    await server.backUp()
    await server.restart()
    const { turn: lost } = await manager.newTurn()
    await turns.whenRow('a turn that will be lost', lost)
    await server.kill()
    await server.restoreBackup()
    await server.restart()
    await turns.whenGone('it is lost', lost)
    assert.equal(refetches(), 1)
    const { turn } = await manager.newTurn()
    await turns.whenRow('a turn that is not', turn)
    assert.deepEqual(complaints(), [])
  })

  test('somebody’s role changes, and with it what they see', async (t) => {
    const { turns, refetches, complaints } = await follow(t, other)
    const { turn } = await other.newTurn()
    await turns.whenRow('their turn', turn)
    await admin.changeAccount(other, { role: 'SR_PROPERTY_MANAGER' })
    await turns.whenGone('another role, other turns', turn)
    await admin.changeAccount(other, { role: 'PROPERTY_MANAGER' })
    await turns.whenRow('their turn again', turn)
    assert.equal(refetches(), 2)
    assert.deepEqual(complaints(), [])
  })
})
