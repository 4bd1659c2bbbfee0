import { DialError, ProtocolInUseError } from '../../errors.ts'
import { goldenContent } from '../corpus.ts'
import { simulatedPeerId } from '../simulated-peer-id.ts'
import { assert, assertEqual, assertRejects } from './assert.ts'
import { RecordingHandler, RecordingReader } from './recorder.ts'
import { globalRunner, Suite } from './runner.ts'
import type { IncomingStream } from './recorder.ts'
import type { ComplianceTest, TestRunner } from './runner.ts'
import type { ByteStream, Provider, Transport } from '../../interfaces.ts'

/** Two started transports that can reach each other and are not connected. */
export interface TransportPair {
  /** Dials. */
  a: Transport
  b: Transport
  /** Ends the connection between them. */
  disconnect(): Promise<void>
}

const PROTOCOL = '/compliance/1.0.0'
/** Bytes; a transport that takes so much without saying stop has no backpressure. */
const MAX_UNCHECKED_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024

/** The contract of `Transport`, as tests. */
export function transportCompliance (common: ComplianceTest<TransportPair>, runner: TestRunner = globalRunner()): void {
  const suite = new Suite(common, runner)

  runner.describe('Transport', () => {
    runner.describe('protocols', () => { protocolTests(suite) })
    runner.describe('connections', () => { connectionTests(suite) })
    runner.describe('streams', () => { streamTests(suite) })
    runner.describe('ends of streams', () => { endTests(suite) })
  })
}
