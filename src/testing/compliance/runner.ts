/** What a suite needs of a test runner. Mocha, Jest, Vitest and `node:test` fit. */
export interface TestRunner {
  /** Groups tests. */
  describe(title: string, suite: () => void): unknown
  /** Registers a test. */
  it(title: string, test: () => Promise<void>): unknown
}

/** The `describe` and `it` of the runner that runs this file. */
export function globalRunner (): TestRunner {
  return globalThis as unknown as TestRunner
}

/** What a suite is run on, made anew for each test. */
export interface ComplianceTest<Parts> {
  /** Comes before each test. */
  setup(): Promise<Parts>
  /** Comes after each test, be it passed or failed. */
  teardown?(parts: Parts): Promise<void>
  /** Waits for a test; where time is virtual this is what makes it pass. */
  drive?(test: Promise<void>): Promise<void>
}

/** Registers tests that each get their own parts. */
export class Suite<Parts> {
  readonly #common: ComplianceTest<Parts>
  readonly #runner: TestRunner

  constructor (common: ComplianceTest<Parts>, runner: TestRunner) {
    this.#common = common
    this.#runner = runner
  }

  it (title: string, test: (parts: Parts) => Promise<void>): void {
    const drive = this.#common.drive ?? (async (test: Promise<void>) => test)

    this.#runner.it(title, async () => drive(this.#run(test)))
  }

  async #run (test: (parts: Parts) => Promise<void>): Promise<void> {
    const parts = await this.#common.setup()

    try {
      await test(parts)
    } finally {
      await this.#common.teardown?.(parts)
    }
  }
}
