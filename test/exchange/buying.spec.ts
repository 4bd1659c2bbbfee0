import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { buyUpTo, collect, TooExpensiveError } from '../../src/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from '../api/network.ts'
import { ALL, BLOCKS, Purse, account, content, seller, cid } from './market.ts'
import type { Offer } from '../../src/index.ts'

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
