// A program of its own that writes to a device's data and then stays as it is, to be killed:
//
//   node program.mjs <folder> <server's address> <headers as JSON> <statement>…

import { Device } from './device.mjs'

const [folder, url, headers, ...statements] = process.argv.slice(2)
const device = await Device.open(folder, { url, headers: JSON.parse(headers) })
for (const statement of statements) await device.db.exec(statement)
console.log('kept')
