import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClassicLevel, OpenOptions } from 'classic-level'

/** Milliseconds from one try to the next. */
const RETRY_MS = 1_000

const LOG = /^(\d+)\.log$/

/** Less than all keys of ours: a range in which nothing is. */
const BEFORE_ALL = Uint8Array.of(0)

export interface LevelMenderInit {
  level: Pick<ClassicLevel<any, Uint8Array>, 'open' | 'close' | 'compactRange'>
  /** The directory of the database. */
  path: string
  /** What it is opened with. */
  options: OpenOptions & { writeBufferSize: number }
}

/**
 * Makes a LevelDB sound after a write that failed, where the disk was full for one. What it writes next would be behind what it
 * has half written, and it finds nothing of that when it is opened the next time.
 */
export class LevelMender {
  readonly #init: LevelMenderInit
  #failure?: { reason: unknown }
  #mending?: Promise<void>
  #triedAt = -Infinity
  #isStopped = false
  /** Resolves when the database, which is being opened again, can be read. */
  opening?: Promise<void>

  constructor (init: LevelMenderInit) {
    this.#init = init
  }

  /** A write has failed. */
  failed (reason: unknown): void {
    this.#failure = { reason }
  }

  /**
   * Resolves when what is written is found again. After a failure it is tried to have it so, once a second, whoever asks.
   *
   * @throws what the write has failed with, as long as there is no space
   */
  async assertSound (): Promise<void> {
    if (this.#failure != null && performance.now() - this.#triedAt >= RETRY_MS) {
      this.#mending ??= this.#mend()
    }

    await this.#mending

    if (this.#failure != null) {
      throw this.#failure.reason
    }
  }

  /** Ends what is under way; the database is not opened any more. */
  async stop (): Promise<void> {
    this.#isStopped = true
    await this.#mending
  }

  async #mend (): Promise<void> {
    const before = this.#failure

    try {
      await this.#assertSpace()

      if (!await this.#changeLog() && !this.#isStopped) {
        // it takes nothing more: it could not write a table, and gives that up only when it is opened again
        this.opening = this.#init.level.close().then(async () => this.#init.level.open(this.#init.options))
        await this.opening
      }

      this.#failure = this.#failure === before ? undefined : this.#failure
    } catch {
      // it fails as before
    } finally {
      this.#triedAt = performance.now()
      this.#mending = undefined
      this.opening = undefined
    }
  }

  /** There must be enough for a table of what it has in memory: it would take nothing more where that fails. */
  async #assertSpace (): Promise<void> {
    const probe = join(this.#init.path, 'probe')

    try {
      await writeFile(probe, new Uint8Array(2 * this.#init.options.writeBufferSize), { flush: true })
    } finally {
      await rm(probe, { force: true })
    }
  }

  /** The log is changed, and what was in the one before is in a table, before a range is compacted, whatever is in it. */
  async #changeLog (): Promise<boolean> {
    const before = await this.#newestLog()
    await this.#init.level.compactRange(BEFORE_ALL, BEFORE_ALL, { keyEncoding: 'view' })

    return await this.#newestLog() > before
  }

  async #newestLog (): Promise<number> {
    const names = await readdir(this.#init.path)

    return Math.max(-1, ...names.map(name => Number(LOG.exec(name)?.[1] ?? -1)))
  }
}
