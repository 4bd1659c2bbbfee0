// GF(2^8): a row is the products of the low nibbles, then those of the high ones.

import { highNibbles, lookup, lowNibbles } from './nibbles'

@inline
function times8(x: v128, low: v128, high: v128, mask: v128): v128 {
  return v128.xor(lookup(low, lowNibbles(x, mask)), lookup(high, highNibbles(x, mask)))
}

export function multiply8(at: usize, length: usize, row: usize): void {
  const mask = v128.load(0), low = v128.load(row), high = v128.load(row, 16)

  for (const end = at + length; at < end; at += 32) {
    v128.store(at, times8(v128.load(at), low, high, mask))
    v128.store(at, times8(v128.load(at, 16), low, high, mask), 16)
  }
}

export function inverse2in8(at: usize, length: usize, row: usize): void {
  const mask = v128.load(0), low = v128.load(row), high = v128.load(row, 16)

  for (let b = at + length, end = b; at < end; at += 16, b += 16) {
    const w0 = v128.load(at), w1 = v128.xor(v128.load(b), w0)
    v128.store(b, w1)
    v128.store(at, v128.xor(w0, times8(w1, low, high, mask)))
  }
}

export function forward2in8(at: usize, length: usize, row: usize): void {
  const mask = v128.load(0), low = v128.load(row), high = v128.load(row, 16)

  for (let b = at + length, end = b; at < end; at += 16, b += 16) {
    const w1 = v128.load(b), w0 = v128.xor(v128.load(at), times8(w1, low, high, mask))
    v128.store(at, w0)
    v128.store(b, v128.xor(w1, w0))
  }
}

export function inverse4in8(at: usize, length: usize, row01: usize, row23: usize, row02: usize): void {
  const mask = v128.load(0)
  const low01 = v128.load(row01), high01 = v128.load(row01, 16)
  const low23 = v128.load(row23), high23 = v128.load(row23, 16)
  const low02 = v128.load(row02), high02 = v128.load(row02, 16)

  for (let b = at + length, c = b + length, d = c + length, end = b; at < end; at += 16, b += 16, c += 16, d += 16) {
    let w0 = v128.load(at), w1 = v128.xor(v128.load(b), w0)
    w0 = v128.xor(w0, times8(w1, low01, high01, mask))
    let w2 = v128.load(c), w3 = v128.xor(v128.load(d), w2)
    w2 = v128.xor(w2, times8(w3, low23, high23, mask))
    w2 = v128.xor(w2, w0)
    w3 = v128.xor(w3, w1)
    v128.store(c, w2)
    v128.store(d, w3)
    v128.store(at, v128.xor(w0, times8(w2, low02, high02, mask)))
    v128.store(b, v128.xor(w1, times8(w3, low02, high02, mask)))
  }
}

export function forward4in8(at: usize, length: usize, row01: usize, row23: usize, row02: usize): void {
  const mask = v128.load(0)
  const low01 = v128.load(row01), high01 = v128.load(row01, 16)
  const low23 = v128.load(row23), high23 = v128.load(row23, 16)
  const low02 = v128.load(row02), high02 = v128.load(row02, 16)

  for (let b = at + length, c = b + length, d = c + length, end = b; at < end; at += 16, b += 16, c += 16, d += 16) {
    let w2 = v128.load(c), w3 = v128.load(d)
    let w0 = v128.xor(v128.load(at), times8(w2, low02, high02, mask))
    let w1 = v128.xor(v128.load(b), times8(w3, low02, high02, mask))
    w2 = v128.xor(w2, w0)
    w3 = v128.xor(w3, w1)
    w0 = v128.xor(w0, times8(w1, low01, high01, mask))
    v128.store(at, w0)
    v128.store(b, v128.xor(w1, w0))
    w2 = v128.xor(w2, times8(w3, low23, high23, mask))
    v128.store(c, w2)
    v128.store(d, v128.xor(w3, w2))
  }
}

export function inverse4zeroIn8(at: usize, length: usize, row23: usize): void {
  const mask = v128.load(0), low = v128.load(row23), high = v128.load(row23, 16)

  for (let b = at + length, c = b + length, d = c + length, end = b; at < end; at += 16, b += 16, c += 16, d += 16) {
    const w0 = v128.load(at), w1 = v128.xor(v128.load(b), w0)
    const w2 = v128.load(c), w3 = v128.xor(v128.load(d), w2)
    v128.store(b, w1)
    v128.store(c, v128.xor(v128.xor(w2, times8(w3, low, high, mask)), w0))
    v128.store(d, v128.xor(w3, w1))
  }
}

