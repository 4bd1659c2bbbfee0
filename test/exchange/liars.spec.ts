import { expect } from 'aegir/chai'
import { KiB, MiB } from '../../src/constants.ts'
import { blockCid } from '../../src/dataset/codecs.ts'
import { hasher } from '../../src/hasher/node.ts'
import { collect, InvalidManifestError, VerificationError } from '../../src/index.ts'
import { seededContent, sometimes, wrongBytes, wrongProof } from '../../src/testing/index.ts'
import { BLOCK, events, failure, held, onNetwork, seed } from '../api/network.ts'
import { ServedFile } from '../api/scripted-peer.ts'
import type { CodexError } from '../../src/index.ts'
import type { BlockFault } from '../../src/testing/index.ts'

const file = new ServedFile(seededContent(5)(60 * BLOCK), BLOCK)
const other = new Uint8Array(BLOCK).fill(7)

const LIES: Record<string, BlockFault> = {
  'wrong bytes': wrongBytes,
  'a wrong proof': wrongProof,
  'bytes of its own with their CID': block => ({ ...block, data: other, cid: blockCid(hasher.digest(other) as Uint8Array) }),
  'another block of the file': ({ index }) => ({ ...file.block((index + 1) % 60), index }),
  'no proof': block => ({ ...block, proof: undefined }),
  'the bytes of one block and the proof of another': block => ({ ...block, proof: file.block((block.index + 1) % 60).proof }),
  'a short block': block => ({ ...block, data: block.data.subarray(1) }),
  'no bytes': block => ({ ...block, data: new Uint8Array(0) })
}

