/**
 * What a download, or any iterable of bytes, can be turned into. In Node, `Readable.from(download)` is all it takes.
 */
import { concat } from 'uint8arrays/concat'
import { InvalidParametersError, TooLargeError } from '../errors.ts'

/** A web stream that takes from the download as it is read, and ends it when it is cancelled. */
export function toReadableStream (source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()

  return new ReadableStream<Uint8Array>({
    async pull (controller) {
      try {
        const { value, done } = await iterator.next()

        if (done === true) {
          controller.close()
        } else {
          controller.enqueue(value)
        }
      } catch (err) {
        controller.error(err)
      }
    },

    async cancel () {
      await iterator.return?.()
    }
  }, { highWaterMark: 0 })
}

/** A blob of all bytes. The whole file is held; for large ones use a stream. */
export async function toBlob (source: AsyncIterable<Uint8Array>, options?: { type?: string }): Promise<Blob> {
  const parts: Array<Uint8Array<ArrayBuffer>> = []

  for await (const chunk of source) {
    parts.push(chunk as Uint8Array<ArrayBuffer>)
  }

  return new Blob(parts, options)
}

/**
 * All bytes in one array.
 *
 * `max` is in bytes.
 *
 * @throws {TooLargeError} as soon as there are more, and the download is ended
 * @throws {InvalidParametersError} without a `max`: then nothing is read
 */
export async function collect (source: AsyncIterable<Uint8Array>, options: { max: number }): Promise<Uint8Array> {
  // not every caller's compiler has looked
  const { max } = (options as { max?: number } | undefined) ?? {}

  if (typeof max !== 'number' || Number.isNaN(max)) {
    throw new InvalidParametersError('collect needs a max: how many bytes may be gathered')
  }

  const chunks: Uint8Array[] = []
  let bytes = 0

  for await (const chunk of source) {
    bytes += chunk.byteLength

    if (bytes > max) {
      throw new TooLargeError(`more than ${max} bytes came`)
    }

    chunks.push(chunk)
  }

  return concat(chunks, bytes)
}
