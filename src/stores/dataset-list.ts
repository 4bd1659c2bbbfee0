import { equals } from 'uint8arrays/equals'
import { digestOf, formatCid, isManifestCid, manifestCid } from '../dataset/codecs.ts'
import { decodeManifest } from '../dataset/manifest.ts'
import { ownBlock } from '../dataset/verify.ts'
import { InvalidParametersError } from '../errors.ts'
import { Locks } from './locks.ts'
import { cidOf, datasetKey, DATASETS, STANDALONE } from './store-keys.ts'
import type { StandaloneBlocks } from './standalone-blocks.ts'
import type { StoreParts } from './store-parts.ts'
import type { Manifest } from '../dataset/manifest.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { CID } from 'multiformats/cid'

/** A dataset that the store knows: some, all or none of its blocks may be here. */
export interface StoredDataset {
  /** The manifest's. */
  cid: CID
  manifest: Manifest
}

/** The datasets that the store is asked to keep, by their manifests. Several may be over one tree. */
export class DatasetList {
  readonly #parts: StoreParts
  readonly #standalone: StandaloneBlocks
  /** Held while a dataset comes or goes: whether a tree has others is not to change meanwhile. */
  readonly #lock = new Locks()

  constructor (parts: StoreParts, standalone: StandaloneBlocks) {
    this.#parts = parts
    this.#standalone = standalone
  }

  async get (cid: CID): Promise<Manifest | undefined> {
    const value = await this.#value(cid)

    return value == null ? undefined : this.#decode(cid, value)
  }

  /** The manifest's block, as the list has it. */
  async block (cid: CID): Promise<VerifiedBlock | undefined> {
    const value = await this.#value(cid)

    const block = value == null ? undefined : await ownBlock(value.slice(), this.#parts.hasher, manifestCid)

    return block?.cid.equals(cid) === true ? block : undefined
  }

  /** Those whose record and block were damaged are passed over. */
  async * all (): AsyncGenerator<StoredDataset> {
    for await (const { key, value } of this.#parts.records.entries(DATASETS)) {
      const cid = cidOf(key)
      const manifest = await this.#decode(cid, value)

      if (manifest != null) {
        yield { cid, manifest }
      }
    }
  }

  /** Keeps a manifest: as the dataset's, and as a block to serve. */
  async add (block: VerifiedBlock): Promise<void> {
    const { cid } = block

    if (!isManifestCid(cid)) {
      throw new InvalidParametersError(`${formatCid(cid)} is not the CID of a manifest`, { cid })
    }

    const { blocks, commits } = this.#parts

    await this.alone(async () => blocks.write([block], async references => commits.commit({
      write: changes => {
        references.add(STANDALONE, changes)
        changes.put(datasetKey(cid), block.data)
        return true
      }
    })))
  }

  /** Does `work` while no dataset comes or goes. */
  async alone<T> (work: () => Promise<T>): Promise<T> {
    return this.#lock.run(['list'], work)
  }

  async #value (cid: CID): Promise<Uint8Array | undefined> {
    return isManifestCid(cid) ? this.#parts.records.get(datasetKey(cid)) : undefined
  }

  /** The manifest; of one whose record was damaged, as its block has it. */
  async #decode (cid: CID, value: Uint8Array): Promise<Manifest | undefined> {
    const isWhole = equals(await this.#parts.hasher.digest(value), digestOf(cid))
    const data = isWhole ? value : (await this.#standalone.get(cid))?.data

    try {
      return data == null ? undefined : decodeManifest(data)
    } catch {
      return undefined
    }
  }
}
