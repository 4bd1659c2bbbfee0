/**
 * Leopard-RS, an erasure code: byte for byte that of the reference (https://github.com/catid/leopard). It needs nothing
 * but JavaScript, and is faster where there is WebAssembly.
 */
import { KernelUnavailableError } from './errors.ts'
import { Leopard } from './leopard.ts'
import { createPlainKernel } from './plain-kernel.ts'
import { loadWasmKernel } from './wasm-kernel.ts'
import type { Kernel, KernelName } from './kernel.ts'

export {
  InvalidCountsError, InvalidInputError, InvalidSizeError, KernelUnavailableError, LeopardError, NeedMoreDataError,
  TooMuchDataError
} from './errors.ts'
export type { KernelName } from './kernel.ts'
export type { Leopard, MaybeBlock } from './leopard.ts'

export interface LeopardOptions {
  /** The kernel to use; by default the fastest that the runtime can run. All give the same bytes. */
  kernel?: KernelName
}

/**
 * Gets the code ready.
 *
 * @throws {KernelUnavailableError} where the runtime cannot run the kernel that was asked for
 */
export async function createLeopard ({ kernel }: LeopardOptions = {}): Promise<Leopard> {
  const names: KernelName[] = kernel == null ? ['relaxed', 'simd', 'plain'] : [kernel]

  for (const name of names) {
    const loaded = await loadKernel(name)

    if (loaded != null) {
      return new Leopard(loaded)
    }
  }

  throw new KernelUnavailableError(`This runtime cannot run the ${kernel} kernel`)
}

async function loadKernel (name: KernelName): Promise<Kernel | undefined> {
  return name === 'plain' ? createPlainKernel() : loadWasmKernel(name)
}
