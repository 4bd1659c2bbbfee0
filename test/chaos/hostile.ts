/**
 * A network of a seed in which most peers misbehave: one reader, one honest peer that has all of the file and stays, and
 * liars, raw peers, a bad discovery, a bad store and a clock that jumps. The same network is run without the faults
 * first; with them the download may take so much longer and no more. In some networks the honest peer leaves: then the
 * download may fail, with an error of ours, when nothing came for as long as it waits.
 */
import { loseFrom, ofEveryGroup } from '../../examples/demo/lose-blocks.ts'
import { KiB, MiB } from '../../src/constants.ts'
import { CodexError, codexProtocol, createCodex } from '../../src/index.ts'
import { loadLeopard } from '../../src/protected-retrieval.ts'
import { delay } from '../../src/testing/delay.ts'
import { faultyDiscovery, int, memoryStores, misbehave, MISBEHAVIOURS, pick, runPromise, seededContent, seededRandom, shuffle, SimulatedDiscovery, SimulatedNetwork, VirtualClock } from '../../src/testing/index.ts'
import { DEFAULT_WIRE_LIMITS } from '../../src/wire/limits.ts'
import { DeliveredBytes, faulty, SERVING_FAULTS, STORE_FAULTS } from './faults.ts'
import type { Codex } from '../../src/index.ts'
import type { Random } from '../../src/interfaces.ts'
import type { DiscoveryFault, PeerConditions, SimulatedTransport } from '../../src/testing/index.ts'
import type { CID } from 'multiformats/cid'

/** A hostile network may take so many times as long as the honest one, and so many milliseconds more for timeouts. */
export const SLOWER = { times: 4, more: 60_000 }
const DISCOVERY_FAULTS: DiscoveryFault[] = ['fails', 'hangs', 'ignores the signal', 'stale', 'fake', 'private', 'endless']
/** Milliseconds that raw peers attack, at most: where only a crawling peer is left the download may take an hour, and attacks are costly to simulate. */
const ATTACK = 5 * 60_000
/** Milliseconds that a reader waits where it has to get its bytes, and where it need not. */
const PATIENCE = { sure: 4 * 60 * 60_000, unsure: 30_000 }

interface Plan {
  size: number
  blockSize: number
  reader: PeerConditions
  honest: PeerConditions
  liars: Array<{ fault: string, conditions: PeerConditions, sybils: number }>
  raw: string[]
  discovery: boolean
  storeFault?: string
  jumps: number[]
  /** Milliseconds after which the honest peer leaves; undefined where it stays. */
  leaves?: number
  /** A protected file, of which the honest peer lost so many blocks of every group. */
  erasure?: { data: number, parity: number, lost: number }
}

export interface HostileResult {
  bytes: number
  honestMs: number
  hostileMs: number
  banned: number
  rejected: number
  /** What the download failed with, where it might. */
  error?: Error
  /** How often each fault occurred. */
  faults: Map<string, number>
}

type RunResult = Omit<HostileResult, 'bytes' | 'honestMs' | 'hostileMs'> & { ms: number }

function draw (seed: number): Plan {
  const random = seededRandom(seed)
  const blockSize = pick(random, [4 * KiB, 16 * KiB, 64 * KiB])
  const conditions = (): PeerConditions => ({
    latency: int(random, 1, 100),
    jitter: int(random, 0, 10),
    upload: int(random, 200, 10_000) * KiB,
    download: int(random, 1_000, 20_000) * KiB
  })

  const plan: Plan = {
    size: int(random, 1, pick(random, [10 * blockSize, MiB, 4 * MiB])),
    blockSize,
    reader: conditions(),
    honest: conditions(),
    liars: shuffle(random, Object.keys(SERVING_FAULTS)).slice(0, int(random, 1, 6)).map(fault => ({
      fault,
      conditions: conditions(),
      sybils: random() < 0.1 ? pick(random, [10, 10, 10, 10, 50]) : 1
    })),
    raw: shuffle(random, MISBEHAVIOURS).slice(0, int(random, 0, 3)),
    discovery: random() < 0.5,
    storeFault: random() < 0.3 ? pick(random, Object.keys(STORE_FAULTS)) : undefined,
    jumps: random() < 0.1 ? [int(random, 1_000, 3_600_000)] : [],
    leaves: random() < 0.1 ? int(random, 0, 2_000) : undefined
  }

  return { ...plan, erasure: random() < 0.3 ? drawErasure(random, Math.ceil(plan.size / blockSize)) : undefined }
}

function drawErasure (random: Random, blocks: number): Plan['erasure'] {
  const data = int(random, 1, Math.min(20, blocks))
  const parity = int(random, 1, data)

  return { data, parity, lost: int(random, 0, parity) }
}

