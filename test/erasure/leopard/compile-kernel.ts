/** Compiles the inner loops from AssemblyScript. */
import { readFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'
import { toString } from 'uint8arrays/to-string'

/** Each generated file, and what its WebAssembly may use besides the first version. */
export const VARIANTS: Record<string, string[]> = {
  'simd-wasm.ts': ['simd'],
  'relaxed-wasm.ts': ['simd', 'relaxed-simd']
}

/**
 * Gives the text of the generated file.
 *
 * @param leopard - the folder of the package
 * @throws {Error} with the compiler's messages
 */
export async function compileKernel (leopard: URL, features: string[]): Promise<string> {
  const errors: string[] = []
  let wasm: Uint8Array | undefined

  const { error } = await asc.main([
    'index.ts', '--outFile', 'kernel.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--initialMemory', '1',
    ...features.flatMap(feature => ['--enable', feature])
  ], {
    // the sources are not TypeScript: another extension keeps its tools away from them
    readFile: async name => readFile(new URL(`kernel/${name.replace(/\.ts$/, '.as')}`, leopard), 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (contents instanceof Uint8Array) {
        wasm = contents
      }
    },
    listFiles: () => [],
    stderr: { write: text => { errors.push(String(text)) } }
  })

  if (error != null || wasm == null) {
    throw new Error(`The kernel does not compile: ${errors.join('')}`, { cause: error })
  }

  return `/** Made of \`kernel/\` by \`npm run build:kernel\`: WebAssembly in base64, using ${features.join(' and ')}. */
export const WASM = '${toString(wasm, 'base64pad')}'
`
}
