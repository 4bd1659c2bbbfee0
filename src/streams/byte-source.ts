import { InvalidParametersError } from '../errors.ts'

/** What can be stored. Arrays of any length; they are read as they come, never all at once. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Blob

/**
 * The chunks of a source, as they come.
 *
 * @throws {InvalidParametersError} for what is no source of bytes
 */
export async function * chunksOf (source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source
  } else if (source instanceof Blob) {
    yield * chunksOf(source.stream())
  } else if (Symbol.asyncIterator in source || Symbol.iterator in source) {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) {
        throw new InvalidParametersError('a source must give Uint8Arrays')
      }

      yield chunk
    }
  } else if ('getReader' in source) {
    yield * readAll(source)
  } else {
    throw new InvalidParametersError('a source is bytes, an iterable of them, a web stream, a Blob or a File')
  }
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
