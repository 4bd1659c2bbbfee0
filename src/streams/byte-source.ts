import { MiB } from '../constants.ts'
import { InvalidParametersError } from '../errors.ts'

/** What can be stored. Arrays of any length; they are read as they come, never all at once. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Blob

const EMPTY = new Uint8Array(0)
/** Bytes given at once: a large array is not one step. */
const CHUNK = MiB

/**
 * The bytes of a source in chunks, as they come; none of no bytes. It ends at once when the signal aborts, whatever the
 * source does.
 *
 * @throws {InvalidParametersError} for what is no source of bytes
 */
export async function * chunksOf (source: ByteSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = partsOf(source)
  let ended = false

  try {
    while (!ended) {
      signal?.throwIfAborted()
      const { value, done } = await orAborted(iterator.next(), signal)
      ended = done === true

      const chunk = value ?? EMPTY

      for (let at = 0; at < chunk.byteLength; at += CHUNK) {
        signal?.throwIfAborted()
        yield chunk.subarray(at, at + CHUNK)
      }
    }
  } finally {
    const returned = ended ? undefined : iterator.return(undefined).catch(() => {})

    // a source that hangs is not waited for
    if (signal?.aborted !== true) {
      await returned
    }
  }
}

async function orAborted<T> (promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => { reject(signal?.reason) }
  signal?.addEventListener('abort', abort)

  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function * partsOf (source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source
  } else if (source instanceof Blob) {
    yield * partsOf(source.stream())
  } else if (isObject(source) && (Symbol.asyncIterator in source || Symbol.iterator in source)) {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) {
        throw new InvalidParametersError('a source must give Uint8Arrays')
      }

      yield chunk
    }
  } else if (isObject(source) && 'getReader' in source) {
    yield * readAll(source)
  } else {
    throw new InvalidParametersError('a source is bytes, an iterable of them, a web stream, a Blob or a File')
  }
}

function isObject<T> (value: T): value is T & object {
  return typeof value === 'object' && value !== null
}

/** For runtimes in which web streams are not iterable. */
async function * readAll (stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()

  try {
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
      yield value as Uint8Array
    }
  } finally {
    await reader.cancel()
  }
}
