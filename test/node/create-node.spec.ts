import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { mplex } from '@libp2p/mplex'
import { noise } from '@libp2p/noise'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { tcp } from '@libp2p/tcp'
import { expect } from 'aegir/chai'
import { createLibp2p } from 'libp2p'
import { Registry } from 'prom-client'
import { DataDirInUseError, NotFoundError, collect, createCodex } from '../../src/index.ts'
import { libp2pTransport } from '../../src/libp2p/index.ts'
import { createNode } from '../../src/node/index.ts'
import type { Discovery } from '../../src/index.ts'
import type { CodexNode, NodeInit } from '../../src/node/index.ts'
import type { Libp2p } from '@libp2p/interface'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const UNKNOWN = 'zDvZRwzm8vCAGJ2aU3y2ZisCdSyZ1n3k8mPFoit1Z7ztNxcZvsWh'
const MAX = 16 * 1024 * 1024
const content = new Uint8Array(300_000).map((_, index) => index % 251)

describe('node/create-node', () => {
  let dir: string
  let nodes: CodexNode[]

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codex-download-test-'))
    nodes = []
  })

  afterEach(async () => {
    await Promise.all(nodes.map(async node => node.stop()))
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  })

  /** A node with a directory of its own, stopped after the test. */
  async function open (name: string, init: Partial<NodeInit> = {}): Promise<CodexNode> {
    const node = await createNode({ dataDir: join(dir, name), listen: LISTEN, ...init })
    nodes.push(node)

    return node
  }

  it('downloads from a peer it is told of, and keeps identity and blocks', async () => {
    const seeder = await open('seeder')
    const cid = await seeder.codex.store([content])
    const reader = await open('reader', { listen: [], peers: seeder.addresses() })
    expect(await collect(reader.codex.download(cid), { max: MAX })).to.deep.equal(content)
    await reader.stop()

    const again = await open('reader', { listen: [] })
    expect(again.libp2p.peerId.toString()).to.equal(reader.libp2p.peerId.toString()).and.to.match(/^16Uiu2HA/)
    expect(await collect(again.codex.download(cid, { offline: true }), { max: MAX })).to.deep.equal(content)
    expect((await readdir(join(dir, 'reader'))).sort()).to.deep.equal(['blocks', 'index', 'key'])
  })

  it('tells `metrics` what Codex does, and what libp2p does', async () => {
    const seeder = await open('seeder')
    const cid = await seeder.codex.store([content])
    const registry = new Registry()
    const metrics = prometheusMetrics({ registry, collectDefaultMetrics: false })({ logger: seeder.libp2p.logger })
    const reader = await open('reader', { listen: [], peers: seeder.addresses(), metrics })
    await reader.codex.download(cid).done
    const blocks = Math.ceil(content.byteLength / 65_536) + 1

    // a counter says the same however often it is read
    for (const read of [1, 2]) {
      const page = await registry.metrics()
      expect(page, `${read}`).to.match(new RegExp(`^codex_blocks_received_total\\{outcome="used"\\} ${blocks}$`, 'm'))
      expect(page).to.match(/^codex_retrieval_seconds_count [1-9]/m)
      expect(page).to.match(/^libp2p_data_transfer_bytes_total\{protocol=".*\/codex\/blockexc\/1\.0\.0.*"\} [1-9]/m)
    }
  })

  it('listens where it is told and nowhere else', async () => {
    const silent = await open('silent', { listen: [] })
    const listening = await open('listening')

    expect(silent.addresses()).to.deep.equal([])
    expect(listening.addresses().map(address => address.toString()))
      .to.have.lengthOf(1)
      .with.nested.property('[0]').that.matches(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/16Uiu2HA/)
  })

  it('speaks noise and mplex, as the reference node does, without ping', async () => {
    const seeder = await open('seeder')
    const cid = await seeder.codex.store([content])
    const libp2p: Libp2p = await createLibp2p({
      privateKey: await generateKeyPair('secp256k1'),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [mplex()],
      connectionMonitor: { enabled: false },
      services: { identify: identify() }
    })
    const codex = createCodex({ transport: libp2pTransport(libp2p) })
    await codex.start()

    try {
      expect(await collect(codex.download(cid, { providers: seeder.addresses() }), { max: MAX })).to.deep.equal(content)
      expect(libp2p.getConnections()).to.have.lengthOf(1)
        .with.nested.property('[0]').that.includes({ encryption: '/noise', multiplexer: '/mplex/6.7.0' })
      expect(libp2p.getProtocols()).to.not.include('/ipfs/ping/1.0.0')
      expect(seeder.libp2p.getProtocols()).to.not.include('/ipfs/ping/1.0.0')
    } finally {
      await codex.stop()
      await libp2p.stop()
    }
  })

  it('keeps the connection to the peers it is told of', async () => {
    const first = await open('first')
    const { codex, libp2p } = await open('second', { peers: first.addresses() })
    await codex.manifest(await first.codex.store([content]))
    const { tags } = await libp2p.peerStore.get(first.libp2p.peerId)

    expect([...tags.keys()]).to.deep.equal(['keep-alive-codex-download'])
  })

  it('refuses a data directory that is in use, and leaves its owner alone', async () => {
    const { codex } = await open('node')
    const cid = await codex.store([content])
    await expect(open('node')).to.eventually.be.rejected.with.property('name', DataDirInUseError.name)
    expect(await collect(codex.download(cid), { max: MAX })).to.deep.equal(content)
  })

  it('leaves nothing open where it cannot start', async () => {
    await expect(open('node', { peers: ['nonsense'] })).to.eventually.be.rejected()
    expect(await readdir(dir)).to.deep.equal([])
    await expect(open('node', { listen: ['/ip4/192.0.2.1/tcp/1'] })).to.eventually.be.rejected()

    const { codex } = await open('node')
    await expect(codex.store([content])).to.eventually.be.ok()
  })

  it('asks the discovery of its host too', async () => {
    const seeder = await open('seeder')
    const discovery: Discovery = {
      async * find () { yield * seeder.addresses() },
      async provide () {}
    }
    const { codex } = await open('reader', { discovery })
    const cid = await seeder.codex.store([content])

    expect((await codex.manifest(cid)).datasetSize).to.equal(content.byteLength)
  })

  it('takes limits', async () => {
    const node = await createNode({ dataDir: dir, listen: [] }, { stallTimeout: 10 })
    nodes.push(node)

    expect(node.codex.limits.stallTimeout).to.equal(10)
    await expect(node.codex.manifest(UNKNOWN)).to.eventually.be.rejected.with.property('name', NotFoundError.name)
  })
})
