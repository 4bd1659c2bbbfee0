import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { formatCid, isManifestCid } from '../../src/dataset/codecs.ts'
import { fileSize } from '../../src/dataset/manifest.ts'
import { InvalidParametersError } from '../../src/errors.ts'
import { hasCode } from '../../src/node/has-code.ts'
import { createNode } from '../../src/node/index.ts'
import { formatBytes, formatSeconds } from '../format.ts'
import { harmlessFilename, harmlessText } from '../harmless.ts'
import { assertAbsent, isDirectory, openPart } from '../part-file.ts'
import { showProgress } from '../progress.ts'
import type { Codex, Download, Manifest } from '../../src/index.ts'
import type { PeerOptions } from '../options.ts'
import type { Span } from '../part-file.ts'
import type { CID } from 'multiformats/cid'

export interface GetOptions extends PeerOptions {
  output?: string
  force?: boolean
  offset?: number
  length?: number
}

export async function get (cid: CID, options: GetOptions, signal: AbortSignal): Promise<void> {
  const toStdout = options.output === '-' || (options.output == null && !process.stdout.isTTY)
  // where no file is named, the manifest names it
  const file = options.output == null || await isDirectory(options.output) ? undefined : options.output

  if (!toStdout && file != null && options.force !== true) {
    await assertAbsent(file)
  }

  const node = await createNode({ dataDir: options.dataDir, listen: [], peers: options.peer })

  try {
    if (toStdout) {
      await getToStdout(node.codex, cid, options, signal)
    } else {
      await getToFile(node.codex, cid, file, options, signal)
    }
  } finally {
    await node.stop()
  }
}

async function getToStdout (codex: Codex, cid: CID, { offset, length, json }: GetOptions, signal: AbortSignal): Promise<void> {
  const download = codex.download(cid, { offset, length, signal })
  const hide = show(download, json)

  try {
    await pipeline(Readable.from(download), process.stdout, { end: false })
  } catch (err) {
    // whoever reads has seen enough
    if (!hasCode(err, 'EPIPE')) {
      throw err
    }
  } finally {
    hide()
  }
}

async function getToFile (codex: Codex, cid: CID, file: string | undefined, options: GetOptions, signal: AbortSignal): Promise<void> {
  const { force = false, json } = options
  const manifest = isManifestCid(cid) ? await codex.manifest(cid, { signal }) : undefined
  const target = file ?? join(options.output ?? '', harmlessFilename(manifest?.filename ?? '') ?? formatCid(cid))

  if (!force) {
    await assertAbsent(target)
  }

  const started = performance.now()
  const span = spanOf(manifest, options)
  const part = await openPart({
    target,
    cid,
    span,
    totalBytes: manifest == null ? Infinity : fileSize(manifest),
    // a lone block is fetched whole
    blockSize: manifest?.blockSize ?? Infinity,
    force
  })
  let bytes = part.resumed

  try {
    if (bytes < span.length) {
      const download = codex.download(cid, {
        offset: span.offset + bytes,
        length: Number.isFinite(span.length) ? span.length - bytes : undefined,
        signal
      })
      const hide = show(download, json, part.resumed)

      try {
        for await (const chunk of download) {
          await part.write(chunk)
          bytes += chunk.byteLength
        }
      } finally {
        hide()
      }
    }
  } catch (err) {
    await part.close()
    throw err
  }

  await part.finish()
  const seconds = (performance.now() - started) / 1000

  if (json === true) {
    process.stdout.write(`${JSON.stringify({ cid: formatCid(cid), file: target, bytes, resumed: part.resumed, seconds })}\n`)
  } else {
    process.stderr.write(`${harmlessText(target)}: ${formatBytes(bytes)} in ${formatSeconds(seconds)}\n`)
  }
}

function show (download: Download, json = false, resumed = 0): () => void {
  return json ? () => {} : showProgress(() => download.progress, process.stderr, resumed)
}

function spanOf (manifest: Manifest | undefined, { offset = 0, length = Infinity }: GetOptions): Span {
  const size = manifest == null ? Infinity : fileSize(manifest)

  if (offset > size) {
    throw new InvalidParametersError(`--offset ${offset} is past the end: it has ${size} bytes`)
  }

  return { offset, length: Math.min(length, size - offset) }
}
