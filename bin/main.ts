import { readFile } from 'node:fs/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import envPaths from 'env-paths'
import { parseCid } from '../src/dataset/codecs.ts'
import { CodexError, InvalidParametersError } from '../src/errors.ts'
import { get } from './commands/get.ts'
import { info } from './commands/info.ts'
import { list } from './commands/list.ts'
import { seed } from './commands/seed.ts'
import { EXIT, EXIT_MEANING, exitCodeOf } from './exit-codes.ts'
import { harmlessText } from './harmless.ts'
import { interruptSignal } from './interrupt.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'

/** Lines of what peers and steps failed with. */
const MOST_REASONS = 5

/** Runs the command line. Resolves with what the process is to exit with; never rejects. */
export async function main (argv: string[]): Promise<ExitCode> {
  const { signal, release } = interruptSignal()
  const json = argv.includes('--json')
  const program = await createProgram(signal, json)

  try {
    await program.parseAsync(argv)

    return EXIT.ok
  } catch (err) {
    if (err instanceof CommanderError) {
      // it has said what it had to say
      return err.exitCode === 0 ? EXIT.ok : EXIT.usage
    }

    const failure = signal.aborted ? signal.reason : err
    report(failure, json)

    return exitCodeOf(failure)
  } finally {
    release()
  }
}

async function createProgram (signal: AbortSignal, json: boolean): Promise<Command> {
  const program = new Command('codex-download')
    .description('Downloads from, and serves to, the Codex storage network.')
    .version(await ownVersion())
    .exitOverride()
    .configureOutput({
      outputError (text, write) {
        write(json ? errorLine(new InvalidParametersError(text.trim().replace(/^error: /, ''))) : text)
      }
    })
    .addHelpText('after', `\n${exitCodeTable()}`)

  command('get', 'download the file that a CID names')
    .argument('<cid>', 'the CID of a manifest or of a block', asCid)
    .option('-o, --output <file>', 'where to write it: a file, a directory, or - for standard output (default: standard output in a pipe, else the name that the manifest gives)')
    .option('-f, --force', 'overwrite the file')
    .option('--offset <bytes>', 'first byte that is wanted', asBytes)
    .option('--length <bytes>', 'how many bytes are wanted', asBytes)
    .addOption(peerOption())
    .addOption(bootstrapOption())
    .action(async (cid: CID, options) => get(cid, options, signal))

  command('seed', 'store files and serve them until Ctrl-C')
    .argument('[file...]', 'files to serve (default: what is in the data directory, as it is)')
    .option('--data <blocks>', 'protect them: data blocks of a group', asCount)
    .option('--parity <blocks>', 'parity blocks of a group, at most as many as --data; any --data of its blocks make the group', asCount)
    .option('--discovery-port <port>', 'UDP port of the DHT (default: any free one); without --bootstrap, this is the first node of a network', asPort)
    .option('--listen <multiaddr>', 'where to listen; may be given several times (default: any free port)', addMultiaddr)
    .addOption(peerOption())
    .addOption(bootstrapOption())
    .action(async (files: string[], options) => seed(files, options, signal))

  command('info', 'show what a CID names')
    .argument('<cid>', 'the CID of a manifest', asCid)
    .addOption(peerOption())
    .addOption(bootstrapOption())
    .action(async (cid: CID, options) => info(cid, options, signal))

  command('list', 'list what is in the data directory')
    .action(async options => list(options))

  return program

  function command (name: string, description: string): Command {
    return program.command(name)
      .description(description)
      .addOption(new Option('--data-dir <dir>', 'where identity and blocks are kept')
        .env('CODEX_DATA_DIR')
        .default(envPaths('codex-download', { suffix: '' }).data))
      .option('--json', 'print JSON, one object a line')
  }
}

function peerOption (): Option {
  return new Option('--peer <multiaddr>', 'a peer to ask, such as /ip4/192.0.2.7/tcp/8070/p2p/16Uiu2HAm…; may be given several times')
    .argParser(addMultiaddr)
}

function bootstrapOption (): Option {
  return new Option('--bootstrap <record>', 'a node of the DHT to find providers with, such as spr:CiUI…; may be given several times')
    .argParser((text: string, others: string[] = []) => [...others, text])
}

function asPort (text: string): number {
  const port = Number(text)

  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('It is not a port.')
  }

  return port
}

function addMultiaddr (text: string, others: Multiaddr[] = []): Multiaddr[] {
  try {
    return [...others, multiaddr(text)]
  } catch {
    throw new InvalidArgumentError('It is not a multiaddr.')
  }
}

function asCid (text: string): CID {
  try {
    return parseCid(text)
  } catch {
    throw new InvalidArgumentError('It is not a CID.')
  }
}

function asBytes (text: string): number {
  const bytes = Number(text)

  if (!/^\d+$/.test(text) || !Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError('It is not a number of bytes.')
  }

  return bytes
}

function asCount (text: string): number {
  const count = Number(text)

  if (!/^\d+$/.test(text) || count === 0 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('It is not a number of blocks.')
  }

  return count
}

function report (err: unknown, json: boolean): void {
  const error = err instanceof Error ? err : new Error(String(err))
  const lines = [`codex-download: ${harmlessText(error.message)}`, ...reasonsOf(error).map(reason => `  ${harmlessText(reason)}`)]
  process.stderr.write(json ? errorLine(error) : `${lines.join('\n')}\n`)
}

function errorLine (err: Error): string {
  return `${JSON.stringify({ error: { name: err.name, message: err.message, exitCode: exitCodeOf(err), reasons: reasonsOf(err) } })}\n`
}

/** What peers and steps failed with, each once. */
function reasonsOf (err: Error): string[] {
  const errors = err instanceof CodexError ? err.errors : []
  const reasons = errors.map(({ message, cause }) => cause instanceof Error ? `${message}: ${cause.message}` : message)

  return [...new Set(reasons)].slice(0, MOST_REASONS)
}

function exitCodeTable (): string {
  const rows = Object.entries(EXIT_MEANING).map(([key, meaning]) =>
    `  ${String(EXIT[key as keyof typeof EXIT]).padStart(3)}  ${meaning}`)

  return ['Exit codes:', ...rows].join('\n')
}

async function ownVersion (): Promise<string> {
  // seen from dist/bin
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))

  return version
}
