import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Runs a command and resolves with what it printed; rejects with what it complained about. */
export async function run (command: string, args: string[], options: { cwd?: string, timeout?: number, env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  try {
    const { stdout } = await exec(command, args, { maxBuffer: 64 * 1024 * 1024, timeout: 300_000, ...options })

    return stdout
  } catch (err) {
    const { stdout = '', stderr = '' } = err as { stdout?: string, stderr?: string }

    throw new Error(`${command} ${args.join(' ')} failed\n${stdout}${stderr}`, { cause: err })
  }
}