describe('a peer that lies', () => {
  for (const [what, lie] of Object.entries(LIES)) {
    it(`with ${what} is banned, and its blocks come from elsewhere`, async () => {
      await onNetwork(async net => {
        const liar = await net.add({ faults: { blocks: [block => block.proof == null ? block : lie(block)] } })
        const honest = await net.add({ conditions: { latency: 100, upload: 100 * KiB } })
        const { cid } = await seed(liar, file.content.byteLength, { content: file.content })
        await seed(honest, file.content.byteLength, { content: file.content })
        const reader = await net.add()
        const bans = events(reader, 'codex:peer:ban')
        const rejections = events(reader, 'codex:blocks:rejected')
        const verified = events(reader, 'codex:blocks:verified')

        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(file.content)
        expect(bans).to.have.lengthOf(1)
        expect(bans[0]).to.include({ peer: liar.id })
        expect(rejections[0]).to.include({ peer: liar.id })
        expect(['VerificationError', 'InvalidProofError']).to.include(rejections[0].error.name)
        expect(verified.filter(({ peer, root }) => peer === liar.id && root.equals(file.root))).to.deep.equal([])
        expect(reader.codex.peers().map(({ id }) => id)).to.deep.equal([honest.id])
        expect(reader.codex.stats().rejected.blocks).to.equal(rejections.length)
      })
    })
  }

  it('now and then is found out', async () => {
    await onNetwork(async net => {
      const liar = await net.add({ faults: { blocks: [sometimes(net.random, 0.1, wrongBytes)] } })
      const honest = await net.add({ conditions: { upload: 200 * KiB } })
      const { cid, content } = await seed(honest, 400 * BLOCK)
      await seed(liar, 400 * BLOCK)
      const reader = await net.add()

      expect(await collect(reader.codex.download(cid), { max: 2 * MiB })).to.deep.equal(content)
      expect(await collect(reader.codex.download(cid, { offline: true }), { max: 2 * MiB })).to.deep.equal(content)
      expect(reader.codex.peers().map(({ id }) => id)).to.deep.equal([honest.id])
    })
  })

  it('about the manifest is banned', async () => {
    await onNetwork(async net => {
      const liar = await net.add({ faults: { blocks: [wrongBytes] } })
      const { cid, content } = await seed(liar, 5 * BLOCK)
      const honest = await net.add({ conditions: { latency: 300 } })
      await seed(honest, 5 * BLOCK)
      const reader = await net.add()
      const bans = events(reader, 'codex:peer:ban')

      expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      expect(bans.map(({ peer }) => peer)).to.deep.equal([liar.id])
    })
  })

  it('alone brings the download to an end, and nothing to the reader or the store', async () => {
    await onNetwork(async net => {
      const liar = await net.add({ faults: { blocks: [block => block.proof == null ? block : wrongBytes(block)] } })
      const { cid } = await seed(liar, 5 * BLOCK)
      const reader = await net.add()
      const download = reader.codex.download(cid, { stallTimeout: 5_000 })
      const err = await failure(collect(download, { max: MiB }))

      expect(err).to.have.property('name', 'NotFoundError')
      expect((err.errors as unknown as CodexError[]).some(({ name, peer }) => name === VerificationError.name && peer === liar.id)).to.be.true()
      expect(download.progress.bytes).to.equal(0)
      expect(await reader.codex.stat(cid)).to.have.property('blocksHere', 0)
      expect(held(reader.codex)).to.deep.equal({})
    })
  })

  it('is neither asked nor served while it is banned, also when it comes back', async () => {
    await onNetwork(async net => {
      const liar = await net.add({ faults: { blocks: [wrongBytes] } })
      const { cid } = await seed(liar, 5 * BLOCK)
      const reader = await net.add()
      const own = await seed(reader, 7 * BLOCK)
      await failure(reader.codex.manifest(cid, { stallTimeout: 2_000 }))
      const at = reader.links.length

      for (let i = 0; i < 3; i++) {
        net.transports.disconnect(reader.transport, liar.transport)
        await net.sleep(1_000)
        await liar.transport.connect(reader.transport.peerId)
        await net.sleep(1_000)
      }

      expect(await failure(liar.codex.manifest(own.cid, { stallTimeout: 3_000 }))).to.have.property('name', 'NotFoundError')
      expect(await failure(reader.codex.manifest(cid, { stallTimeout: 2_000 }))).to.have.property('name', 'NotFoundError')
      expect(reader.links.slice(at).filter(({ what }) => !['opened', 'close', 'closed'].includes(what))).to.deep.equal([])
      expect(reader.codex.peers()).to.deep.equal([])
    })
  })

  for (const [what, reconnects] of [['on the same connection', false], ['that came back meanwhile', true]] as Array<[string, boolean]>) {
    it(`and repents is asked again after its ban, ${what}`, async () => {
      await onNetwork(async net => {
        let lies = true
        const liar = await net.add({ faults: { blocks: [block => lies ? wrongBytes(block) : block] } })
        const { cid, content } = await seed(liar, 5 * BLOCK)
        const reader = await net.add({ limits: { banTime: 60_000 } })
        await failure(reader.codex.manifest(cid, { stallTimeout: 2_000 }))
        lies = false

        if (reconnects) {
          net.transports.disconnect(reader.transport, liar.transport)
          await net.sleep(1_000)
          await liar.transport.connect(reader.transport.peerId)
        }

        await net.sleep(50_000)
        expect(await failure(reader.codex.manifest(cid, { stallTimeout: 2_000 }))).to.have.property('name', 'NotFoundError')
        await net.sleep(10_000)
        expect(await collect(reader.codex.download(cid), { max: MiB })).to.deep.equal(content)
      })
    })
  }

  it('pushes out the oldest ban when there are more than are remembered', async () => {
    await onNetwork(async net => {
      const liars = []

      for (let i = 0; i < 4; i++) {
        const liar = await net.add({ faults: { blocks: [wrongBytes] } })
        const { cid } = await seed(liar, (i + 1) * BLOCK)
        liars.push({ liar, cid })
      }

      const reader = await net.add({ limits: { bans: 2 } })

      for (const { liar, cid } of liars) {
        await failure(reader.codex.manifest(cid, { providers: [liar.transport.peerId], stallTimeout: 500 }))
        expect(reader.codex.stats().sizes.bans).to.be.at.most(2)
      }

      expect(reader.codex.stats().sizes.bans).to.equal(2)
    })
  })
})

describe('an author who lies', () => {
  it('is not blamed on the peers', async () => {
    await onNetwork(async net => {
      // the tree has blocks of 4 KiB; the manifest says 2
      const tree = new ServedFile(file.content, BLOCK)
      const lie = new ServedFile(file.content, BLOCK, { blockSize: BLOCK / 2, datasetSize: 60 * BLOCK / 2 })
      const peer = await net.script(lie.serve())
      const reader = await net.add()
      const bans = events(reader, 'codex:peer:ban')
      const err = await failure(collect(reader.codex.download(lie.cid, { providers: [peer.transport.peerId] }), { max: MiB }))

      expect(err).to.have.property('name', 'InvalidDatasetError')
      expect(bans).to.deep.equal([])
      expect(await collect(reader.codex.download(tree.cid, { providers: [(await net.script(tree.serve())).transport.peerId] }), { max: MiB })).to.deep.equal(tree.content)
    })
  })

  it('of a manifest is told of at once', async () => {
    await onNetwork(async net => {
      const lie = new ServedFile(file.content, BLOCK, { raw: new Uint8Array([1, 2, 3]) })
      const peer = await net.script(lie.serve())
      const reader = await net.add()
      const startedAt = net.clock.now()

      expect(await failure(reader.codex.manifest(lie.cid, { providers: [peer.transport.peerId] }))).to.have.property('name', InvalidManifestError.name)
      expect(net.clock.now() - startedAt).to.be.below(1_000)
    })
  })
})
