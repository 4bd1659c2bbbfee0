/**
 * What came from a peer is hostile: a file name may try to leave the directory, to pass for another file, or to steer
 * the terminal it is printed on.
 */

/** Bytes: file systems take 255, and room is left for the suffix of an unfinished file. */
const MAX_NAME_BYTES = 200
/** Bytes: a longer extension is none. */
const MAX_EXTENSION_BYTES = 16
/** Control and format characters (escapes, bidirectional overrides, zero width), separators of lines, halves of pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
/** What some file system refuses, or a shell makes something of. */
const UNUSABLE = /[<>:"|?*]/g
/** Names that Windows takes for devices, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)/i

/** A name that can be used for a file in the current directory; undefined where nothing of it is left. */
export function harmlessFilename (name: string): string | undefined {
  const last = name.normalize('NFC').split(/[/\\]/).findLast(part => part !== '') ?? ''
  const plain = last
    .replace(UNPRINTABLE, '_')
    .replace(UNUSABLE, '_')
    .trim()
    // neither hidden, nor an option of some command, nor with an end that Windows drops
    .replace(/^[.\-~]+/, '_')
    .replace(/[. ]+$/, '')

  if (/^_*$/.test(plain)) {
    return undefined
  }

  return shorten(DEVICE.test(plain) ? `_${plain}` : plain)
}

/** Text of one line that a terminal shows and does not obey. */
export function harmlessText (text: string): string {
  return text.replace(UNPRINTABLE, char => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}

/** Cuts at a character, and keeps the extension. */
function shorten (name: string): string {
  if (byteLength(name) <= MAX_NAME_BYTES) {
    return name
  }

  const extension = /\.[^.]+$/.exec(name)?.[0] ?? ''
  const kept = byteLength(extension) <= MAX_EXTENSION_BYTES ? extension : ''
  let room = MAX_NAME_BYTES - byteLength(kept)
  let stem = ''

  for (const char of name) {
    room -= byteLength(char)

    if (room < 0) {
      break
    }

    stem += char
  }

  return stem + kept
}

function byteLength (text: string): number {
  return new TextEncoder().encode(text).byteLength
}
