// Two nodes in one process: the first stores a file, the second downloads it over TCP.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from 'codex-download/node'

const dir = await mkdtemp(join(tmpdir(), 'codex-'))
const seeder = await createNode({ dataDir: join(dir, 'seeder'), listen: ['/ip4/127.0.0.1/tcp/0'] })
const cid = await seeder.codex.store([new TextEncoder().encode('Hello from a peer\n')], { filename: 'hello.txt' })

const node = await createNode({ dataDir: join(dir, 'node'), listen: [], peers: seeder.addresses() })

for await (const bytes of node.codex.download(cid)) {
  process.stdout.write(bytes)
}

await node.stop()
await seeder.stop()
await rm(dir, { recursive: true })
