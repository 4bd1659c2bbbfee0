type Resolve = () => void

/** What Node.js has and browsers have not: a macrotask without the millisecond of `setTimeout`. */
const { setImmediate: immediate } = globalThis as { setImmediate?(fn: () => void): unknown }

let waiting: Resolve[] = []
let channel: MessageChannel | undefined

/**
 * Resolves in the next macrotask, after every promise that can settle by itself has. About 2 µs; no real time is
 * waited for, so what hangs on real I/O is not done.
 */
export async function macrotask (): Promise<void> {
  await new Promise<void>(resolve => {
    if (immediate != null) {
      immediate(resolve)
    } else {
      post(resolve)
    }
  })
}

function post (resolve: Resolve): void {
  if (channel == null) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => {
      const resolved = waiting
      waiting = []
      resolved.forEach(resolve => { resolve() })
    }
  }

  waiting.push(resolve)
  channel.port2.postMessage(undefined)
}
