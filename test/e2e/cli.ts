import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

/** The command as it is built: real processes run what users run. */
export const COMMAND = fileURLToPath(new URL('../../dist/bin/codex-download.js', import.meta.url))

export interface Ended {
  /** Null where a signal ended it that it did not handle. */
  code: number | null
  stdout: Buffer
  stderr: string
}

export type Child = ChildProcessByStdio<null, Readable, Readable>

const running = new Set<Child>()

/** Ends what a test that failed has left running. */
export async function killAll (): Promise<void> {
  await Promise.all([...running].map(async child => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }))
}

/** Starts the command. Its standard output is left to the caller. */
export function start (args: string[], nodeArgs: string[] = []): { child: Child, ended: Promise<Omit<Ended, 'stdout'>> } {
  const child = spawn(process.execPath, [...nodeArgs, COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const stderr = collectText(child.stderr)
  const ended = once(child, 'exit').then(async ([code]) => ({ code, stderr: await stderr }))

  return { child, ended }
}

/** Runs the command to its end. `during` may interfere. */
export async function run (args: string[], during?: (child: Child) => Promise<void>, nodeArgs?: string[]): Promise<Ended> {
  const { child, ended } = start(args, nodeArgs)
  const stdout = collectBytes(child.stdout)
  await during?.(child)

  return { ...await ended, stdout: await stdout }
}

/** Runs the command and reads its only line of JSON; fails when it does. */
export async function runJson <T> (args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json'])

  if (code !== 0) {
    throw new Error(`exit ${code}: ${stderr}`)
  }

  return JSON.parse(stdout.toString())
}

/** Resolves when a file has at least this many bytes. */
export async function grown (file: string, bytes: number): Promise<void> {
  for (;;) {
    const { size } = await stat(file).catch(() => ({ size: -1 }))

    if (size >= bytes) {
      return
    }

    await new Promise(resolve => { setTimeout(resolve, 2) })
  }
}

/** Reads exactly this many bytes of a stream and leaves it paused. */
export async function take (stream: Readable, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []

  for (let left = bytes; left > 0;) {
    const chunk: Buffer | null = stream.read(Math.min(left, stream.readableLength))

    if (chunk == null || chunk.byteLength === 0) {
      await once(stream, 'readable')
      continue
    }

    chunks.push(chunk)
    left -= chunk.byteLength
  }

  return Buffer.concat(chunks)
}

export async function collectBytes (stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []

  for await (const chunk of stream) {
    chunks.push(chunk)
  }

  return Buffer.concat(chunks)
}

async function collectText (stream: Readable): Promise<string> {
  return (await collectBytes(stream)).toString()
}
