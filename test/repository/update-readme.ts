/** Writes the README's tables and examples anew: `npm run readme`. */
import { readFile, writeFile } from 'node:fs/promises'
import { renderReadme } from './readme.ts'

const root = new URL('../../../', import.meta.url)
const file = new URL('README.md', root)

await writeFile(file, await renderReadme(await readFile(file, 'utf8'), root))
