import { products16, products8 } from './plain-products.ts'
import type { FieldLoops, Kernel } from './kernel.ts'
import type { PlainMemory, Products } from './plain-products.ts'

/** The loops in TypeScript, for runtimes without WebAssembly SIMD. Four bytes at a time. */
export function createPlainKernel (): Kernel {
  const memory: PlainMemory = { bytes: new Uint8Array(0), words: new Uint32Array(0) }

  const xor = (to: number, from: number, length: number): void => {
    const { words } = memory
    const distance = (from - to) >> 2

    for (let i = to >> 2, end = i + (length >> 2); i < end; i += 4) {
      words[i] ^= words[i + distance]
      words[i + 1] ^= words[i + distance + 1]
      words[i + 2] ^= words[i + distance + 2]
      words[i + 3] ^= words[i + distance + 3]
    }
  }

  return {
    name: 'plain',
    // a sixteenth of the speed of the others, or less
    columns: { budget: 128 * 1024, least: 128 },
    reserve (size) {
      if (size > memory.bytes.length) {
        const bytes = new Uint8Array(Math.ceil(size / 4) * 4)
        bytes.set(memory.bytes)
        memory.bytes = bytes
        memory.words = new Uint32Array(bytes.buffer)
      }

      return memory.bytes
    },
    xor,
    derive (at, length, count) {
      for (let i = 0; i < count; i++) {
        for (let bit = 1; bit < count; bit *= 2) {
          if ((i & bit) === 0) {
            xor(at + i * length, at + (i + bit) * length, length)
          }
        }
      }
    },
    in: {
      8: loopsOf(memory, xor, products8(memory), 32),
      16: loopsOf(memory, xor, products16(memory), 128)
    }
  }
}

/** The loops, made of what a field brings. */
function loopsOf (memory: PlainMemory, xor: Kernel['xor'], { set, add }: Products, rowBytes: number): FieldLoops {
  const inverse2: FieldLoops['inverse2'] = (at, length, row) => {
    xor(at + length, at, length)
    add(at, at + length, length, row)
  }
  const forward2: FieldLoops['forward2'] = (at, length, row) => {
    add(at, at + length, length, row)
    xor(at + length, at, length)
  }

  return {
    multiply: set,
    inverse2,
    forward2,
    inverse4 (at, length, row01, row23, row02) {
      inverse2(at, length, row01)
      inverse2(at + 2 * length, length, row23)
      inverse2(at, 2 * length, row02)
    },
    forward4 (at, length, row01, row23, row02) {
      forward2(at, 2 * length, row02)
      forward2(at, length, row01)
      forward2(at + 2 * length, length, row23)
    },
    inverse4zero (at, length, row23) {
      xor(at + length, at, length)
      inverse2(at + 2 * length, length, row23)
      xor(at + 2 * length, at, 2 * length)
    },
    forward4zero (at, length, row23) {
      xor(at + 2 * length, at, 2 * length)
      xor(at + length, at, length)
      forward2(at + 2 * length, length, row23)
    },
    combine (to, outputs, length, from, inputs, rows) {
      memory.bytes.fill(0, to, to + outputs * length)

      for (let i = 0; i < inputs * outputs; i++) {
        const output = i % outputs
        add(to + output * length, from + (i - output) / outputs * length, length, rows + i * rowBytes)
      }
    }
  }
}
