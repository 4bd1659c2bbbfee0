/** Who buys and who sells, in tests of the two. */
import { seededContent } from '../../src/testing/index.ts'
import { BLOCK, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { Payment } from '../../src/index.ts'
import type { NodeOptions, TestNetwork, TestNode } from '../api/network.ts'

export const BLOCKS = 30
export const content = seededContent(5)(BLOCKS * BLOCK)
/** Blocks of the file, and the manifest. */
export const ALL = BLOCKS + 1

export function account (byte: number): Uint8Array {
  return new Uint8Array(20).fill(byte)
}

/** A purse that keeps what it paid: the update says to whom and how much. */
export class Purse implements Payment {
  readonly account: Uint8Array
  readonly price?: bigint
  readonly paid: Array<{ peer: string, account: Uint8Array, amount: bigint }> = []
  readonly updates: Array<{ peer: string, update: string }> = []
  failing = false

  constructor (byte: number, price?: bigint) {
    this.account = account(byte)
    this.price = price
  }

  get total (): bigint {
    return this.paid.reduce((sum, { amount }) => sum + amount, 0n)
  }

  async pay (peer: string, payment: { account: Uint8Array, amount: bigint }): Promise<Uint8Array> {
    if (this.failing) {
      throw new Error('the channel is closed')
    }

    this.paid.push({ peer, ...payment })

    return new TextEncoder().encode(`${this.paid.length}: ${payment.amount}`)
  }

  received (peer: string, update: Uint8Array): void {
    this.updates.push({ peer, update: new TextDecoder().decode(update) })
  }
}

/** A node that sells the file. */
export async function seller (net: TestNetwork, price: bigint, options: NodeOptions = {}): Promise<{ node: TestNode, purse: Purse }> {
  const purse = new Purse(1, price)
  const node = await net.add({ payment: purse, ...options })
  await seed(node, content.byteLength, { content })

  return { node, purse }
}

export const { cid, root } = new ServedFile(content, BLOCK)
