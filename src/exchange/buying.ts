/**
 * What is bought and what it costs: the policies that ship, and the account of what is committed and spent.
 */
import { withDeadline } from './deadline.ts'
import type { BuyPolicy, Clock, Offer, Payment } from '../interfaces.ts'
import type { Peer, PeerDataset } from './peer-admin.ts'
import type { CID } from 'multiformats/cid'

/** Milliseconds after which a payment is given up, and the next to that peer is made. */
const PAYMENT_TIMEOUT = 60_000

/** Takes what is free and nothing else. The default. */
export const freeOnly: BuyPolicy = ({ price }) => price === 0n

/** Buys blocks up to a price, until a budget is spent. Both in the smallest unit of the network's token. */
export function buyUpTo (init: { maxPricePerBlock: bigint, budget?: bigint }): BuyPolicy {
  const { maxPricePerBlock, budget } = init

  return ({ price, spent }) => price === 0n || (price <= maxPricePerBlock && (budget == null || spent + price <= budget))
}

export class Buying {
  readonly #policy: BuyPolicy
  readonly #payment?: Payment
  readonly #clock: Clock
  readonly #onError: (peer: string, err: Error) => void
  readonly #abort = new AbortController()
  /** By peer, the payments under way: they go in order. */
  readonly #paying = new Map<string, Promise<void>>()
  #committed = 0n
  #spent = 0n
  #policyFailed = false

  constructor (init: { policy: BuyPolicy, payment?: Payment, clock: Clock, onError(peer: string, err: Error): void }) {
    this.#policy = init.policy
    this.#payment = init.payment
    this.#clock = init.clock
    this.#onError = init.onError
  }

  /** Spent on blocks that came. */
  get spent (): bigint {
    return this.#spent
  }

  /** Our account, where we have one. */
  get account (): Uint8Array | undefined {
    return this.#payment?.account
  }

  /** Price of one block that we serve. */
  get price (): bigint {
    return this.#payment?.price ?? 0n
  }

  /**
   * Whether blocks of a dataset may be asked of a peer. Undefined while it has not told its price, unless only what is
   * free is taken and nothing says that it sells.
   *
   * `cost`: what is about to be spent
   */
  buys (peer: Peer, dataset: PeerDataset, root: CID, cost: bigint = 0n): boolean | undefined {
    const { price } = dataset

    if (price == null) {
      return this.#policy === freeOnly && peer.account == null ? true : undefined
    }

    return this.#accepts({ peer: peer.id, root, price, account: peer.account, spent: this.#spent + this.#committed + cost })
  }

  /** A policy that fails accepts nothing. It is asked often, so that is told once. */
  #accepts (offer: Offer): boolean {
    try {
      return this.#policy(offer)
    } catch (err) {
      if (!this.#policyFailed) {
        this.#policyFailed = true
        this.#onError(offer.peer, toError(err))
      }

      return false
    }
  }

  /** Blocks are asked for (`blocks` > 0), or will not come after all (`blocks` < 0). */
  commit (blocks: number, price: bigint): void {
    this.#committed += BigInt(blocks) * price
  }

  /** Blocks came (`blocks` > 0), or did not verify after all (`blocks` < 0). */
  spend (blocks: number, price: bigint): void {
    this.#spent += BigInt(blocks) * price
  }

  /** Pays for blocks that verified, where there is someone to pay and a way. */
  pay (peer: Peer, blocks: number, price: bigint): void {
    const amount = BigInt(blocks) * price
    const { account } = peer

    if (amount === 0n || account == null || this.#payment == null) {
      return
    }

    const payment = this.#payment
    const earlier = this.#paying.get(peer.id) ?? Promise.resolve()
    const paying = earlier.then(async () => {
      const update = await withDeadline(this.#clock, PAYMENT_TIMEOUT, this.#abort.signal, async signal => {
        return payment.pay(peer.id, { account, amount }, { signal })
      })
      peer.link?.pay(update)
    }).catch(err => {
      if (!this.#abort.signal.aborted) {
        this.#onError(peer.id, toError(err))
      }
    }).finally(() => {
      if (this.#paying.get(peer.id) === paying) {
        this.#paying.delete(peer.id)
      }
    })

    this.#paying.set(peer.id, paying)
  }

  /** What a peer sends must not bring us down, whatever the host's payment makes of it. */
  received (peer: string, update: Uint8Array): void {
    const failed = (err: unknown): void => { this.#onError(peer, toError(err)) }

    try {
      // it may be an async function all the same: its rejection would be nobody's
      const result: unknown = this.#payment?.received?.(peer, update)
      Promise.resolve(result).catch(failed)
    } catch (err) {
      failed(err)
    }
  }

  /** Peers that are being paid. */
  get size (): number {
    return this.#paying.size
  }

  async stop (): Promise<void> {
    this.#abort.abort()
    await Promise.all(this.#paying.values())
  }
}

function toError (err: unknown): Error {
  return err instanceof Error ? err : new Error(String(err))
}
