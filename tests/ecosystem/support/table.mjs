// A local table for a shape, made from what the shape says of its columns.
//
// Invariant: names and types are the server's own, so a column that is added there needs no change here.

/** The columns of the shape at an address: name, and type as PostgreSQL writes it. */
export async function columnsOf(url, headers) {
  const answer = await fetch(`${url}?offset=now`, { headers })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`)
  const schema = JSON.parse(answer.headers.get('electric-schema'))
  return Object.entries(schema).map(([name, { type, dims, precision, scale }]) => ({
    name,
    type: type + (precision ? `(${precision}, ${scale})` : '') + '[]'.repeat(dims ?? 0),
  }))
}

/** As `CREATE TABLE` wants them. */
export function definitions(columns) {
  return columns.map(({ name, type }) => `"${name}" ${type}${name === 'id' ? ' PRIMARY KEY' : ''}`).join(', ')
}
