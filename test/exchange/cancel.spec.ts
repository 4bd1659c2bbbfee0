/* eslint-disable max-nested-callbacks, no-loop-func -- counts in the middle of a test */
import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { collect } from '../../src/index.ts'
import { int, seededContent } from '../../src/testing/index.ts'
import { BLOCK, failure, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { TestNode } from '../api/network.ts'

/** Every cancel that went out, each with whether it was for something that this peer had been asked for on this link. */
function cancels ({ links }: TestNode): { asked: number, unasked: string[] } {
  const requested = new Map<string, Set<string>>()
  const unasked: string[] = []
  let asked = 0

  for (const { what, peer, root, indices } of links) {
    const ours = requested.get(peer) ?? new Set()
    requested.set(peer, ours)

    if (what === 'opened' || what === 'closed') {
      ours.clear()
    }

    for (const index of indices) {
      const key = `${root} ${index}`

      if (what === 'request') {
        ours.add(key)
      } else if (what === 'delivered') {
        ours.delete(key)
      } else if (what === 'cancel') {
        asked++

        if (!ours.delete(key)) {
          unasked.push(`${key} at ${peer}`)
        }
      }
    }
  }

  return { asked, unasked }
}

describe('a cancel', () => {
  it('goes to those who were asked, for what they were asked and did not deliver', async () => {
    let sent = 0

    for (let seedOf = 1; seedOf <= 8; seedOf++) {
      await onNetwork(async net => {
        const { random } = net
        const seeders: TestNode[] = []

        for (let i = 0; i < 3; i++) {
          seeders.push(await net.add({ conditions: { upload: int(random, 50, 800) * KiB, latency: int(random, 5, 100) } }))
        }

        const files = await Promise.all(seeders.map(async node => seed(node, 150 * BLOCK)))
        const reader = await net.add()
        await Promise.all([0, 1, 2].map(async i => {
          const controller = new AbortController()
          const reading = collect(reader.codex.download(files[0].cid, { offset: i * 20 * BLOCK, signal: controller.signal }), { max: MiB }).catch(() => {})
          await net.sleep(int(random, 200, 3_000))

          if (i > 0) {
            controller.abort()
          }

          if (i === 2) {
            net.transports.disconnect(reader.transport, seeders[0].transport)
          }

          await reading
        }))

        const { asked, unasked } = cancels(reader)
        expect(unasked).to.deep.equal([])
        sent += asked
      }, seedOf)
    }

    expect(sent).to.be.above(100)
  })

  it('goes to the peer that was slower, when a block was asked of two', async () => {
    await onNetwork(async net => {
      const file = new ServedFile(seededContent(5)(10 * BLOCK), BLOCK)
      const silent = await net.script(file.serve({ only: ({ kind, root }) => kind === 'have' || !root.equals(file.root) }))
      const reader = await net.add()
      const reading = collect(reader.codex.download(file.cid, { providers: [silent.transport.peerId] }), { max: MiB })
      await net.until(() => silent.wantedBy('block').length > 1)
      const good = await net.script(file.serve())
      await good.connect(reader.transport)
      await reading
      await net.sleep(1_000)

      expect(silent.wantedBy('cancel').sort((a, b) => a - b)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(good.wantedBy('cancel')).to.deep.equal([])
    })
  })

  it('goes to a peer whose request is given up', async () => {
    await onNetwork(async net => {
      const file = new ServedFile(seededContent(5)(10 * BLOCK), BLOCK)
      const silent = await net.script(file.serve({ only: ({ kind, root }) => kind === 'have' || !root.equals(file.root) }))
      const reader = await net.add({ limits: { firstTimeout: 1_000 } })
      await failure(reader.codex.download(file.cid, { providers: [silent.transport.peerId], stallTimeout: 5_000 }).done)
      await net.sleep(100)

      expect(silent.wantedBy('cancel')).to.have.lengthOf(silent.wantedBy('block').length - 1)
      expect(cancels(reader).unasked).to.deep.equal([])
    })
  })

  it('does not go out for what was delivered', async () => {
    await onNetwork(async net => {
      const seeder = await net.add()
      const { cid } = await seed(seeder, 100 * BLOCK)
      const reader = await net.add()
      await reader.codex.download(cid).done

      expect(cancels(reader).asked).to.equal(0)
    })
  })
})
