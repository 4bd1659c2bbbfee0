import { globalRunner, Suite } from './runner.ts'
import { connectionTests } from './transport-connections.ts'
import { endTests } from './transport-ends.ts'
import { streamTests } from './transport-streams.ts'
import type { ComplianceTest, TestRunner } from './runner.ts'
import type { TransportPair } from './transport-pair.ts'

/**
 * The contract of `Transport`, as tests. Each gets two new transports.
 *
 * @param common - how to make them, and how to be rid of them
 * @param runner - whose tests they become; that of `describe` and `it` by default
 */
export function transportCompliance (common: ComplianceTest<TransportPair>, runner: TestRunner = globalRunner()): void {
  const suite = new Suite(common, runner)

  runner.describe('Transport', () => {
    runner.describe('connections', () => { connectionTests(suite) })
    runner.describe('streams', () => { streamTests(suite) })
    runner.describe('ends of streams', () => { endTests(suite) })
  })
}