export function forward4zeroIn8(at: usize, length: usize, row23: usize): void {
  const mask = v128.load(0), low = v128.load(row23), high = v128.load(row23, 16)

  for (let b = at + length, c = b + length, d = c + length, end = b; at < end; at += 16, b += 16, c += 16, d += 16) {
    const w0 = v128.load(at), w1 = v128.load(b)
    const w3 = v128.xor(v128.load(d), w1)
    const w2 = v128.xor(v128.xor(v128.load(c), w0), times8(w3, low, high, mask))
    v128.store(b, v128.xor(w1, w0))
    v128.store(c, w2)
    v128.store(d, v128.xor(w3, w2))
  }
}

@inline
function combineFour8(to: usize, length: usize, from: usize, inputs: usize, rows: usize, step: usize): void {
  const mask = v128.load(0)

  for (let x: usize = 0; x < length; x += 32) {
    let a0 = i64x2.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0
    let row = rows
    let input = from + x

    for (let j: usize = 0; j < inputs; j++, input += length, row += step) {
      const x0 = v128.load(input), x1 = v128.load(input, 16)
      const low0 = lowNibbles(x0, mask), high0 = highNibbles(x0, mask)
      const low1 = lowNibbles(x1, mask), high1 = highNibbles(x1, mask)
      let low = v128.load(row), high = v128.load(row, 16)
      a0 = v128.xor(a0, v128.xor(lookup(low, low0), lookup(high, high0)))
      a1 = v128.xor(a1, v128.xor(lookup(low, low1), lookup(high, high1)))
      low = v128.load(row, 32)
      high = v128.load(row, 48)
      b0 = v128.xor(b0, v128.xor(lookup(low, low0), lookup(high, high0)))
      b1 = v128.xor(b1, v128.xor(lookup(low, low1), lookup(high, high1)))
      low = v128.load(row, 64)
      high = v128.load(row, 80)
      c0 = v128.xor(c0, v128.xor(lookup(low, low0), lookup(high, high0)))
      c1 = v128.xor(c1, v128.xor(lookup(low, low1), lookup(high, high1)))
      low = v128.load(row, 96)
      high = v128.load(row, 112)
      d0 = v128.xor(d0, v128.xor(lookup(low, low0), lookup(high, high0)))
      d1 = v128.xor(d1, v128.xor(lookup(low, low1), lookup(high, high1)))
    }

    let output = to + x
    v128.store(output, a0)
    v128.store(output, a1, 16)
    output += length
    v128.store(output, b0)
    v128.store(output, b1, 16)
    output += length
    v128.store(output, c0)
    v128.store(output, c1, 16)
    output += length
    v128.store(output, d0)
    v128.store(output, d1, 16)
  }
}

@inline
function combineOne8(to: usize, length: usize, from: usize, inputs: usize, rows: usize, step: usize): void {
  const mask = v128.load(0)

  for (let x: usize = 0; x < length; x += 64) {
    let a = i64x2.splat(0), b = a, c = a, d = a
    let row = rows
    let input = from + x

    for (let j: usize = 0; j < inputs; j++, input += length, row += step) {
      const low = v128.load(row), high = v128.load(row, 16)
      a = v128.xor(a, times8(v128.load(input), low, high, mask))
      b = v128.xor(b, times8(v128.load(input, 16), low, high, mask))
      c = v128.xor(c, times8(v128.load(input, 32), low, high, mask))
      d = v128.xor(d, times8(v128.load(input, 48), low, high, mask))
    }

    v128.store(to + x, a)
    v128.store(to + x, b, 16)
    v128.store(to + x, c, 32)
    v128.store(to + x, d, 48)
  }
}

export function combine8(to: usize, outputs: usize, length: usize, from: usize, inputs: usize, rows: usize): void {
  const step = outputs * 32
  let left = outputs

  for (; left >= 4; left -= 4, to += 4 * length, rows += 128) {
    combineFour8(to, length, from, inputs, rows, step)
  }

  for (; left > 0; left--, to += length, rows += 32) {
    combineOne8(to, length, from, inputs, rows, step)
  }
}
