// Any transport will do: here a simulated one, with two slow peers and a day's patience, in virtual time.
import { collect, createCodex } from 'codex-download'
import { SimulatedNetwork, VirtualClock, runPromise, seededRandom } from 'codex-download/testing'
import type { Codex } from 'codex-download'
import type { SimulatedTransport } from 'codex-download/testing'

const MIB = 1024 * 1024
const clock = new VirtualClock()
const network = new SimulatedNetwork({ clock, random: seededRandom(1) })

function createPeer (upload: number): { codex: Codex, transport: SimulatedTransport } {
  const transport = network.addPeer({ latency: 40, upload })

  return { transport, codex: createCodex({ transport, clock, random: seededRandom(2) }) }
}

async function run (): Promise<void> {
  const [slow, slower, reader] = [createPeer(MIB), createPeer(MIB / 2), createPeer(MIB)]
  await Promise.all([slow, slower, reader].map(async ({ codex }) => codex.start()))
  const file = new Uint8Array(16 * MIB).map((_, index) => index % 251)
  const cid = await slow.codex.store([file])
  await slower.codex.store([file])

  const providers = [slow, slower].map(({ transport }) => transport.peerId)
  const download = reader.codex.download(cid, { providers })
  const bytes = await collect(download, { max: 16 * MIB })
  const { milliseconds, peers } = await download.done
  process.stdout.write(`${bytes.byteLength} bytes from ${peers.length} peers in ${(milliseconds / 1000).toFixed(1)} simulated seconds\n`)

  await Promise.all([slow, slower, reader].map(async ({ codex }) => codex.stop()))
}

const started = performance.now()
await runPromise(clock, run())
process.stdout.write(`which took ${((performance.now() - started) / 1000).toFixed(1)} real ones\n`)
