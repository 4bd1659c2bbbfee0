/** The bytes of a CID as a string to be used as a key; cheaper than its text, and for no one's eyes. */
export function rootKey (bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
