/**
 * Checks a folder of vectors: `npm run vectors -- <folder>`. One line a file; exit code 1 when one disagrees, or when
 * the folder has none of them.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { CHECKS } from './checks/index.ts'

/** The text of a file, or undefined where there is none. */
async function textOf (file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') {
      return
    }

    throw err
  }
}

/** Resolves with whether there were vectors and all agreed. */
export async function runVectors (folder: string, print: (line: string) => void): Promise<boolean> {
  let files = 0
  let failed = 0

  for (const [name, check] of Object.entries(CHECKS)) {
    const text = await textOf(path.join(folder, name))

    if (text == null) {
      continue
    }

    files++

    try {
      const checks = await check(JSON.parse(text))

      if (checks === 0) {
        throw new Error('there is nothing to check')
      }

      print(`${name}: ${checks} checks`)
    } catch (err) {
      failed++
      print(`${name}: FAILED: ${err instanceof Error ? err.message : String(err)}`)
    }
  }

  if (files === 0) {
    print(`${folder} has no vectors`)
  }

  return files > 0 && failed === 0
}

if (process.argv[1] != null && import.meta.filename === path.resolve(process.argv[1])) {
  const folder = process.argv[2]

  if (folder == null) {
    process.stderr.write('Usage: npm run vectors -- <folder>\n')
    process.exitCode = 1
  } else if (!await runVectors(folder, line => { process.stdout.write(`${line}\n`) })) {
    process.exitCode = 1
  }
}
