import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { collect } from '../../src/index.ts'
import { createNode } from '../../src/node/index.ts'
import { withTempDir } from '../temp-dir.ts'
import type { Provider } from '../../src/index.ts'
import type { CodexNode, NodeInit } from '../../src/node/index.ts'
import type { PeerInfo } from '@libp2p/interface'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']

describe('a node in the DHT', () => {
  it('finds a file by its CID and a bootstrap record, and nothing else', async function () {
    this.timeout(60_000)
    await withTempDir(async dir => {
      const nodes: CodexNode[] = []

      try {
        const first = await createNode({ dataDir: join(dir, `${nodes.length}`), listen: LISTEN, discoveryPort: 0 })
        nodes.push(first)
        const bootstrap = [first.spr() ?? '']
        expect(bootstrap[0]).to.match(/^spr:/)

        const seeder = await createNode({ dataDir: join(dir, `${nodes.length}`), listen: LISTEN, bootstrap })
        nodes.push(seeder)
        const content = randomBytes(1_000_000)
        const cid = await seeder.codex.store(content)
        const reader = await createNode({ dataDir: join(dir, `${nodes.length}`), listen: LISTEN, bootstrap })
        nodes.push(reader)

        expect(equals(await collect(reader.codex.download(cid), { max: content.byteLength }), content)).to.equal(true)
        expect(reader.codex.peers().map(({ id }) => id)).to.include(seeder.libp2p.peerId.toString())
      } finally {
        await Promise.all(nodes.map(async node => node.stop()))
      }
    })
  })

  it('says who has a CID, and takes limits of the DHT', async function () {
    this.timeout(60_000)
    await withTempDir(async dir => {
      const nodes: CodexNode[] = []
      const start = async (init: Partial<NodeInit>): Promise<CodexNode> => {
        const node = await createNode({ dataDir: join(dir, `${nodes.length}`), listen: LISTEN, ...init })
        nodes.push(node)

        return node
      }

      try {
        const first = await start({ discoveryPort: 0 })
        const bootstrap = [first.spr() ?? '']
        const silent = await start({ bootstrap, dhtLimits: { announced: 0 } })
        const seeder = await start({ bootstrap })
        const unheard = await silent.codex.store(randomBytes(10))
        const cid = await seeder.codex.store(randomBytes(10))
        let found: Provider[] = []

        while (found.length === 0) {
          found = await Array.fromAsync(first.findProviders(cid))
        }

        expect(found.map(provider => (provider as PeerInfo).id.toString())).to.deep.equal([seeder.libp2p.peerId.toString()])
        expect((found[0] as PeerInfo).multiaddrs.map(address => `${address.toString()}/p2p/${seeder.libp2p.peerId}`))
          .to.deep.equal(seeder.addresses().map(address => address.toString()))
        expect(await Array.fromAsync(first.findProviders(unheard))).to.deep.equal([])
      } finally {
        await Promise.all(nodes.map(async node => node.stop()))
      }
    })
  })
})
