/**
 * What a manifest must fulfil before anything is made for it. docs/PROTOCOL.md §4 and §5.
 */
import { MAX_BLOCK_SIZE, MAX_BLOCKS, MAX_MANIFEST_BYTES, MIN_BLOCK_SIZE } from '../constants.ts'
import { InvalidManifestError } from '../errors.ts'
import { CODEX_BLOCK, isTreeCid, SHA2_256 } from './codecs.ts'
import { blockCount, fileBlocks } from './manifest-fields.ts'
import type { Manifest, Protection, Strategy } from './manifest-fields.ts'

/** CIDv1, as an ordinal. */
export const MANIFEST_VERSION = 2

/** By their number on the wire. */
export const STRATEGIES: Strategy[] = ['linear', 'stepped']

/** Bytes; the erasure code works on pieces of this length. */
const ERASURE_UNIT = 64
/** Symbols of the largest field of the erasure code. */
const MAX_ERASURE_ORDER = 65_536

/** @throws {InvalidManifestError} when a manifest's block is too long */
export function assertManifestLength (bytes: Uint8Array): void {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new InvalidManifestError(`A manifest of ${bytes.byteLength} bytes is too long`)
  }
}

/**
 * Checks every field, and that they agree.
 *
 * @throws {InvalidManifestError} naming the first field that is wrong
 */
export function assertValidManifest (manifest: Manifest): void {
  const { blockSize, datasetSize, codec, hcodec, version, treeCid, protection } = manifest

  check(version === MANIFEST_VERSION, 'version', version)
  check(codec === CODEX_BLOCK, 'codec', codec)
  check(hcodec === SHA2_256, 'hcodec', hcodec)
  check(Number.isSafeInteger(blockSize) && blockSize >= MIN_BLOCK_SIZE && blockSize <= MAX_BLOCK_SIZE, 'blockSize', blockSize)
  check(Number.isSafeInteger(datasetSize) && datasetSize > 0 && blockCount(manifest) <= MAX_BLOCKS, 'datasetSize', datasetSize)
  check(isTreeCid(treeCid), 'treeCid', treeCid)

  if (protection != null) {
    assertValidProtection(manifest, protection)
  }
}

function assertValidProtection (manifest: Manifest, protection: Protection): void {
  const { ecK, ecM, originalTreeCid, originalDatasetSize, verification } = protection
  const { blockSize, datasetSize } = manifest

  check(isTreeCid(originalTreeCid), 'originalTreeCid', originalTreeCid)
  check(Number.isSafeInteger(originalDatasetSize) && originalDatasetSize > 0 && originalDatasetSize <= datasetSize, 'originalDatasetSize', originalDatasetSize)
  check(blockSize % ERASURE_UNIT === 0, 'blockSize', blockSize)

  const original = fileBlocks(manifest)

  check(Number.isSafeInteger(ecK) && ecK >= 1 && ecK <= original, 'ecK', ecK)
  check(Number.isSafeInteger(ecM) && ecM >= 1 && ecM <= ecK, 'ecM', ecM)
  check(ecK <= MAX_ERASURE_ORDER && nextPow2(nextPow2(ecM) + ecK) <= MAX_ERASURE_ORDER, 'ecK', ecK)
  check(blockCount(manifest) === Math.ceil(original / ecK) * (ecK + ecM), 'datasetSize', datasetSize)

  if (verification != null) {
    check(verification.slotRoots.length === ecK + ecM, 'slotRoots', verification.slotRoots.length)
    check(Number.isSafeInteger(verification.cellSize) && verification.cellSize >= 0, 'cellSize', verification.cellSize)
  }
}

function nextPow2 (value: number): number {
  let power = 1

  while (power < value) {
    power *= 2
  }

  return power
}

function check (holds: boolean, field: string, value: { toString(): string }): void {
  if (!holds) {
    throw new InvalidManifestError(`The manifest's ${field} cannot be ${value.toString()}`)
  }
}
