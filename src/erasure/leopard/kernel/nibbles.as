// Multiplication by a factor is linear, so a product is the XOR of the products of its nibbles, and a nibble has 16
// values: as many as a vector has bytes. A row holds these products (../rows.ts).

@inline
export function lookup(products: v128, nibbles: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(products, nibbles) : i8x16.swizzle(products, nibbles)
}

@inline
export function lowNibbles(x: v128, mask: v128): v128 {
  return v128.and(x, mask)
}

@inline
export function highNibbles(x: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(x, 4), mask)
}
