import { NotRunningError } from '../errors.ts'

/** What a store is doing, so that it can be closed when all of it has ended. */
export class Activity {
  readonly #underWay = new Set<Promise<unknown>>()
  #running = false

  begin (): void {
    this.#running = true
  }

  /** @throws {NotRunningError} before `begin` and after `end` */
  assertRunning (): void {
    if (!this.#running) {
      throw new NotRunningError('The store is not open')
    }
  }

  /**
   * Does something that `end` waits for.
   *
   * @throws {NotRunningError} before `begin` and after `end`
   */
  async run<T> (work: () => Promise<T>): Promise<T> {
    this.assertRunning()
    const working = work()
    this.#underWay.add(working)

    try {
      return await working
    } finally {
      this.#underWay.delete(working)
    }
  }

  /**
   * Gives what another iterator gives; `end` waits for each step of it.
   *
   * @throws {NotRunningError} before `begin` and after `end`
   */
  async * steps<T> (iterator: AsyncGenerator<T>): AsyncGenerator<T> {
    const next = async (): Promise<IteratorResult<T>> => this.run(async () => iterator.next())

    try {
      for (let step = await next(); step.done !== true; step = await next()) {
        yield step.value
      }
    } finally {
      await iterator.return(undefined)
    }
  }

  /** How much is under way. */
  get size (): number {
    return this.#underWay.size
  }

  /** Lets nothing more begin, and resolves when what is under way has ended. */
  async end (): Promise<void> {
    this.#running = false
    await Promise.allSettled(this.#underWay)
  }
}
