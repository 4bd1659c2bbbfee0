import { expect } from 'aegir/chai'
import { MiB } from '../../src/constants.ts'
import { buyUpTo, collect, freeOnly } from '../../src/index.ts'
import { int, neverDelivered, pick, sometimes, wrongBytes } from '../../src/testing/index.ts'
import { BLOCK, events, failure, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import { Purse, account, content, seller, cid, root } from './market.ts'

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

describe('what a host gives', () => {
  it('may throw: a policy that does buys nothing, and it is told of once', async () => {
    await onNetwork(async net => {
      const { node } = await seller(net, 1n)
      const free = await net.add({ conditions: { latency: 300 } })
      await seed(free, content.byteLength, { content })
      const broken = new Error('no such account')
      const reader = await net.add({
        payment: new Purse(2),
        buyPolicy: ({ price }) => {
          if (price > 0n) {
            throw broken
          }

          return true
        }
      })
      const errors = events(reader, 'codex:payment:error')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(errors).to.deep.equal([{ peer: node.id, error: broken }])
      expect(reader.codex.stats().spent).to.equal(0n)
    })
  })

  const broken = new Error('not JSON')

  for (const [how, received] of Object.entries({ throw: () => { throw broken }, reject: async () => Promise.reject(broken) })) {
    it(`may ${how}: a payment that makes no sense harms nobody`, async () => {
      await onNetwork(async net => {
        const { node } = await seller(net, 1n, { payment: Object.assign(new Purse(1, 1n), { received }) })
        const errors = events(node, 'codex:payment:error')
        const peer = await net.script()
        const link = await peer.connect(node.transport)
        link.pay(new Uint8Array([1, 2, 3]))
        link.askHave(root, [{ start: 0, end: 1 }])
        await net.sleep(500)

        expect(errors).to.deep.equal([{ peer: peer.id, error: broken }])
        expect(peer.answers).to.have.lengthOf(1)
      })
    })
  }

  it('may hang: a payment is given up after a minute, the next is made, and stopping waits for none', async () => {
    await onNetwork(async net => {
      await seller(net, 1n)
      let pays = 0
      const purse = Object.assign(new Purse(2), {
        pay: async () => {
          pays++
          return new Promise<Uint8Array>(() => {})
        }
      })
      const reader = await net.add({ payment: purse, buyPolicy: buyUpTo({ maxPricePerBlock: 1n }) })
      const errors = events(reader, 'codex:payment:error')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(pays).to.equal(1)
      await net.sleep(61_000)
      expect(pays).to.equal(2)
      expect(errors).to.have.lengthOf(1)
      const stoppedAt = net.clock.now()
      await reader.codex.stop()
      expect(net.clock.now()).to.equal(stoppedAt)
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
