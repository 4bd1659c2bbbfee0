import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { buyUpTo, collect, freeOnly, TooExpensiveError } from '../../src/index.ts'
import { int, neverDelivered, pick, seededContent, sometimes, wrongBytes } from '../../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { Offer, Payment } from '../../src/index.ts'
import type { NodeOptions, TestNetwork, TestNode } from '../api/network.ts'

const BLOCKS = 30
const content = seededContent(5)(BLOCKS * BLOCK)
/** Blocks of the file, and the manifest. */
const ALL = BLOCKS + 1

function account (byte: number): Uint8Array {
  return new Uint8Array(20).fill(byte)
}

/** A purse that keeps what it paid: the update says to whom and how much. */
class Purse implements Payment {
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
async function seller (net: TestNetwork, price: bigint, options: NodeOptions = {}): Promise<{ node: TestNode, purse: Purse }> {
  const purse = new Purse(1, price)
  const node = await net.add({ payment: purse, ...options })
  await seed(node, content.byteLength, { content })

  return { node, purse }
}

const { cid, root } = new ServedFile(content, BLOCK)

describe('buying', () => {
  it('is not done unless it is asked for: the download fails soon, with the best price', async () => {
    await onNetwork(async net => {
      const sellers = [await seller(net, 9n), await seller(net, 7n), await seller(net, 8n)]
      const reader = await net.add()
      // their accounts say that they sell
      await Promise.all(sellers.map(async ({ node }) => node.transport.connect(reader.transport.peerId)))
      await net.sleep(200)
      const err = await failure(reader.codex.download(cid).done)

      expect(err).to.have.property('name', TooExpensiveError.name)
      expect(err).to.have.property('bestPrice', 7n)
      expect(err.message).to.include('7')
      expect(`${err.cid}`).to.equal(cid.toString())
      expect(net.clock.now()).to.be.below(5_000)
      expect(reader.codex.stats().spent).to.equal(0n)
      expect(reader.links.filter(({ what }) => what === 'delivered')).to.deep.equal([])
      await net.sleep(1_000)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })

  it('is not needed where another gives for free, also when the dear one is nearer', async () => {
    await onNetwork(async net => {
      const { purse } = await seller(net, 5n)
      const free = await net.add({ conditions: { latency: 200 } })
      await seed(free, content.byteLength, { content })
      const reader = await net.add({ payment: new Purse(2) })

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(reader.codex.peers().find(({ id }) => id === free.id)).to.have.property('used').at.least(BLOCKS)
      expect(reader.codex.stats().spent).to.equal(0n)
      expect(purse.updates).to.deep.equal([])
    })
  })

  it('is done up to a price, and each delivery is paid once, to the account that was announced', async () => {
    await onNetwork(async net => {
      const { node, purse } = await seller(net, 5n)
      const { purse: dear } = await seller(net, 6n)
      const buyer = new Purse(2)
      const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock: 5n }) })

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      await net.sleep(1_000)
      expect(reader.codex.stats().spent).to.equal(5n * BigInt(ALL))
      expect(buyer.total).to.equal(5n * BigInt(ALL))
      expect(buyer.paid.every(({ peer, account: to }) => peer === node.id && to[0] === 1)).to.be.true()
      expect(purse.updates.map(({ update }) => update)).to.deep.equal(buyer.paid.map(({ amount }, i) => `${i + 1}: ${amount}`))
      expect(dear.updates).to.deep.equal([])

      const announced = reader.links.findIndex(({ what, peer }) => what === 'announce' && peer === node.id)
      const asked = reader.links.findIndex(({ what, peer }) => what === 'ask' && peer === node.id)
      expect(announced).to.be.within(0, asked)
      expect(node.links.find(({ what }) => what === 'account')?.bytes).to.deep.equal(account(2))
    })
  })

