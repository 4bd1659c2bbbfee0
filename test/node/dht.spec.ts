import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { equals } from 'uint8arrays/equals'
import { collect } from '../../src/index.ts'
import { createNode } from '../../src/node/index.ts'
import { withTempDir } from '../temp-dir.ts'
import type { CodexNode } from '../../src/node/index.ts'

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
})
