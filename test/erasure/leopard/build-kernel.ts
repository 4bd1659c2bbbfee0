/** Writes the WebAssembly of `src/erasure/leopard` anew: `npm run build:kernel`. */
import { writeFile } from 'node:fs/promises'
import { compileKernel, VARIANTS } from './compile-kernel.ts'

const leopard = new URL('../../../src/erasure/leopard/', import.meta.url)

for (const [file, features] of Object.entries(VARIANTS)) {
  await writeFile(new URL(file, leopard), await compileKernel(leopard, features))
}
