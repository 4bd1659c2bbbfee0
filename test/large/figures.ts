/** Bytes. */
export const MB = 1_000_000

export function formatMB (bytes: number): string {
  return `${(bytes / MB).toFixed(0)} MB`
}

export function formatRate (bytes: number, milliseconds: number): string {
  return `${(bytes / milliseconds / 1000).toFixed(0)} MB/s`
}
