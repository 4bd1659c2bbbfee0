/**
 * One side of one transfer, in a process of its own: `child.js <contender> <seed|download> <bytes> [offer]`. Tells its
 * parent what it offers, or what it took.
 */
import { contenderOf } from './contenders.ts'
import type { Offer } from './contender.ts'

/** What a downloader tells of a transfer. */
export interface Figures {
  milliseconds: number
  firstByteMs: number
  cpuSeconds: number
  peakBytes: number
  duplicates?: number
}

const [name, role, bytes, offer = '{}'] = process.argv.slice(2)
const size = Number(bytes)
const contender = await contenderOf(name)
process.on('disconnect', () => { process.exit() })

if (role === 'seed') {
  process.send?.(await contender.seed(size))
} else {
  process.send?.(await download(JSON.parse(offer)))
}

async function download (offer: Offer): Promise<Figures> {
  const transfer = await contender.connect(offer, size)
  let taken = 0
  let firstAt: number | undefined
  const usage = process.cpuUsage()
  const startedAt = performance.now()
  const extras = await transfer(bytes => {
    firstAt ??= performance.now()
    taken += bytes
  })
  const endedAt = performance.now()
  const { user, system } = process.cpuUsage(usage)

  if (taken !== size || firstAt == null) {
    throw new Error(`${name}: ${taken} bytes came of ${size}`)
  }

  return {
    milliseconds: endedAt - startedAt,
    firstByteMs: firstAt - startedAt,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    ...extras
  }
}
