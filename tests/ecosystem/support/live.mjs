// Waiting for what a PGlite database comes to hold, by its live queries.
//
// Invariant: the query runs again only when a table that it reads has changed.

import { when } from './when.mjs'

/** Completes with the first row of a query when `is` says so of it; where there is no row it is asked of `undefined`. */
export async function whenFirst(db, what, query, is) {
  let first
  let changed = () => {}
  const { unsubscribe } = await db.live.query(query, [], ({ rows }) => {
    first = rows[0]
    changed()
  })
  try {
    return await when(what, (again) => void (changed = again), () => is(first))
  } finally {
    await unsubscribe()
  }
}
