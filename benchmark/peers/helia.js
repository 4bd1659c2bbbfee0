/** The bytes by Helia: bitswap over noise and yamux, raw leaves of 64 KiB, stores in memory. */
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { createHeliaLight } from 'helia'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { CID } from 'multiformats/cid'
import { contentChunks, seededContent } from '../../dist/src/testing/corpus.js'

const BLOCK = 65_536

async function start () {
  const helia = withBitswap(withLibp2pLight(createHeliaLight({ blockstore: new MemoryBlockstore() }), {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify() }
  }))
  await helia.start()

  return helia
}

export const contender = {
  async seed (size) {
    const helia = await start()
    const cid = await unixfs(helia).addByteStream(contentChunks(seededContent(1), size), {
      rawLeaves: true,
      chunker: fixedSize({ chunkSize: BLOCK })
    })

    return { address: helia.libp2p.getMultiaddrs()[0].toString(), cid: cid.toString() }
  },

  async connect ({ address, cid }) {
    const helia = await start()
    await helia.libp2p.dial(multiaddr(address))

    return async took => {
      for await (const bytes of unixfs(helia).cat(CID.parse(cid))) {
        took(bytes.byteLength)
      }
    }
  }
}
