// GF(2^16): of 64 bytes, 32 are the low bytes of as many elements, then 32 the high ones. A row is the low bytes of the
// products of the four nibbles, lowest nibble first, then their high bytes.

import { highNibbles, lookup, lowNibbles } from './nibbles'

@inline
function timesLow(row: usize, low: v128, high: v128, mask: v128): v128 {
  return v128.xor(
    v128.xor(lookup(v128.load(row), lowNibbles(low, mask)), lookup(v128.load(row, 16), highNibbles(low, mask))),
    v128.xor(lookup(v128.load(row, 32), lowNibbles(high, mask)), lookup(v128.load(row, 48), highNibbles(high, mask)))
  )
}

@inline
function timesHigh(row: usize, low: v128, high: v128, mask: v128): v128 {
  return v128.xor(
    v128.xor(lookup(v128.load(row, 64), lowNibbles(low, mask)), lookup(v128.load(row, 80), highNibbles(low, mask))),
    v128.xor(lookup(v128.load(row, 96), lowNibbles(high, mask)), lookup(v128.load(row, 112), highNibbles(high, mask)))
  )
}

/** The 16 elements after those at `at`: 0, 16, 64, 80, 128, … */
@inline
function next16(at: usize): usize {
  return at + 16 + ((at & 16) << 1)
}

export function multiply16(at: usize, length: usize, row: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const low = v128.load(at), high = v128.load(at, 32)
    v128.store(at, timesLow(row, low, high, mask))
    v128.store(at, timesHigh(row, low, high, mask), 32)
  }
}

export function inverse2in16(at: usize, length: usize, row: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const b = at + length
    const low0 = v128.load(at), high0 = v128.load(at, 32)
    const low1 = v128.xor(v128.load(b), low0), high1 = v128.xor(v128.load(b, 32), high0)
    v128.store(b, low1)
    v128.store(b, high1, 32)
    v128.store(at, v128.xor(low0, timesLow(row, low1, high1, mask)))
    v128.store(at, v128.xor(high0, timesHigh(row, low1, high1, mask)), 32)
  }
}

export function forward2in16(at: usize, length: usize, row: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const b = at + length
    const low1 = v128.load(b), high1 = v128.load(b, 32)
    const low0 = v128.xor(v128.load(at), timesLow(row, low1, high1, mask))
    const high0 = v128.xor(v128.load(at, 32), timesHigh(row, low1, high1, mask))
    v128.store(at, low0)
    v128.store(at, high0, 32)
    v128.store(b, v128.xor(low1, low0))
    v128.store(b, v128.xor(high1, high0), 32)
  }
}

export function inverse4in16(at: usize, length: usize, row01: usize, row23: usize, row02: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const b = at + length, c = b + length, d = c + length
    let low0 = v128.load(at), high0 = v128.load(at, 32)
    const low1 = v128.xor(v128.load(b), low0), high1 = v128.xor(v128.load(b, 32), high0)
    low0 = v128.xor(low0, timesLow(row01, low1, high1, mask))
    high0 = v128.xor(high0, timesHigh(row01, low1, high1, mask))
    let low2 = v128.load(c), high2 = v128.load(c, 32)
    let low3 = v128.xor(v128.load(d), low2), high3 = v128.xor(v128.load(d, 32), high2)
    low2 = v128.xor(low2, timesLow(row23, low3, high3, mask))
    high2 = v128.xor(high2, timesHigh(row23, low3, high3, mask))
    low2 = v128.xor(low2, low0)
    high2 = v128.xor(high2, high0)
    low3 = v128.xor(low3, low1)
    high3 = v128.xor(high3, high1)
    v128.store(c, low2)
    v128.store(c, high2, 32)
    v128.store(d, low3)
    v128.store(d, high3, 32)
    v128.store(at, v128.xor(low0, timesLow(row02, low2, high2, mask)))
    v128.store(at, v128.xor(high0, timesHigh(row02, low2, high2, mask)), 32)
    v128.store(b, v128.xor(low1, timesLow(row02, low3, high3, mask)))
    v128.store(b, v128.xor(high1, timesHigh(row02, low3, high3, mask)), 32)
  }
}

export function forward4in16(at: usize, length: usize, row01: usize, row23: usize, row02: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const b = at + length, c = b + length, d = c + length
    let low2 = v128.load(c), high2 = v128.load(c, 32)
    let low3 = v128.load(d), high3 = v128.load(d, 32)
    let low0 = v128.xor(v128.load(at), timesLow(row02, low2, high2, mask))
    let high0 = v128.xor(v128.load(at, 32), timesHigh(row02, low2, high2, mask))
    let low1 = v128.xor(v128.load(b), timesLow(row02, low3, high3, mask))
    let high1 = v128.xor(v128.load(b, 32), timesHigh(row02, low3, high3, mask))
    low2 = v128.xor(low2, low0)
    high2 = v128.xor(high2, high0)
    low3 = v128.xor(low3, low1)
    high3 = v128.xor(high3, high1)
    low0 = v128.xor(low0, timesLow(row01, low1, high1, mask))
    high0 = v128.xor(high0, timesHigh(row01, low1, high1, mask))
    v128.store(at, low0)
    v128.store(at, high0, 32)
    v128.store(b, v128.xor(low1, low0))
    v128.store(b, v128.xor(high1, high0), 32)
    low2 = v128.xor(low2, timesLow(row23, low3, high3, mask))
    high2 = v128.xor(high2, timesHigh(row23, low3, high3, mask))
    v128.store(c, low2)
    v128.store(c, high2, 32)
    v128.store(d, v128.xor(low3, low2))
    v128.store(d, v128.xor(high3, high2), 32)
  }
}

