import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkerProcess } from './worker-process.ts'
import type { Role } from './roles/index.ts'
import type { Job } from './roles/node.ts'
import type { Seeded, SeederFigures, SeedInput } from './roles/seed.ts'

/** What a check works with: a process that serves a file, and directories and processes of its own. */
export interface Stage {
  /** What is served, and where. */
  readonly file: Seeded
  /** Bytes of it. */
  readonly size: number
  /** Repeats what is random. */
  readonly seed: number
  /** How often the download is killed. */
  readonly kills: number
  /** A directory that is removed after the check. */
  dir(): Promise<string>
  start<Said>(role: Role, input: object): WorkerProcess<Said>
  /** What the seeder has done so far. */
  seeder(): Promise<SeederFigures>
}

/** A check gives its figures, or fails. */
export type Check = (stage: Stage) => Promise<string>

/** What a process needs to download the file into a directory. */
export function jobIn (dataDir: string, { file }: Stage): Job {
  return { dataDir, peers: file.addresses, cid: file.cid }
}

/** Directories and processes, all of them gone after `clear`. */
export class Props {
  readonly #root: string
  #dirs: string[] = []
  #processes: Array<WorkerProcess<unknown>> = []

  /** @param root - an existing directory */
  constructor (root: string) {
    this.#root = root
  }

  async dir (): Promise<string> {
    const dir = await mkdtemp(join(this.#root, 'data-'))
    this.#dirs.push(dir)

    return dir
  }

  start<Said> (role: Role, input: object): WorkerProcess<Said> {
    const process = new WorkerProcess<Said>(role, input)
    this.#processes.push(process)

    return process
  }

  async clear (): Promise<void> {
    await this.killAll()
    await Promise.all(this.#dirs.splice(0).map(async dir => rm(dir, { recursive: true, force: true, maxRetries: 3 })))
  }

  async killAll (): Promise<void> {
    await Promise.all(this.#processes.splice(0).map(async process => process.kill()))
  }
}

/** Starts the process that serves the file, and resolves when it does. */
export async function startSeeder (props: Props, init: Omit<SeedInput, 'dataDir'>): Promise<Pick<Stage, 'file' | 'seeder'>> {
  const process = props.start<Seeded | SeederFigures>('seed', { dataDir: await props.dir(), ...init })
  const file = await process.next() as Seeded

  return {
    file,
    seeder: async () => {
      process.tell('figures')

      return await process.next() as SeederFigures
    }
  }
}