  for (const budget of [0n, 1n, 5n, 5n * 12n + 4n]) {
    it(`stops at a budget of ${budget}`, async () => {
      await onNetwork(async net => {
        await seller(net, 5n)
        const buyer = new Purse(2)
        const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock: 5n, budget }) })
        const err = await failure(reader.codex.download(cid).done)
        const blocks = budget / 5n

        expect(err).to.have.property('name', TooExpensiveError.name)
        expect(err).to.have.property('bestPrice', 5n)
        expect(reader.codex.stats().spent).to.equal(blocks * 5n)
        expect(buyer.total).to.equal(blocks * 5n)
        expect(reader.codex.stats().used.blocks).to.equal(Number(blocks))
        expect(net.clock.now()).to.be.below(5_000)
      })
    })
  }

  it('stops at a budget that several downloads share', async () => {
    await onNetwork(async net => {
      const { node } = await seller(net, 5n)
      const other = await seed(node, 20 * BLOCK)
      const buyer = new Purse(2)
      const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock: 5n, budget: 100n }) })
      await Promise.all([failure(reader.codex.download(cid).done), failure(reader.codex.download(other.cid).done)])

      expect(reader.codex.stats().spent).to.equal(100n)
      expect(buyer.total).to.equal(100n)
    })
  })

  it('goes on with what is free when the budget is spent', async () => {
    await onNetwork(async net => {
      await seller(net, 5n)
      const buyer = new Purse(2)
      const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock: 5n, budget: 50n }), limits: { stallTimeout: 10_000 } })
      const reading = collect(reader.codex.download(cid), { max: MiB })
      const free = await net.add({ conditions: { latency: 300 } })
      await seed(free, content.byteLength, { content })
      await free.transport.connect(reader.transport.peerId)

      expect(await reading).to.deep.equal(content)
      expect(reader.codex.stats().spent <= 50n).to.be.true()
    })
  })

  it('is decided by a function that is told all of the offer', async () => {
    await onNetwork(async net => {
      const { node } = await seller(net, 5n)
      const offers: Offer[] = []
      const reader = await net.add({
        payment: new Purse(2),
        buyPolicy: offer => {
          offers.push(offer)
          return offer.price < 6n
        }
      })

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(offers[0]).to.deep.include({ peer: node.id, price: 5n, account: account(1), spent: 0n })
      expect(offers[0].root.toString()).to.equal(cid.toString())
      const spent = offers.map(({ spent }) => spent)
      expect(spent.some(spent => spent > 0n)).to.be.true()
      expect(spent.every(spent => spent <= 5n * BigInt(ALL))).to.be.true()
    })
  })

  it('keeps its books where blocks come twice, late or wrong', async () => {
    await onNetwork(async net => {
      const buyer = new Purse(2)
      const sellers = [1n, 2n, 3n].map(async price => seller(net, price, { faults: { slow: { clock: net.clock, ms: Number(price) * 400 } } }))
      await Promise.all(sellers)
      const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock: 3n }), limits: { firstTimeout: 1_000 } })

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      await net.sleep(30_000)
      expect(buyer.total).to.equal(reader.codex.stats().spent)
      expect(buyer.total >= BigInt(ALL) && buyer.total <= 3n * BigInt(ALL)).to.be.true()
    })
  })

  it('that fails is told of, and the download goes on', async () => {
    await onNetwork(async net => {
      await seller(net, 5n)
      const buyer = new Purse(2)
      buyer.failing = true
      const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock: 5n }) })
      const errors = events(reader, 'codex:payment:error')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(errors[0].error.message).to.equal('the channel is closed')
    })
  })
})

