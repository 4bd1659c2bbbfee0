/**
 * The bytes of a CID as a string to be used as a key; cheaper than its text, and for no one's eyes. Spreading the bytes would
 * take five times as long, and a hostile message has thousands of them.
 */
export function rootKey (bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}
