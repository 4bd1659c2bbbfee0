/** Processes of the play: each has a role, says that it is ready, answers questions, and ends when it is told to. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'

/** Milliseconds that a process may take to end by itself. */
const PATIENCE = 5_000

interface Question {
  id: number
  name: string
  argument?: unknown
}

interface Answer {
  id: number
  value?: unknown
  error?: string
}

/** A process with a role, as the one that started it sees it. */
export class Role {
  readonly name: string
  readonly #child: ChildProcess
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  #questions = 0

  /** Starts a module of this folder. */
  constructor (name: string, module: string, execArgv: string[] = []) {
    this.name = name
    this.#child = fork(fileURLToPath(new URL(`./${module}.js`, import.meta.url)), { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', answer => { this.#answered(answer as Answer) })
    this.#child.on('exit', (code, signal) => {
      this.#answers.forEach(({ reject }) => { reject(new Error(`${name} ended with ${signal ?? code}`)) })
    })
  }

  /** Has the process do something, and gives what comes of it. */
  async ask<T> (name: string, argument?: unknown): Promise<T> {
    const answer = Promise.withResolvers<unknown>()
    const id = this.#questions++
    this.#answers.set(id, answer)
    this.#child.send({ id, name, argument } satisfies Question)

    return answer.promise as Promise<T>
  }

  /** Ends the process: it is told to, and killed if it does not heed that. */
  async end (): Promise<void> {
    if (this.#child.exitCode != null || this.#child.signalCode != null) {
      return
    }

    const gone = once(this.#child, 'exit')
    const timer = setTimeout(() => { this.#child.kill('SIGKILL') }, PATIENCE)
    this.#child.disconnect()
    await gone
    clearTimeout(timer)
  }

  #answered ({ id, value, error }: Answer): void {
    const answer = this.#answers.get(id)
    this.#answers.delete(id)

    if (error == null) {
      answer?.resolve(value)
    } else {
      answer?.reject(new Error(`${this.name}: ${error}`))
    }
  }
}

/**
 * Plays a role: answers the questions of the process that started this one. When that is gone, or has heard enough, this
 * process ends too.
 *
 * @param parts - answers, by question
 * @param end - called once, before the process ends
 */
export function play (parts: Record<string, (argument: never) => unknown>, end: () => Promise<void>): void {
  process.on('message', (question: Question) => {
    const { id, name, argument } = question

    Promise.resolve()
      .then(async () => parts[name](argument as never))
      .then(value => { process.send?.({ id, value }) }, err => { process.send?.({ id, error: String(err?.stack ?? err) }) })
  })
  process.on('disconnect', () => {
    end().catch(() => {}).finally(() => { process.exit() })
  })
}