export async function runHostile (seed: number): Promise<HostileResult> {
  // loading takes no virtual time
  await loadLeopard()
  const plan = draw(seed)
  const honest = await run(seed, { ...plan, liars: [], raw: [], discovery: false, storeFault: undefined, jumps: [], leaves: undefined })
  const hostile = await run(seed, plan)
  const limit = SLOWER.times * honest.ms + SLOWER.more

  if (hostile.ms > limit && plan.leaves == null) {
    throw new Error(`it took ${hostile.ms} ms where ${limit} are allowed: the honest network took ${honest.ms}`)
  }

  return { bytes: plan.size, honestMs: honest.ms, hostileMs: hostile.ms, banned: hostile.banned, rejected: hostile.rejected, error: hostile.error, faults: hostile.faults }
}

async function run (seed: number, plan: Plan): Promise<RunResult> {
  const clock = new VirtualClock()
  const result = await runPromise(clock, play(seed, plan, clock), { maxMs: 4 * 60 * 60_000 })

  if (clock.pending > 0) {
    throw new Error(`${clock.pending} timers are left`)
  }

  return result
}

async function play (seed: number, plan: Plan, clock: VirtualClock): Promise<RunResult> {
  const random = seededRandom(seed + 1)
  const network = new SimulatedNetwork({ clock, random })
  const discovery = new SimulatedDiscovery({ clock, latency: 100 })
  const content = seededContent(seed)(plan.size)
  const faults = new Map<string, number>()
  const count = (fault: string): void => { faults.set(fault, (faults.get(fault) ?? 0) + 1) }
  const nodes: Codex[] = []
  const ended = new AbortController()
  let cid: CID | undefined

  const addSeeder = async (conditions: PeerConditions, fault?: string): Promise<SimulatedTransport> => {
    const transport = network.addPeer(conditions)
    const protocol = fault == null ? codexProtocol() : faulty(SERVING_FAULTS[fault]({ clock, random }))
    const stores = memoryStores()
    const codex = createCodex({ ...stores, transport, discovery: discovery.for(transport), protocols: [protocol], clock, random })
    nodes.push(codex)
    await codex.start()
    cid = await codex.store(content, { blockSize: plan.blockSize, erasure: plan.erasure })

    if (plan.erasure != null && fault == null) {
      await codex.stop()
      const lost = await loseFrom(stores, cid, ofEveryGroup(plan.erasure.lost, seed))
      await codex.start()

      if (lost > 0) {
        count('the honest peer lost blocks of a protected file')
      }
    }

    return transport
  }

  const honest = await addSeeder(plan.honest)

  for (const { fault, conditions, sybils } of plan.liars) {
    if (sybils > 1) {
      count('sybils')
    }

    for (let i = 0; i < sybils; i++) {
      count(fault)
      await addSeeder(conditions, fault)
    }
  }

  const transport = network.addPeer(plan.reader)
  const delivered = new DeliveredBytes()
  const found = discovery.for(transport)
  const reader = createCodex({
    ...plan.storeFault == null ? memoryStores() : STORE_FAULTS[plan.storeFault]({ clock, random }, plan.size),
    transport,
    discovery: plan.discovery ? faultyDiscovery(found, { clock, random, probability: 0.5, faults: DISCOVERY_FAULTS, onFault: fault => { count(`discovery ${fault}`) } }) : found,
    protocols: [delivered.count(codexProtocol())],
    clock,
    random
  })
  nodes.push(reader)
  await reader.start()
  let banned = 0
  reader.addEventListener('codex:peer:ban', () => { banned++ })

  if (plan.storeFault != null) {
    count(plan.storeFault)
  }

  const { treeCid } = await nodes[0].manifest(cid as CID, { offline: true })
  const roots = [cid as CID, treeCid]

  if (plan.discovery) {
    // it was there once
    const gone = network.addPeer()
    roots.forEach(root => { discovery.add(root, { id: gone.peerId, multiaddrs: gone.addresses() }) })
    gone.goOffline()
  }

  const attacked = new AbortController()
  const bored = delay(clock, ATTACK, { signal: ended.signal }).catch(() => {}).finally(() => { attacked.abort() })
  const attacks = plan.raw.map(async kind => {
    count(kind)
    await misbehave(kind as typeof MISBEHAVIOURS[number], { transport: network.addPeer(), victim: transport.peerId, clock, random, roots, signal: attacked.signal })
  })
  const jumps = plan.jumps.map(async ms => {
    await delay(clock, 200)
    count('clock jumps')
    clock.jump(ms)
  })
  const watch = watchMemory(reader, clock, ended.signal)
  const left = plan.leaves == null ? undefined : leave(honest, clock, plan.leaves, () => { count('the honest peer leaves') })
  const startedAt = clock.now()
  const error = await download(reader, clock, cid as CID, content, plan)
  const ms = clock.now() - startedAt - plan.jumps.reduce((sum, jump) => sum + jump, 0)
  ended.abort()
  await Promise.all([bored, ...attacks, ...jumps, watch, left])
  await delay(clock, 30_000)
  assertSettled(reader, delivered)
  const { rejected } = reader.stats()
  await Promise.all(nodes.map(async node => { await node.stop() }))
  nodes.forEach(assertEmpty)
  await delay(clock, 120_000)

  return { ms, banned, rejected: rejected.blocks, error, faults }
}

