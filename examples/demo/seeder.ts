import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process that serves one file. */
export interface Seeder {
  pid?: number
  cid: string
  addresses: string[]
  /** Ends it at once, as a crash would, and resolves when it is gone. */
  kill(): Promise<void>
}

/**
 * Starts `codex-download seed` on the loopback interface; `command` is its file. Without `file` it serves what is in
 * the data directory. Fails when the process ends before it serves.
 */
export async function startSeeder (command: string, file: string | undefined, dataDir: string, erasure?: { data: number, parity: number }): Promise<Seeder> {
  const args = [command, 'seed', '--json', '--listen', '/ip4/127.0.0.1/tcp/0', '--data-dir', dataDir]

  if (erasure != null) {
    args.push('--data', String(erasure.data), '--parity', String(erasure.parity))
  }

  if (file != null) {
    args.push(file)
  }

  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const line = await Promise.race([once(lines, 'line'), gone.then(() => undefined)])

  if (line == null) {
    throw new Error(`the seeder of ${file ?? dataDir} ended with code ${child.exitCode}`)
  }

  return {
    ...JSON.parse(line[0]),
    pid: child.pid,
    async kill () {
      child.kill('SIGKILL')
      await gone
    }
  }
}
