/**
 * Delivered blocks on their way into the store: a few are verified and written as one batch, a few batches at a time.
 * What waits here is not verified yet, so a kill costs no more than the batches under way.
 */
import { isTreeCid } from '../dataset/codecs.ts'
import { rangesOf } from '../dataset/ranges.ts'
import { verify } from '../dataset/verify.ts'
import { InvalidDatasetError, StoreRefusedError } from '../errors.ts'
import type { Limits } from '../constants.ts'
import type { Peer } from './peer-admin.ts'
import type { Session } from './session.ts'
import type { Delivery } from '../dataset/delivery.ts'
import type { Hasher } from '../dataset/hasher.ts'
import type { VerifiedBlock } from '../dataset/verify.ts'
import type { LocalStore } from '../stores/local-store.ts'

/** What became of a batch. */
export interface IntakeResult {
  session: Session
  peer: Peer
  /** Every index of the batch. */
  indices: number[]
  /** Price of one block, as agreed. */
  price: bigint
  /** When the first of the message that it came in was asked, in the clock's milliseconds; undefined where all were given up. */
  askedAt?: number
  verified: VerifiedBlock[]
  /** What a block failed with: the peer lies (`VerificationError`, `InvalidProofError`) or the author does (`InvalidDatasetError`). */
  rejected: Array<{ index: number, bytes: number, error: Error }>
  /** Why the store did not take the batch, where it was asked to. */
  refused?: Error
  /** Whether the batch is in the local store. */
  stored: boolean
}

export interface IntakeInit {
  store: LocalStore
  hasher: Hasher
  limits: Limits
  /** How blocks are verified: `verify`, unless what is around it is measured. */
  verify?: typeof verify
  done(result: IntakeResult): void
}

interface Batch {
  session: Session
  peer: Peer
  deliveries: Delivery[]
  price: bigint
  askedAt?: number
}

export class Intake {
  readonly #store: LocalStore
  readonly #hasher: Hasher
  readonly #limits: Limits
  readonly #verify: typeof verify
  readonly #done: (result: IntakeResult) => void
  readonly #queue: Batch[] = []
  readonly #workers = new Set<Promise<void>>()
  /** Workers that will look at the queue again. */
  #working = 0
  #bytes = 0

  constructor (init: IntakeInit) {
    this.#store = init.store
    this.#hasher = init.hasher
    this.#limits = init.limits
    this.#verify = init.verify ?? verify
    this.#done = init.done
  }

  /** Bytes delivered and not yet through. */
  get bytes (): number {
    return this.#bytes
  }

  push (session: Session, peer: Peer, deliveries: Delivery[], price: bigint, askedAt?: number): void {
    // a kill costs nothing where nothing is kept
    const most = session.stores ? this.#limits.intakeBlocks : deliveries.length

    for (let at = 0; at < deliveries.length; at += most) {
      this.#queue.push({ session, peer, price, askedAt, deliveries: deliveries.slice(at, at + most) })
    }

    this.#bytes += bytesOf(deliveries)

    while (this.#working < this.#limits.intakeWorkers && this.#queue.length > 0) {
      const worker = this.#work().finally(() => this.#workers.delete(worker))
      this.#workers.add(worker)
    }
  }

  /** Forgets what has not begun, and waits for what has. */
  async stop (): Promise<void> {
    this.#queue.length = 0
    await Promise.all(this.#workers)
    this.#bytes = 0
  }

  async #work (): Promise<void> {
    this.#working++

    for (let batch = this.#queue.shift(); batch != null; batch = this.#queue.shift()) {
      const result = await this.#take(batch)
      this.#bytes -= bytesOf(batch.deliveries)
      this.#done(result)
    }

    this.#working--
  }

  async #take ({ session, peer, deliveries, price, askedAt }: Batch): Promise<IntakeResult> {
    const { shape, tree } = session
    const indices = deliveries.map(delivery => delivery.index).sort((a, b) => a - b)
    const result: IntakeResult = { session, peer, price, askedAt, indices, verified: [], rejected: [], stored: false }

    try {
      await tree?.load(rangesOf(indices))
    } catch (err) {
      result.refused = toError(err)
    }

    for (const delivery of deliveries) {
      try {
        const block = this.#verify(shape, delivery, tree?.proofs, this.#hasher)
        result.verified.push(block instanceof Promise ? await block : block)
      } catch (err) {
        result.rejected.push({ index: delivery.index, bytes: delivery.data.byteLength, error: toError(err) })
      }
    }

    if (!session.stores || result.verified.length === 0 || result.refused != null) {
      return result
    }

    try {
      if (tree != null) {
        await tree.put(result.verified)
      } else if (isTreeCid(shape.root)) {
        throw new StoreRefusedError('The local store could not open the dataset', { cid: shape.root })
      } else {
        await this.#store.putBlock(result.verified[0])
      }

      result.stored = true
    } catch (err) {
      result.refused = toError(err)
    }

    return result
  }
}

/** Whether the author of the dataset is at fault, not the peer. */
export function isAuthorsFault (error: Error): boolean {
  return error.name === InvalidDatasetError.name
}

function bytesOf (deliveries: Delivery[]): number {
  return deliveries.reduce((sum, { data }) => sum + data.byteLength, 0)
}

function toError (err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err))
}
