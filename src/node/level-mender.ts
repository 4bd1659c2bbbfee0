import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './has-code.ts'
import type { ClassicLevel, OpenOptions } from 'classic-level'

/** Milliseconds from one try to the next. */
const RETRY_MS = 1_000

/** A file that is written to see whether there is space. */
const PROBE = 'probe'

const LOG = /^(\d+)\.log$/

/** What a write fails with after which the database is not sound; with others it has written nothing. */
const UNSOUND = ['LEVEL_IO_ERROR', 'LEVEL_CORRUPTION']

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
  /** It could not be opened again yet. */
  #isClosed = false

  constructor (init: LevelMenderInit) {
    this.#init = init
  }

  /** A write has failed. */
  failed (reason: unknown): void {
    if (!this.#isStopped && hasCode(reason, ...UNSOUND)) {
      this.#failure = { reason }
    }
  }

  /**
   * Resolves when what is written is found again. After a failure it is tried to have it so, once a second, whoever asks.
   *
   * @throws what the write has failed with, as long as there is no space
   */
  async assertSound (): Promise<void> {
    await this.#tryToMend()

    if (this.#failure != null) {
      throw this.#failure.reason
    }
  }

  /** Resolves when it is open, or could not be opened. */
  async opened (): Promise<void> {
    await (this.#isClosed ? this.#tryToMend() : undefined)
  }

  /** Ends what is under way, and has what was written found again if that can be; the database is not opened any more. */
  async stop (): Promise<void> {
    this.#isStopped = true
    await this.#mending
    await (this.#failure == null || this.#isClosed ? undefined : this.#changeLog().catch(() => {}))
    this.#failure = undefined
  }

  /** Deletes what a kill left. */
  async clear (): Promise<void> {
    await rm(this.#probe, { force: true })
  }

  async #tryToMend (): Promise<void> {
    if (this.#failure != null && !this.#isStopped && performance.now() - this.#triedAt >= RETRY_MS) {
      this.#mending ??= this.#mend()
    }

    await this.#mending
  }

  async #mend (): Promise<void> {
    const before = this.#failure

    try {
      await this.#assertSpace()

      if ((this.#isClosed || !await this.#changeLog()) && !this.#isStopped) {
        // it takes nothing more: it could not write a table, and gives that up only when it is opened again
        this.#isClosed = true
        await this.#init.level.close()
        await this.#init.level.open(this.#init.options)
        this.#isClosed = false
      }

      this.#failure = this.#failure === before ? undefined : this.#failure
    } catch {
      // it fails as before
    } finally {
      this.#triedAt = performance.now()
      this.#mending = undefined
    }
  }

  /** There must be enough for a table of what it has in memory: it would take nothing more where that fails. */
  async #assertSpace (): Promise<void> {
    try {
      await writeFile(this.#probe, new Uint8Array(2 * this.#init.options.writeBufferSize), { flush: true })
    } finally {
      await this.clear()
    }
  }

  get #probe (): string {
    return join(this.#init.path, PROBE)
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
