import type { Stores } from './fixtures.ts'

/** Lets what waits go on, until `open`; counts commits. */
export class Gate {
  commits = 0
  fails = false
  #open: Promise<void> = Promise.resolve()
  #pass = (): void => {}

  shut (): void {
    this.#open = new Promise(resolve => { this.#pass = resolve })
  }

  open (): void {
    this.#pass()
  }

  async pass (): Promise<void> {
    this.commits++
    await this.#open

    if (this.fails) {
      throw new Error('no')
    }
  }
}

/** Stores whose batches wait at a gate. */
export function gated (inner: Stores): Stores & { gate: Gate } {
  const gate = new Gate()
  const datastore = Object.create(inner.datastore, {
    batch: {
      value: () => {
        const batch = inner.datastore.batch()

        return {
          put: batch.put.bind(batch),
          delete: batch.delete.bind(batch),
          commit: async () => {
            await gate.pass()
            await batch.commit()
          }
        }
      }
    }
  })

  return { blockstore: inner.blockstore, datastore, gate }
}

/** Lets everything that is not held up go on. */
export const turns = async (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })
