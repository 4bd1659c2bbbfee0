export function xor(to: usize, from: usize, length: usize): void {
  for (const end = to + length; to < end; to += 64, from += 64) {
    v128.store(to, v128.xor(v128.load(to), v128.load(from)))
    v128.store(to, v128.xor(v128.load(to, 16), v128.load(from, 16)), 16)
    v128.store(to, v128.xor(v128.load(to, 32), v128.load(from, 32)), 32)
    v128.store(to, v128.xor(v128.load(to, 48), v128.load(from, 48)), 48)
  }
}

export function derive(at: usize, length: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++, at += length) {
    for (let to = at, end = at + length; to < end; to += 64) {
      let a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48)

      for (let clear = (count - 1) & ~i; clear != 0; clear &= clear - 1) {
        const from = to + (clear & -clear) * length
        a = v128.xor(a, v128.load(from))
        b = v128.xor(b, v128.load(from, 16))
        c = v128.xor(c, v128.load(from, 32))
        d = v128.xor(d, v128.load(from, 48))
      }

      v128.store(to, a)
      v128.store(to, b, 16)
      v128.store(to, c, 32)
      v128.store(to, d, 48)
    }
  }
}
