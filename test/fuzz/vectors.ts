import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fromString } from 'uint8arrays/from-string'

/** Golden bytes by file and field: `hex('manifests.json', 'manifestHex')`. */
export interface Vectors {
  /** Every value of a field, wherever it is in the file. */
  hex(file: string, field: string): Uint8Array[]
}

/** Reads a folder of vectors. */
export async function loadVectors (folder: string, files: string[]): Promise<Vectors> {
  const contents = new Map(await Promise.all(files.map(async file => {
    return [file, JSON.parse(await readFile(path.join(folder, file), 'utf8'))] as const
  })))

  return {
    hex: (file, field) => {
      const values = [...valuesOf(contents.get(file), field)].map(value => fromString(value, 'base16'))

      if (values.length === 0) {
        throw new Error(`There is no ${field} in ${file}`)
      }

      return values
    }
  }
}

function * valuesOf (json: unknown, field: string): Generator<string> {
  if (json == null || typeof json !== 'object') {
    return
  }

  for (const [key, value] of Object.entries(json)) {
    if (key === field && typeof value === 'string') {
      yield value
    } else {
      yield * valuesOf(value, field)
    }
  }
}
