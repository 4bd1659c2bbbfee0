import {
  CodexError, DataDirInUseError, DialError, InvalidDatasetError, InvalidManifestError, InvalidParametersError,
  InvalidProofError, NotFoundError, RecoveryError, ShortStreamError, StallError, StoreRefusedError, StoreSchemaError, TooExpensiveError,
  VerificationError
} from '../src/errors.ts'

/** What the command line exits with. Listed in `--help` and in the README. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  stalled: 4,
  tooExpensive: 5,
  invalid: 6,
  dataDirInUse: 7,
  disk: 8,
  exists: 9,
  oldNode: 10,
  unrecoverable: 11,
  interrupted: 130,
  terminated: 143
} as const

export type ExitCode = typeof EXIT[keyof typeof EXIT]

export const EXIT_MEANING: Record<keyof typeof EXIT, string> = {
  ok: 'done',
  failed: 'failed for a reason that has no code of its own',
  usage: 'the arguments are wrong',
  notFound: 'nobody that could be reached has it',
  stalled: 'no verified byte came for too long',
  tooExpensive: 'every peer that has it asks for more than the policy accepts',
  invalid: 'what the CID names is malformed or does not verify',
  dataDirInUse: 'the data directory is in use by another process',
  disk: 'a file or the store could not be read or written',
  exists: 'the output file exists already',
  oldNode: 'this Node is older than 22',
  unrecoverable: 'a group of a protected file has lost more blocks than its parity makes up for',
  interrupted: 'interrupted (Ctrl-C); the same command goes on from there',
  terminated: 'terminated; the same command goes on from there'
}

/** The output file is there already and `--force` was not given. */
export class OutputExistsError extends CodexError { static override name = 'OutputExistsError' }

/** The user, or the system, asked to end. */
export class InterruptedError extends CodexError {
  static override name = 'InterruptedError'
  readonly exitCode: ExitCode

  constructor (signal: NodeJS.Signals) {
    super(`ended by ${signal}`)
    this.exitCode = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
  }
}

const BY_NAME: Record<string, ExitCode> = {
  [InvalidParametersError.name]: EXIT.usage,
  [NotFoundError.name]: EXIT.notFound,
  [DialError.name]: EXIT.notFound,
  [StallError.name]: EXIT.stalled,
  [TooExpensiveError.name]: EXIT.tooExpensive,
  [InvalidManifestError.name]: EXIT.invalid,
  [InvalidProofError.name]: EXIT.invalid,
  [InvalidDatasetError.name]: EXIT.invalid,
  [VerificationError.name]: EXIT.invalid,
  [ShortStreamError.name]: EXIT.invalid,
  [RecoveryError.name]: EXIT.unrecoverable,
  [DataDirInUseError.name]: EXIT.dataDirInUse,
  [StoreRefusedError.name]: EXIT.disk,
  [StoreSchemaError.name]: EXIT.disk,
  [OutputExistsError.name]: EXIT.exists
}

export function exitCodeOf (err: unknown): ExitCode {
  if (err instanceof InterruptedError) {
    return err.exitCode
  }

  if (err instanceof Error) {
    return BY_NAME[err.name] ?? (isDiskError(err) ? EXIT.disk : EXIT.failed)
  }

  return EXIT.failed
}

/** Only the file system's errors carry a path, but for those of writing to an open file. */
function isDiskError (err: Error & { path?: string, syscall?: string }): boolean {
  return err.path != null || ['write', 'read', 'fsync', 'ftruncate'].includes(err.syscall ?? '')
}
