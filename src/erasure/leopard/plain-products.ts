/** A plain kernel's memory, as bytes and as words; both are replaced when it grows. */
export interface PlainMemory {
  bytes: Uint8Array
  words: Uint32Array
}

/** Products of many elements with one factor, by tables of the products of whole bytes, made of the factor's row. */
export interface Products {
  /** Multiplies in place. */
  set (at: number, length: number, row: number): void
  /** Adds the products of what is at `from`. */
  add (to: number, from: number, length: number, row: number): void
}

/** Factors of GF(2^16) whose tables are kept, 1 KiB each. A power of two. */
const FACTORS_16 = 4096

export function products8 (memory: PlainMemory): Products {
  // the products of factor f begin at 256·f: all are kept
  const tables = new Uint8Array(65_536)

  const tableOf = (row: number): number => {
    const { bytes } = memory
    // a row holds the product with 1, which is the factor
    const table = bytes[row + 1] << 8

    if (tables[table + 1] === 0) {
      for (let i = 0; i < 256; i++) {
        tables[table + i] = bytes[row + (i & 15)] ^ bytes[row + 16 + (i >> 4)]
      }
    }

    return table
  }

  return {
    set (at, length, row) {
      const table = tableOf(row)
      const { bytes } = memory

      for (let i = at; i < at + length; i++) {
        bytes[i] = tables[table | bytes[i]]
      }
    },
    add (to, from, length, row) {
      const table = tableOf(row)
      const { words } = memory
      const distance = (from - to) >> 2

      for (let i = to >> 2, end = i + (length >> 2); i < end; i++) {
        const x = words[i + distance]
        words[i] ^= tables[table | (x & 255)] | tables[table | (x >>> 8 & 255)] << 8 |
          tables[table | (x >>> 16 & 255)] << 16 | tables[table | x >>> 24] << 24
      }
    }
  }
}

export function products16 (memory: PlainMemory): Products {
  // of as many factors: 256 products of the low byte, then of the high one
  const tables = new Uint16Array(FACTORS_16 * 512)
  const factors = new Uint16Array(FACTORS_16)

  const tableOf = (row: number): number => {
    const { bytes } = memory
    const factor = bytes[row + 1] | bytes[row + 65] << 8
    const slot = factor % FACTORS_16
    const table = slot * 512

    if (factors[slot] !== factor) {
      factors[slot] = factor

      for (let i = 0; i < 512; i++) {
        const low = row + (i >> 8) * 32 + (i & 15)
        const high = row + (i >> 8) * 32 + 16 + (i >> 4 & 15)
        tables[table + i] = (bytes[low] ^ bytes[high]) | (bytes[low + 64] ^ bytes[high + 64]) << 8
      }
    }

    return table
  }

  /** Four elements at a time: their low bytes are a word, their high bytes the eighth after it. */
  const run = (to: number, from: number, length: number, row: number, keep: number): void => {
    const low = tableOf(row)
    const high = low | 256
    const { words } = memory
    const distance = (from - to) >> 2

    for (let i = to >> 2, end = i + (length >> 2); i < end; i += (i & 7) === 7 ? 9 : 1) {
      const x = words[i + distance]
      const y = words[i + distance + 8]
      const a = tables[low | (x & 255)] ^ tables[high | (y & 255)]
      const b = tables[low | (x >>> 8 & 255)] ^ tables[high | (y >>> 8 & 255)]
      const c = tables[low | (x >>> 16 & 255)] ^ tables[high | (y >>> 16 & 255)]
      const d = tables[low | x >>> 24] ^ tables[high | y >>> 24]
      words[i] = words[i] & keep ^ ((a & 255) | (b & 255) << 8 | (c & 255) << 16 | d << 24)
      words[i + 8] = words[i + 8] & keep ^ (a >>> 8 | (b & 0xff00) | (c & 0xff00) << 8 | (d & 0xff00) << 16)
    }
  }

  return {
    set (at, length, row) {
      run(at, at, length, row, 0)
    },
    add (to, from, length, row) {
      run(to, from, length, row, -1)
    }
  }
}
