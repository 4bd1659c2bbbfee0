import { fork } from 'node:child_process'
import { on, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Role } from './roles/index.ts'
import type { ChildProcess } from 'node:child_process'

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))

/** A process of its own that plays a role, and what it says. */
export class WorkerProcess<Said> {
  readonly #role: Role
  readonly #child: ChildProcess
  readonly #said: AsyncIterator<Said[]>
  readonly #gone: Promise<unknown[]>

  constructor (role: Role, input: object) {
    this.#role = role
    this.#child = fork(WORKER, [role, JSON.stringify(input)])
    // what it said before it was gone is read first
    this.#said = on(this.#child, 'message', { close: ['disconnect'] })
    this.#gone = once(this.#child, 'exit')
  }

  /** What it says next. Fails when it is gone and has said no more. */
  async next (): Promise<Said> {
    const { value, done } = await this.#said.next()

    if (done === true) {
      const [code, signal] = await this.#gone
      throw new Error(`the process of the ${this.#role} role ended (${code ?? signal}) before its work did`)
    }

    return value[0]
  }

  tell (message: string): void {
    this.#child.send(message)
  }

  /** Resolves when it has ended by itself; fails when it did not end well. */
  async ended (): Promise<void> {
    const [code, signal] = await this.#gone

    if (code !== 0) {
      throw new Error(`the process of the ${this.#role} role ended with ${code ?? signal}`)
    }
  }

  /** Ends it as a crash would, and resolves when it is gone. */
  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }
}
