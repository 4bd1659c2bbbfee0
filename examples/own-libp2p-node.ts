// A host that has a libp2p node already puts Codex on it; blocks are kept in memory.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { collect, createCodex } from 'codex-download'
import { contentRoutingDiscovery, libp2pTransport } from 'codex-download/libp2p'
import { createLibp2p } from 'libp2p'
import type { Libp2p } from '@libp2p/interface'
import type { Codex } from 'codex-download'

async function start (): Promise<{ libp2p: Libp2p, codex: Codex }> {
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPair('secp256k1'), // the network knows no other kind of key
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 4 * 1024 * 1024 } })],
    services: { identify: identify() }
  })
  const codex = createCodex({ transport: libp2pTransport(libp2p), discovery: contentRoutingDiscovery(libp2p) })
  await codex.start()

  return { libp2p, codex }
}

const [author, reader] = [await start(), await start()]
const cid = await author.codex.store(new Blob(['Hello from a host\n']), { mimetype: 'text/plain' })

const download = reader.codex.download(cid, { providers: author.libp2p.getMultiaddrs() })
process.stdout.write(await collect(download, { max: 1024 }))

for (const { codex, libp2p } of [reader, author]) {
  await codex.stop()
  await libp2p.stop()
}
