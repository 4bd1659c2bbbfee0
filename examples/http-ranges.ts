// A web server that plays a film from the network.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// <readme>
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
// </readme>
import { formatCid } from 'codex-download'
import { createNode } from 'codex-download/node'
// <readme>
import type { Codex } from 'codex-download'
import type { ServerResponse } from 'node:http'
// </readme>
import type { AddressInfo } from 'node:net'

// <readme>
// answers `Range: bytes=first-last`: fetches the blocks that cover it, no faster than the client reads
async function serveRange (codex: Codex, cid: string, range: string, response: ServerResponse): Promise<void> {
  const { datasetSize, mimetype } = await codex.manifest(cid)
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? []
  const offset = Number(first)
  const end = Math.min(last === '' ? Infinity : Number(last) + 1, datasetSize)

  response.writeHead(206, {
    'content-type': mimetype,
    'content-length': end - offset,
    'content-range': `bytes ${offset}-${end - 1}/${datasetSize}`
  })
  await pipeline(Readable.from(codex.download(cid, { offset, length: end - offset })), response)
}
// </readme>

const dir = await mkdtemp(join(tmpdir(), 'codex-'))
const seeder = await createNode({ dataDir: join(dir, 'seeder'), listen: ['/ip4/127.0.0.1/tcp/0'] })
const cid = await seeder.codex.store([new Uint8Array(3_000_000).fill(7)], { filename: 'film.mp4', mimetype: 'video/mp4' })
const node = await createNode({ dataDir: join(dir, 'node'), listen: [], peers: seeder.addresses() })

const server = createServer(({ url = '', headers: { range = 'bytes=0-' } }, response) => {
  serveRange(node.codex, url.slice(1), range, response).catch(err => response.destroy(err))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const { port } = server.address() as AddressInfo
const answer = await fetch(`http://127.0.0.1:${port}/${formatCid(cid)}`, { headers: { range: 'bytes=1000000-1999999' } })
const { byteLength } = await answer.arrayBuffer()
process.stdout.write(`${answer.headers.get('content-range')}: ${byteLength} bytes\n`)

server.closeAllConnections()
server.close()
await node.stop()
await seeder.stop()
await rm(dir, { recursive: true })