describe('while a price is not known', () => {
  for (const [what, policy, sells, asks] of [
    ['blocks are asked of a peer without an account, where only what is free is taken', freeOnly, false, true],
    ['only presence is asked of a peer with an account', freeOnly, true, false],
    ['only presence is asked where something may be bought', buyUpTo({ maxPricePerBlock: 1n }), false, false]
  ] as Array<[string, typeof freeOnly, boolean, boolean]>) {
    it(what, async () => {
      await onNetwork(async net => {
        const peer = await net.script({
          opened: link => {
            if (sells) {
              link.account(account(3))
            }
          }
        })
        const reader = await net.add({ buyPolicy: policy })
        await peer.connect(reader.transport)
        await net.sleep(1_000)
        await failure(reader.codex.download(cid, { providers: [peer.transport.peerId], stallTimeout: 3_000 }).done)

        expect(peer.wantedBy('have')).to.not.be.empty()
        expect(peer.wantedBy('block').length > 0).to.equal(asks)
      })
    })
  }

  it('blocks of the tree are not asked of a seller of whom only the manifest\'s price is known', async () => {
    await onNetwork(async net => {
      const file = new ServedFile(content, BLOCK)
      const peer = await net.script(file.serve({ price: 1n, only: ({ root: of, kind }) => !of.equals(root) || kind === 'block' }))
      const reader = await net.add({ payment: new Purse(2), buyPolicy: buyUpTo({ maxPricePerBlock: 5n }) })
      await failure(reader.codex.download(cid, { providers: [peer.transport.peerId], stallTimeout: 3_000 }).done)

      expect(peer.wants.filter(({ kind, root: of }) => kind === 'block' && of.equals(root))).to.deep.equal([])
    })
  })
})

describe('selling', () => {
  it('tells the price with the presence, and the account first', async () => {
    await onNetwork(async net => {
      const { node } = await seller(net, 5n)
      const peer = await net.script()
      const link = await peer.connect(node.transport)
      link.askHave(root, [{ start: 0, end: 3 }])
      await net.sleep(1_000)

      expect(peer.accounts).to.deep.equal([account(1)])
      expect(peer.answers).to.deep.equal([{ root: root.toString(), have: [0, 1, 2], absent: [], price: 5n }])
    })
  })

  it('is not said by one who takes nothing', async () => {
    await onNetwork(async net => {
      const node = await net.add()
      await seed(node, content.byteLength, { content })
      const peer = await net.script()
      const link = await peer.connect(node.transport)
      link.askHave(root, [{ start: 0, end: 1 }])
      await net.sleep(1_000)

      expect(peer.accounts).to.deep.equal([])
      expect(peer.answers.map(({ price }) => price)).to.deep.equal([0n])
    })
  })
})

describe('a market', () => {
  it('of any prices, budgets and faults keeps to the budget, and its books add up', async function () {
    this.timeout(30_000)

    for (let seedOf = 1; seedOf <= 25; seedOf++) {
      await onNetwork(async net => {
        const { random } = net
        const faults = [undefined, { blocks: [sometimes(random, 0.1, wrongBytes)] }, { blocks: [sometimes(random, 0.3, neverDelivered)] }, { slow: { clock: net.clock, ms: 1_500 } }]

        for (let i = int(random, 1, 5); i > 0; i--) {
          await seller(net, BigInt(int(random, 0, 8)), { faults: pick(random, faults), conditions: { latency: int(random, 5, 100) } })
        }

        const budget = random() < 0.7 ? BigInt(int(random, 0, 200)) : undefined
        const maxPricePerBlock = BigInt(int(random, 1, 8))
        const buyer = new Purse(2)
        const reader = await net.add({ payment: buyer, buyPolicy: buyUpTo({ maxPricePerBlock, budget }), limits: { firstTimeout: 1_000 } })
        const startedAt = net.clock.now()
        const outcome = await collect(reader.codex.download(cid, { stallTimeout: 20_000 }), { max: MiB }).catch((err: Error) => err)
        await net.sleep(30_000)
        const { spent } = reader.codex.stats()

        expect(buyer.total, `seed ${seedOf}`).to.equal(spent)
        expect(budget == null || spent <= budget, `seed ${seedOf}: ${spent} of ${budget}`).to.be.true()
        expect(buyer.paid.every(({ amount }) => amount > 0n)).to.be.true()

        if (outcome instanceof Error) {
          expect(['TooExpensiveError', 'StallError', 'NotFoundError'], `seed ${seedOf}: ${outcome.message}`).to.include(outcome.name)
        } else {
          expect(outcome).to.deep.equal(content)
        }

        expect(net.clock.now() - startedAt).to.be.below(10 * 60_000)
      }, seedOf)
    }
  })
})