async function leave (transport: SimulatedTransport, clock: VirtualClock, ms: number, left: () => void): Promise<void> {
  await delay(clock, ms)
  left()
  transport.goOffline()
}

/** Gives what it failed with, where it may fail: with an error of ours, as soon as nothing comes for too long. */
async function download (reader: Codex, clock: VirtualClock, cid: CID, content: Uint8Array, { leaves, jumps }: Plan): Promise<Error | undefined> {
  const stallTimeout = leaves == null ? PATIENCE.sure : PATIENCE.unsure
  let lastAt = clock.now()
  reader.addEventListener('codex:blocks:verified', () => { lastAt = clock.now() })

  try {
    await readAll(reader, cid, content, stallTimeout)
  } catch (err) {
    const waited = clock.now() - lastAt - jumps.reduce((sum, jump) => sum + jump, 0)

    if (leaves == null || !(err instanceof CodexError) || waited > 2 * stallTimeout) {
      throw new Error(`the download failed after ${waited} ms`, { cause: err })
    }

    return err
  }
}

async function readAll (reader: Codex, cid: CID, content: Uint8Array, stallTimeout: number): Promise<void> {
  let at = 0

  for await (const chunk of reader.download(cid, { stallTimeout })) {
    for (let i = 0; i < chunk.byteLength; i++) {
      if (chunk[i] !== content[at + i]) {
        throw new Error(`byte ${at + i} is wrong`)
      }
    }

    at += chunk.byteLength
  }

  if (at !== content.byteLength) {
    throw new Error(`${at} bytes came of ${content.byteLength}`)
  }
}

/** What is held for peers stays within the limits, throughout. */
async function watchMemory (codex: Codex, clock: VirtualClock, signal: AbortSignal): Promise<void> {
  const { intakeBytes, peerWindowBytes, bans, totalReadAheadBytes, totalWants } = codex.limits

  while (!signal.aborted) {
    const { sizes } = codex.stats()
    const queued = codex.peers().reduce((sum, peer) => sum + peer.queued, 0)

    if (sizes.intakeBytes > intakeBytes + totalReadAheadBytes || sizes.bans > bans || queued > totalReadAheadBytes ||
      sizes.wireBytes > DEFAULT_WIRE_LIMITS.heldBytes || sizes.wants > totalWants ||
      sizes.streams > sizes.connectedPeers * (DEFAULT_WIRE_LIMITS.inboundStreams + 1) ||
      codex.peers().some(peer => peer.queued > peerWindowBytes)) {
      throw new Error(`held more than the limits: ${JSON.stringify({ ...sizes, queued })}`)
    }

    await delay(clock, 50, { signal }).catch(() => {})
  }
}

function assertSettled (codex: Codex, delivered: DeliveredBytes): void {
  const { downloads, sizes, used, late, duplicate, rejected } = codex.stats()

  for (const [name, size] of Object.entries({ downloads, sources: sizes.sources, sessions: sizes.sessions, flights: sizes.flights, intakeBytes: sizes.intakeBytes, wireBytes: sizes.wireBytes })) {
    if (size !== 0) {
      throw new Error(`${name} is ${size} after the download ended`)
    }
  }

  const counted = used.bytes + late.bytes + duplicate.bytes + rejected.bytes

  if (counted !== delivered.bytes) {
    throw new Error(`${delivered.bytes} bytes were delivered, ${counted} are accounted for: ${JSON.stringify({ used, late, duplicate, rejected })}`)
  }
}

/** Nothing is left of a node that is stopped. */
function assertEmpty (codex: Codex): void {
  const left = Object.entries(codex.stats().sizes).filter(([, size]) => size !== 0)

  if (left.length > 0) {
    throw new Error(`a stopped node holds ${JSON.stringify(left)}`)
  }
}
