import { Changes } from './records.ts'
import type { Records } from './records.ts'

/** A change of the store: of its records, and of what is in memory about them. */
export interface Job {
  /**
   * Says what it changes and changes what is in memory, at once. False means that it cannot yet, and that it did nothing.
   */
  write (changes: Changes): boolean
  /** The changes are in the datastore. */
  done? (): void
  /** The datastore would not take them: puts what is in memory back. */
  undo? (): void
}

interface Waiting {
  job: Job
  resolve (written: boolean): void
  reject (err: unknown): void
}

/**
 * Group commit: while one batch is being written the jobs that come collect, and go together in the next. Jobs run one
 * after the other in the order in which they came, so each sees what those before it did, in memory as in the datastore.
 */
export class CommitQueue {
  readonly #records: Records
  #waiting: Waiting[] = []
  #running = false

  constructor (records: Records) {
    this.#records = records
  }

  /**
   * Resolves when the changes are in the datastore: with false when the job could not be done yet.
   *
   * @throws {StoreRefusedError} when the datastore fails; the job is undone then
   */
  async commit (job: Job): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })

      if (!this.#running) {
        this.#running = true
        queueMicrotask(() => { void this.#run() })
      }
    })
  }

  async #run (): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      await this.#write(group)
    }

    this.#running = false
  }

  async #write (group: Waiting[]): Promise<void> {
    const changes = new Changes()
    const written: Waiting[] = []

    try {
      for (const waiting of group) {
        if (waiting.job.write(changes)) {
          written.push(waiting)
        } else {
          waiting.resolve(false)
        }
      }

      await this.#records.write(changes)
    } catch (err) {
      for (const { job } of written.reverse()) {
        job.undo?.()
      }

      group.forEach(({ reject }) => { reject(err) })
      return
    }

    for (const { job, resolve } of written) {
      job.done?.()
      resolve(true)
    }
  }
}
