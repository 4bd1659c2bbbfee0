// Two nodes in one process: the first stores a file, the second downloads it over TCP.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// <readme>
import { createNode } from 'codex-download/node'
// </readme>

const dir = await mkdtemp(join(tmpdir(), 'codex-'))
const dataDir = join(dir, 'node')
const seeder = await createNode({ dataDir: join(dir, 'seeder'), listen: ['/ip4/127.0.0.1/tcp/0'] })
const cid = await seeder.codex.store([new TextEncoder().encode('Hello from a peer\n')], { filename: 'hello.txt' })
const peers = seeder.addresses()

// <readme>
const node = await createNode({ dataDir, peers })

for await (const bytes of node.codex.download(cid)) {
  process.stdout.write(bytes) // verified, in order, no faster than they are taken
}

await node.stop()
// </readme>

await seeder.stop()
await rm(dir, { recursive: true })
