// A host that has a libp2p node already puts Codex on it; blocks are kept in memory.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
// <readme>
import { collect, createCodex } from 'codex-download'
import { contentRoutingDiscovery, libp2pTransport } from 'codex-download/libp2p'
// </readme>
import { createLibp2p } from 'libp2p'
import type { Libp2p } from '@libp2p/interface'

async function createHost (): Promise<Libp2p> {
  return createLibp2p({
    privateKey: await generateKeyPair('secp256k1'), // the network knows no other kind of key
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 4 * 1024 * 1024 } })],
    services: { identify: identify() }
  })
}

const author = await createHost()
const authorCodex = createCodex({ transport: libp2pTransport(author) })
await authorCodex.start()
const cid = await authorCodex.store(new Blob(['Hello from a host\n'], { type: 'text/plain' }))
const libp2p = await createHost()
const providers = author.getMultiaddrs()

// <readme>
const codex = createCodex({
  transport: libp2pTransport(libp2p),
  discovery: contentRoutingDiscovery(libp2p)
})
await codex.start()

const download = codex.download(cid, { providers, signal: AbortSignal.timeout(10_000) })
const manifest = await download.manifest()
const bytes = await collect(download, { max: 1024 })
const { milliseconds, peers } = await download.done

await codex.stop() // the libp2p node stays yours, and goes on
// </readme>

process.stdout.write(`${manifest?.mimetype}, ${bytes.byteLength} bytes from ${peers.join()} in ${Math.round(milliseconds)} ms\n`)
await authorCodex.stop()
await libp2p.stop()
await author.stop()
