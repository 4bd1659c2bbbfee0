/**
 * Where the blocks of a protected dataset stand: in groups of `ecK` data and `ecM` parity blocks, of which any `ecK` give
 * the others. docs/PROTOCOL.md §5.
 */
import { InvalidDatasetError } from '../errors.ts'
import type { Manifest, Protection } from '../dataset/manifest.ts'

/** A block's place in the code. */
export interface GroupPlace {
  group: number
  /** From 0: the data blocks, then the parity blocks. */
  position: number
}

export class ErasureLayout {
  /** Data blocks of a group. */
  readonly data: number
  /** Parity blocks of a group. */
  readonly parity: number
  /** Blocks that hold the file. */
  readonly fileBlocks: number
  /** The file's blocks, filled up with empty ones to a multiple of `data`. Parity begins here. */
  readonly rounded: number
  /** How many groups there are, and how far apart the blocks of one are. */
  readonly groups: number

  /**
   * @throws {InvalidDatasetError} for the linear strategy, of which the reference's writers and readers disagree: its
   * data can be read, nothing of it can be recovered
   */
  constructor (protection: Pick<Protection, 'ecK' | 'ecM' | 'originalDatasetSize' | 'strategy'>, blockSize: number) {
    if (protection.strategy !== 'stepped') {
      throw new InvalidDatasetError('a dataset of the linear strategy cannot be recovered')
    }

    this.data = protection.ecK
    this.parity = protection.ecM
    this.fileBlocks = Math.ceil(protection.originalDatasetSize / blockSize)
    this.groups = Math.ceil(this.fileBlocks / this.data)
    this.rounded = this.groups * this.data
  }

  static of ({ protection, blockSize }: Manifest): ErasureLayout | undefined {
    return protection?.strategy === 'stepped' ? new ErasureLayout(protection, blockSize) : undefined
  }

  /** All blocks: the file's, empty ones, parity. */
  get blocks (): number {
    return this.groups * (this.data + this.parity)
  }

  placeOf (index: number): GroupPlace {
    return { group: index % this.groups, position: Math.floor(index / this.groups) }
  }

  indexOf ({ group, position }: GroupPlace): number {
    return group + position * this.groups
  }

  /** Whether a block is empty, and zeros in the code: it fills the last group up. */
  isPadding (index: number): boolean {
    return index >= this.fileBlocks && index < this.rounded
  }
}
