// A libp2p node with Prometheus metrics: what Codex does is among them. Fetches the page that Prometheus would read.
import { createServer } from 'node:http'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createCodex } from 'codex-download'
import { libp2pTransport } from 'codex-download/libp2p'
import { createLibp2p } from 'libp2p'
import { register } from 'prom-client'
import type { Libp2pOptions } from 'libp2p'
import type { AddressInfo } from 'node:net'

async function options (): Promise<Libp2pOptions> {
  return {
    privateKey: await generateKeyPair('secp256k1'), // the network knows no other kind of key
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 4 * 1024 * 1024 } })],
    services: { identify: identify() }
  }
}

const author = await createLibp2p(await options())
const authorCodex = createCodex({ transport: libp2pTransport(author) })
await authorCodex.start()
const cid = await authorCodex.store(new Blob([new Uint8Array(4 * 1024 * 1024).fill(7)]))
const providers = author.getMultiaddrs()

const libp2p = await createLibp2p({ ...await options(), metrics: prometheusMetrics() })
const codex = createCodex({ transport: libp2pTransport(libp2p), metrics: libp2p.metrics })
await codex.start()

const server = createServer((_, response) => {
  register.metrics().then(page => {
    response.writeHead(200, { 'content-type': register.contentType })
    response.end(page)
  }, (err: Error) => response.destroy(err))
})
await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
const { port } = server.address() as AddressInfo

await codex.download(cid, { providers }).done
const response = await fetch(`http://127.0.0.1:${port}/metrics`)
const lines = (await response.text()).split('\n').filter(line => line.startsWith('codex_') && !/^codex_size|_bucket/.test(line))
process.stdout.write(`${lines.join('\n')}\n`)

await new Promise(resolve => { server.close(resolve) })
await codex.stop()
await libp2p.stop()
await authorCodex.stop()
await author.stop()
