// A web server that plays a film from the network: a range costs the blocks that cover it, and nothing is fetched
// faster than the client reads.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileSize } from 'codex-download'
import { createNode } from 'codex-download/node'
import type { AddressInfo } from 'node:net'

const dir = await mkdtemp(join(tmpdir(), 'codex-'))
const seeder = await createNode({ dataDir: join(dir, 'seeder'), listen: ['/ip4/127.0.0.1/tcp/0'] })
const cid = await seeder.codex.store([new Uint8Array(3_000_000).fill(7)], { filename: 'film.mp4', mimetype: 'video/mp4' })
const node = await createNode({ dataDir: join(dir, 'node'), listen: [], peers: seeder.addresses() })

const server = createServer((request, response) => {
  serve(request.headers.range).catch(err => response.destroy(err))

  async function serve (range = 'bytes=0-'): Promise<void> {
    const manifest = await node.codex.manifest(cid)
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? ['', '0', '']
    const offset = Number(first)
    const end = Math.min(last === '' ? Infinity : Number(last) + 1, fileSize(manifest))

    response.writeHead(206, {
      'content-type': manifest.mimetype,
      'content-length': end - offset,
      'content-range': `bytes ${offset}-${end - 1}/${fileSize(manifest)}`
    })
    await pipeline(Readable.from(node.codex.download(cid, { offset, length: end - offset })), response)
  }
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const { port } = server.address() as AddressInfo
const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { range: 'bytes=1000000-1999999' } })
const { byteLength } = await answer.arrayBuffer()
process.stdout.write(`${answer.headers.get('content-range')}: ${byteLength} bytes\n`)

server.closeAllConnections()
server.close()
await node.stop()
await seeder.stop()
await rm(dir, { recursive: true })
