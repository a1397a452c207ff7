// Waiting for what a client says by itself: no sleep, no polling, and a clear limit.
//
// Invariant: what is waited for is looked at once before and after every event, so nothing that came early is missed.

const LIMIT_MS = 15_000

/**
 * Completes with what `look` gives, as soon as that is something.
 * @param what what is waited for, for the error
 * @param listen takes a callback, gives what ends the listening
 * @param look asked at once and after each event
 */
export async function when(what, listen, look, limitMs = LIMIT_MS) {
  let stop = () => {}
  let timer
  try {
    return await new Promise((resolve, reject) => {
      const again = () => {
        try {
          const found = look()
          if (found !== undefined && found !== false) resolve(found)
        } catch (error) {
          reject(error)
        }
      }
      timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain: ${what}`)), limitMs)
      stop = listen(again) ?? stop
      again()
    })
  } finally {
    clearTimeout(timer)
    stop()
  }
}
