import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { formatCid, isManifestCid } from '../../src/dataset/codecs.ts'
import { fileSize } from '../../src/dataset/manifest.ts'
import { InvalidParametersError } from '../../src/errors.ts'
import { hasCode } from '../../src/node/has-code.ts'
import { createNode } from '../../src/node/index.ts'
import { formatBytes, formatMilliseconds } from '../format.ts'
import { harmlessFilename, harmlessText } from '../harmless.ts'
import { isAlone } from '../options.ts'
import { assertAbsent, isDirectory, openPart } from '../part-file.ts'
import { showProgress } from '../progress.ts'
import type { Codex, Download, DownloadFigures, Manifest } from '../../src/index.ts'
import type { PeerOptions } from '../options.ts'
import type { PartFile, Span } from '../part-file.ts'
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

  const node = await createNode({ dataDir: options.dataDir, listen: [], peers: options.peer, bootstrap: options.bootstrap })

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

async function getToStdout (codex: Codex, cid: CID, options: GetOptions, signal: AbortSignal): Promise<void> {
  const { offset, length, json } = options
  const download = codex.download(cid, { offset, length, signal, offline: isAlone(options) })
  const hide = show(download, json)

  try {
    await pipeline(Readable.from(download), process.stdout, { end: false, signal })
  } catch (err) {
    // whoever reads has seen enough
    if (!hasCode(err, 'EPIPE')) {
      throw err
    }

    return
  } finally {
    hide()
  }

  report(cid, undefined, 0, await download.done, json)
}

async function getToFile (codex: Codex, cid: CID, file: string | undefined, options: GetOptions, signal: AbortSignal): Promise<void> {
  const { force = false, json } = options
  const offline = isAlone(options)
  const manifest = isManifestCid(cid) ? await codex.manifest(cid, { signal, offline }) : undefined
  const target = file ?? join(options.output ?? '', harmlessFilename(manifest?.filename ?? '') ?? formatCid(cid))

  if (!force) {
    await assertAbsent(target)
  }

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
  let figures: DownloadFigures | undefined

  try {
    if (part.resumed < span.length) {
      figures = await fill(part, codex.download(cid, {
        offset: span.offset + part.resumed,
        length: Number.isFinite(span.length) ? span.length - part.resumed : undefined,
        signal,
        offline
      }), json)
    }
  } catch (err) {
    await part.close()
    throw err
  }

  await part.finish()
  report(cid, target, part.resumed, figures, json)
}

async function fill (part: PartFile, download: Download, json?: boolean): Promise<DownloadFigures> {
  const hide = show(download, json, part.resumed)

  try {
    for await (const bytes of download) {
      await part.write(bytes)
    }
  } finally {
    hide()
  }

  return download.done
}

/** Standard output holds the file where none is named: then this goes to standard error. */
function report (cid: CID, file: string | undefined, resumed: number, figures?: DownloadFigures, json = false): void {
  const { bytes = 0, milliseconds = 0, peers = [], blocks: { recovered } = { recovered: 0 } } = figures ?? {}

  if (json) {
    const stream = file == null ? process.stderr : process.stdout
    stream.write(`${JSON.stringify({ cid: formatCid(cid), file, bytes: resumed + bytes, resumed, milliseconds, peers, recovered })}\n`)
  } else {
    const what = `${file == null ? '' : `${harmlessText(file)}: `}${formatBytes(resumed + bytes)} in ${formatMilliseconds(milliseconds)}`
    process.stderr.write(`${what}${recovered === 0 ? '' : `, ${recovered} ${recovered === 1 ? 'block' : 'blocks'} recovered from parity`}\n`)
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
