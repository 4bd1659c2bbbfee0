/**
 * What tests of a host, of an adapter and of this library run on: a network of many peers in one process and in virtual
 * time, stores that misbehave, peers that lie, known content, and the contracts of `Transport` and `Discovery` as tests.
 *
 * @example
 *
 * ```ts
 * const clock = new VirtualClock()
 * const random = seededRandom(1)
 * const network = new SimulatedNetwork({ clock, random })
 * const discovery = new SimulatedDiscovery({ clock })
 * const transport = network.addPeer({ latency: 20, upload: 1_000_000 })
 * const codex = createCodex({ transport, discovery: discovery.for(transport), ...memoryStores(), clock, random })
 *
 * await runPromise(clock, codex.start())
 * ```
 */
export { VirtualClock, VirtualTimeoutError, DeadlockError, runPromise } from './virtual-clock.ts'
export type { RunOptions } from './virtual-clock.ts'
export { seededRandom, int, pick, shuffle } from './random.ts'
export { SimulatedNetwork } from './simulated-network.ts'
export type { SimulatedNetworkInit, TraceEvent } from './simulated-network.ts'
export type { SimulatedTransport } from './simulated-transport.ts'
export type { PeerConditions } from './peer-conditions.ts'
export type { PacketKind } from './packet.ts'
export { simulatedPeerId } from './simulated-peer-id.ts'
export { SimulatedDiscovery } from './simulated-discovery.ts'
export type { SimulatedDiscoveryInit } from './simulated-discovery.ts'
export { memoryStores, quotaBlockstore, failingBlockstore, slowBlockstore, forgetfulBlockstore, corruptingBlockstore, countingBlockstore } from './memory-stores.ts'
export type { MemoryStores, BlockstoreCounts } from './memory-stores.ts'
export type { BlockstoreOperation } from './hooked-blockstore.ts'
export { wrongBytes, wrongProof, wrongIndex, wrongCid, otherTree, wrongLeaves, neverDelivered, sometimes } from './faults/block-faults.ts'
export type { BlockFault } from './faults/block-faults.ts'
export { faultyProtocol } from './faults/faulty-protocol.ts'
export type { Faults } from './faults/faulty-protocol.ts'
export { MISBEHAVIOURS, misbehave } from './faults/misbehaviour.ts'
export type { Misbehaviour } from './faults/misbehaviour.ts'
export { faultyDiscovery } from './faults/faulty-discovery.ts'
export type { DiscoveryFault } from './faults/faulty-discovery.ts'
export { rangeProtocol } from './range-protocol.ts'
export { goldenContent, seededContent, contentChunks } from './corpus.ts'
export type { Content } from './corpus.ts'
export { transportCompliance } from './compliance/transport.ts'
export type { TransportPair } from './compliance/transport-pair.ts'
export { discoveryCompliance } from './compliance/discovery.ts'
export type { DiscoveryPair, DiscoveringPeer } from './compliance/discovery.ts'
export { RecordingHandler, RecordingReader } from './compliance/recorder.ts'
export type { IncomingStream } from './compliance/recorder.ts'
export type { ComplianceTest, TestRunner } from './compliance/runner.ts'
