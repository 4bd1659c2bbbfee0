/** The two fields of the code, with their tables. They are those of the reference: docs/PROTOCOL.md §5. */

/** GF(2^bits). An element is named by its coordinates in the Cantor basis, not by its polynomial. */
export interface Field {
  readonly bits: 8 | 16
  /** Number of elements. */
  readonly order: number
  /** `order - 1`: logarithms are modulo this. */
  readonly modulus: number
  /** Logarithm of an element; of 0 it is `modulus`. */
  readonly log: Uint16Array
  /** Element of a logarithm, 0 … `modulus`. */
  readonly exp: Uint16Array
  /** Logarithms of the butterflies' factors; `modulus` stands for the factor 0. */
  readonly skew: Uint16Array
}

interface Parameters {
  bits: 8 | 16
  polynomial: number
  basis: number[]
}

const GF256: Parameters = {
  bits: 8,
  polynomial: 0x11d,
  basis: [1, 214, 152, 146, 86, 200, 88, 230]
}

const GF65536: Parameters = {
  bits: 16,
  polynomial: 0x1002d,
  basis: [
    0x0001, 0xacca, 0x3c0e, 0x163e, 0xc582, 0xed2e, 0x914c, 0x4012,
    0x6c98, 0x10d8, 0x6a72, 0xb900, 0xfdb8, 0xfb34, 0xff38, 0x991e
  ]
}

const made = new Map<number, Field>()

/** The field of 2^bits elements; its tables are made once. */
export function fieldOf (bits: 8 | 16): Field {
  let field = made.get(bits)

  if (field == null) {
    field = makeField(bits === 8 ? GF256 : GF65536)
    made.set(bits, field)
  }

  return field
}

/** `element` times the element whose logarithm is `log`. */
export function multiply (field: Field, element: number, log: number): number {
  return element === 0 ? 0 : field.exp[(field.log[element] + log) % field.modulus]
}

function makeField ({ bits, polynomial, basis }: Parameters): Field {
  const order = 1 << bits
  const modulus = order - 1
  const log = new Uint16Array(order)
  const exp = new Uint16Array(order)
  const polynomialLog = new Uint16Array(order)

  for (let power = 0, state = 1; power < modulus; power++) {
    polynomialLog[state] = power
    state <<= 1
    state = state >= order ? state ^ polynomial : state
  }

  polynomialLog[0] = modulus

  // the polynomial of an element, from its coordinates in the Cantor basis
  const polynomialOf = new Uint16Array(order)

  basis.forEach((vector, bit) => {
    const width = 1 << bit

    for (let element = 0; element < width; element++) {
      polynomialOf[element + width] = polynomialOf[element] ^ vector
    }
  })

  for (let element = 0; element < order; element++) {
    log[element] = polynomialLog[polynomialOf[element]]
    exp[log[element]] = element
  }

  exp[modulus] = exp[0]

  const field: Field = { bits, order, modulus, log, exp, skew: new Uint16Array(modulus) }
  fillSkew(field)

  return field
}

/** The factors, layer by layer: each layer's polynomial vanishes on the subspace that the layer below spans. */
function fillSkew (field: Field): void {
  const { bits, modulus, log, skew } = field
  const values = Array.from({ length: bits - 1 }, (_, i) => 1 << (i + 1))

  for (let layer = 0; layer < bits - 1; layer++) {
    const first = (1 << layer) - 1
    skew[first] = 0

    for (let bit = layer; bit < bits - 1; bit++) {
      const width = 1 << (bit + 1)

      for (let at = first; at < width; at += 1 << (layer + 1)) {
        skew[at + width] = skew[at] ^ values[bit]
      }
    }

    const scale = modulus - log[multiply(field, values[layer], log[values[layer] ^ 1])]

    for (let bit = layer + 1; bit < bits - 1; bit++) {
      values[bit] = multiply(field, values[bit], (log[values[bit] ^ 1] + scale) % modulus)
    }
  }

  for (let at = 0; at < modulus; at++) {
    skew[at] = log[skew[at]]
  }
}
