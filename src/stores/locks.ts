/**
 * Locks by name. A holder of several takes them in one go, in the order of the calls: so none waits for another that
 * waits for it.
 */
export class Locks {
  /** By name, what ends when its last holder so far is through. */
  readonly #tails = new Map<string, Promise<void>>()

  /** Names that somebody holds. */
  get size (): number {
    return this.#tails.size
  }

  /** Does `work` while nobody else holds one of the names. It must not ask for a lock that is taken before this one. */
  async run<T> (names: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const own = new Set(names)
    const before = new Set<Promise<void>>()
    let release = (): void => {}
    const tail = new Promise<void>(resolve => { release = resolve })

    for (const name of own) {
      const last = this.#tails.get(name)

      if (last != null) {
        before.add(last)
      }

      this.#tails.set(name, tail)
    }

    try {
      await Promise.all(before)

      return await work()
    } finally {
      for (const name of own) {
        if (this.#tails.get(name) === tail) {
          this.#tails.delete(name)
        }
      }

      release()
    }
  }
}
