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
      const distance = (from - to) / 4

      for (let i = to / 4, end = i + length / 4; i < end; i++) {
        const x = words[i + distance]
        words[i] ^= tables[table | (x & 255)] | tables[table | (x >>> 8 & 255)] << 8 |
          tables[table | (x >>> 16 & 255)] << 16 | tables[table | x >>> 24] << 24
      }
    }
  }
}

export function products16 (memory: PlainMemory): Products {
  // products of the low byte, then of the high one
  const table = new Uint16Array(512)

  const makeTable = (row: number): void => {
    const { bytes } = memory

    for (let i = 0; i < 512; i++) {
      const low = row + (i >> 8) * 32 + (i & 15)
      const high = row + (i >> 8) * 32 + 16 + (i >> 4 & 15)
      table[i] = (bytes[low] ^ bytes[high]) | (bytes[low + 64] ^ bytes[high + 64]) << 8
    }
  }

  /** Four elements at a time: their low bytes are a word, their high bytes the eighth after it. */
  const run = (to: number, from: number, length: number, keep: number): void => {
    const { words } = memory
    const distance = (from - to) / 4

    for (let i = to / 4, end = i + length / 4; i < end; i += (i & 7) === 7 ? 9 : 1) {
      const x = words[i + distance]
      const y = words[i + distance + 8]
      const a = table[x & 255] ^ table[256 | (y & 255)]
      const b = table[x >>> 8 & 255] ^ table[256 | (y >>> 8 & 255)]
      const c = table[x >>> 16 & 255] ^ table[256 | (y >>> 16 & 255)]
      const d = table[x >>> 24] ^ table[256 | y >>> 24]
      words[i] = words[i] & keep ^ ((a & 255) | (b & 255) << 8 | (c & 255) << 16 | d << 24)
      words[i + 8] = words[i + 8] & keep ^ (a >>> 8 | (b & 0xff00) | (c & 0xff00) << 8 | (d & 0xff00) << 16)
    }
  }

  return {
    set (at, length, row) {
      makeTable(row)
      run(at, at, length, 0)
    },
    add (to, from, length, row) {
      makeTable(row)
      run(to, from, length, -1)
    }
  }
}
