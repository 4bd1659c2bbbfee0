/** Bytes. */
export const MB = 1_000_000

export function formatMB (bytes: number): string {
  return `${(bytes / MB).toFixed(0)} MB`
}

export function formatRate (bytes: number, milliseconds: number): string {
  return `${(bytes / milliseconds / 1000).toFixed(0)} MB/s`
}

/** A size as `1GiB`, `64MiB` or a number of bytes. */
export function parseSize (text: string): number {
  const [, digits, unit] = /^(\d+)(KiB|MiB|GiB|)$/.exec(text) ?? []
  const size = Number(digits) * 1024 ** ['', 'KiB', 'MiB', 'GiB'].indexOf(unit)

  if (!Number.isSafeInteger(size) || size === 0) {
    throw new Error(`${text} is not a size, as 64MiB is`)
  }

  return size
}
