/* eslint-disable no-console */
/** Runs every example as a stranger would, each in a process of its own. Run by CI. */
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { run } from '../run-command.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const files = (await readdir(EXAMPLES)).filter(file => file.endsWith('.js')).sort()

if (files.length === 0) {
  throw new Error(`there are no examples in ${EXAMPLES}`)
}

for (const file of files) {
  const started = performance.now()
  await run(process.execPath, [file], { cwd: EXAMPLES, timeout: 60_000 })
  console.info(`examples/${file.replace(/\.js$/, '.ts')} ran, ${Math.round(performance.now() - started)} ms`)
}
