import { DIGEST_BYTES, digestOf, SHA2_256 } from '../dataset/codecs.ts'
import { reverify, standaloneShape } from '../dataset/verify.ts'
import { References } from './references.ts'
import { digestText, STANDALONE } from './store-keys.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Changes, Records } from './records.ts'
import type { SharedBlocks } from './shared-blocks.ts'
import type { Hasher } from '../dataset/hasher.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

export interface StandaloneBlocksInit {
  blocks: SharedBlocks
  records: Records
  commits: CommitQueue
  hasher: Hasher
}

/** Blocks by their own CIDs: those kept for themselves, and those that some dataset has. */
export class StandaloneBlocks {
  readonly #init: StandaloneBlocksInit

  constructor (init: StandaloneBlocksInit) {
    this.#init = init
  }

  /** Whether it is kept for itself. */
  async has (cid: CID): Promise<boolean> {
    return (await this.#keptFor(cid)).has(STANDALONE)
  }

  /** Whether it is here, for itself or as a block of a dataset. */
  async isHere (cid: CID): Promise<boolean> {
    const ids = await this.#keptFor(cid)

    return ids.has(STANDALONE) || (ids.size > 0 && await this.#init.blocks.has(digestOf(cid)))
  }

  /** Reads and hashes a block. One that is not there, or not what it was, is kept for itself no more. */
  async get (cid: CID): Promise<VerifiedBlock | undefined> {
    if (!await this.isHere(cid)) {
      return undefined
    }

    return await this.#check(cid) ?? this.#locked(cid, async () => {
      // what is being written may not have been there yet
      const block = await this.#check(cid)

      if (block == null) {
        // where that fails it is found out again next time
        await this.#forget(cid, this.#commit).catch(() => {})
      }

      return block
    })
  }

  async put (block: VerifiedBlock): Promise<void> {
    await this.#init.blocks.write([block], async references => this.#init.commits.commit({
      write: changes => {
        references.add(STANDALONE, changes)
        return true
      }
    }))
  }

  /** False when there was none. */
  async delete (cid: CID): Promise<boolean> {
    return await this.has(cid) && this.forget(cid, this.#commit)
  }

  /**
   * Deletes a block by a commit that changes more than that: what `commit` is given adds the block's part to it. False
   * when there was none.
   */
  async forget (cid: CID, commit: (remove: (changes: Changes) => void) => Promise<unknown>): Promise<boolean> {
    return this.#locked(cid, async () => this.#forget(cid, commit))
  }

  async #keptFor ({ multihash }: CID): Promise<Set<string>> {
    const isOurs = multihash.code === SHA2_256 && multihash.digest.byteLength === DIGEST_BYTES

    return isOurs ? this.#init.blocks.keptFor(multihash.digest) : new Set()
  }

  async #check (cid: CID): Promise<VerifiedBlock | undefined> {
    const data = await this.#init.blocks.read(digestOf(cid))

    if (data == null) {
      return undefined
    }

    try {
      return await reverify(standaloneShape(cid, data.byteLength), 0, cid, data, this.#init.hasher)
    } catch {
      return undefined
    }
  }

  readonly #commit = async (remove: (changes: Changes) => void): Promise<void> => {
    await this.#init.commits.commit({
      write: changes => {
        remove(changes)
        return true
      }
    })
  }

  /** The reference first, then the bytes: it is never said to be here when it is not. */
  async #forget (cid: CID, commit: (remove: (changes: Changes) => void) => Promise<unknown>): Promise<boolean> {
    const { blocks, records } = this.#init
    const digest = digestOf(cid)
    const references = new References()
    const ids = await references.read(digestText(digest), records)

    await commit(changes => { references.remove(STANDALONE, changes) })

    if (ids.has(STANDALONE) && ids.size === 1) {
      await blocks.delete(digest)
    }

    return ids.has(STANDALONE)
  }

  async #locked<T> (cid: CID, work: () => Promise<T>): Promise<T> {
    return this.#init.blocks.locks.run([digestText(digestOf(cid))], work)
  }
}