export function inverse4zeroIn16(at: usize, length: usize, row23: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const b = at + length, c = b + length, d = c + length
    const low0 = v128.load(at), high0 = v128.load(at, 32)
    const low1 = v128.xor(v128.load(b), low0), high1 = v128.xor(v128.load(b, 32), high0)
    const low2 = v128.load(c), high2 = v128.load(c, 32)
    const low3 = v128.xor(v128.load(d), low2), high3 = v128.xor(v128.load(d, 32), high2)
    v128.store(b, low1)
    v128.store(b, high1, 32)
    v128.store(c, v128.xor(v128.xor(low2, timesLow(row23, low3, high3, mask)), low0))
    v128.store(c, v128.xor(v128.xor(high2, timesHigh(row23, low3, high3, mask)), high0), 32)
    v128.store(d, v128.xor(low3, low1))
    v128.store(d, v128.xor(high3, high1), 32)
  }
}

export function forward4zeroIn16(at: usize, length: usize, row23: usize): void {
  const mask = v128.load(0)

  for (const end = at + length; at < end; at = next16(at)) {
    const b = at + length, c = b + length, d = c + length
    const low0 = v128.load(at), high0 = v128.load(at, 32)
    const low1 = v128.load(b), high1 = v128.load(b, 32)
    const low3 = v128.xor(v128.load(d), low1), high3 = v128.xor(v128.load(d, 32), high1)
    const low2 = v128.xor(v128.xor(v128.load(c), low0), timesLow(row23, low3, high3, mask))
    const high2 = v128.xor(v128.xor(v128.load(c, 32), high0), timesHigh(row23, low3, high3, mask))
    v128.store(b, v128.xor(low1, low0))
    v128.store(b, v128.xor(high1, high0), 32)
    v128.store(c, low2)
    v128.store(c, high2, 32)
    v128.store(d, v128.xor(low3, low2))
    v128.store(d, v128.xor(high3, high2), 32)
  }
}

export function combine16(to: usize, outputs: usize, length: usize, from: usize, inputs: usize, rows: usize): void {
  const mask = v128.load(0)

  for (let i: usize = 0; i < outputs; i++, rows += 128) {
    for (let input = from, end = to + length; to < end; to += 64, input += 64) {
      let a = i64x2.splat(0), b = a, c = a, d = a
      let block = input
      let row = rows

      for (let j: usize = 0; j < inputs; j++, block += length, row += outputs * 128) {
        const low0 = v128.load(block), low1 = v128.load(block, 16)
        const high0 = v128.load(block, 32), high1 = v128.load(block, 48)
        let n0 = lowNibbles(low0, mask), n1 = lowNibbles(low1, mask)
        let low = v128.load(row), high = v128.load(row, 64)
        a = v128.xor(a, lookup(low, n0))
        b = v128.xor(b, lookup(low, n1))
        c = v128.xor(c, lookup(high, n0))
        d = v128.xor(d, lookup(high, n1))
        n0 = highNibbles(low0, mask)
        n1 = highNibbles(low1, mask)
        low = v128.load(row, 16)
        high = v128.load(row, 80)
        a = v128.xor(a, lookup(low, n0))
        b = v128.xor(b, lookup(low, n1))
        c = v128.xor(c, lookup(high, n0))
        d = v128.xor(d, lookup(high, n1))
        n0 = lowNibbles(high0, mask)
        n1 = lowNibbles(high1, mask)
        low = v128.load(row, 32)
        high = v128.load(row, 96)
        a = v128.xor(a, lookup(low, n0))
        b = v128.xor(b, lookup(low, n1))
        c = v128.xor(c, lookup(high, n0))
        d = v128.xor(d, lookup(high, n1))
        n0 = highNibbles(high0, mask)
        n1 = highNibbles(high1, mask)
        low = v128.load(row, 48)
        high = v128.load(row, 112)
        a = v128.xor(a, lookup(low, n0))
        b = v128.xor(b, lookup(low, n1))
        c = v128.xor(c, lookup(high, n0))
        d = v128.xor(d, lookup(high, n1))
      }

      v128.store(to, a)
      v128.store(to, b, 16)
      v128.store(to, c, 32)
      v128.store(to, d, 48)
    }
  }
}
