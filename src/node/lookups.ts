type Found = Array<Uint8Array | undefined>

/**
 * Looks values up. Those that are asked for while a lookup is under way are the next one, together: a call of a database costs
 * several times what a key does.
 */
export class Lookups<K> {
  readonly #getMany: (keys: K[]) => Promise<Found>
  #next?: { keys: K[], found: Promise<Found> }
  #last: Promise<unknown> = Promise.resolve()

  constructor (getMany: (keys: K[]) => Promise<Found>) {
    this.#getMany = getMany
  }

  async get (key: K): Promise<Uint8Array | undefined> {
    const next = this.#next ?? this.#begin()
    const number = next.keys.push(key) - 1

    return (await next.found)[number]
  }

  #begin (): { keys: K[], found: Promise<Found> } {
    const keys: K[] = []
    const found = this.#last.then(async () => {
      this.#next = undefined

      return this.#getMany(keys)
    })

    this.#last = found.catch(() => {})
    this.#next = { keys, found }

    return this.#next
  }
}
