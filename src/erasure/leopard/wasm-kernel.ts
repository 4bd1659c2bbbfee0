import type { FieldLoops, Kernel, KernelName } from './kernel.ts'

const PAGE = 65_536

interface Exports extends Pick<Kernel, 'xor' | 'derive'> {
  memory: WebAssembly.Memory
  multiply8: FieldLoops['multiply']
  inverse2in8: FieldLoops['inverse2']
  forward2in8: FieldLoops['forward2']
  inverse4in8: FieldLoops['inverse4']
  forward4in8: FieldLoops['forward4']
  inverse4zeroIn8: FieldLoops['inverse4zero']
  forward4zeroIn8: FieldLoops['forward4zero']
  combine8: FieldLoops['combine']
  multiply16: FieldLoops['multiply']
  inverse2in16: FieldLoops['inverse2']
  forward2in16: FieldLoops['forward2']
  inverse4in16: FieldLoops['inverse4']
  forward4in16: FieldLoops['forward4']
  inverse4zeroIn16: FieldLoops['inverse4zero']
  forward4zeroIn16: FieldLoops['forward4zero']
  combine16: FieldLoops['combine']
}

/**
 * Loads a kernel of WebAssembly; undefined where the runtime has not what it uses, or forbids to compile it (a page's
 * content security policy may).
 */
export async function loadWasmKernel (name: Exclude<KernelName, 'plain'>): Promise<Kernel | undefined> {
  if (typeof WebAssembly === 'undefined') {
    return
  }

  const { WASM } = name === 'relaxed' ? await import('./relaxed-wasm.ts') : await import('./simd-wasm.ts')
  const bytes = Uint8Array.from(atob(WASM), char => char.charCodeAt(0))

  if (!WebAssembly.validate(bytes)) {
    return
  }

  let instance: WebAssembly.Instance

  try {
    instance = (await WebAssembly.instantiate(bytes)).instance
  } catch {
    return
  }

  return makeKernel(name, instance.exports as unknown as Exports)
}

function makeKernel (name: KernelName, exports: Exports): Kernel {
  const { memory } = exports
  let bytes = new Uint8Array(memory.buffer)
  // the loops load the mask of a nibble from address 0
  bytes.fill(0x0f, 0, 16)

  return {
    name,
    columns: { budget: 1024 * 1024, least: 256 },
    reserve (size) {
      if (size > bytes.length) {
        memory.grow(Math.ceil((size - bytes.length) / PAGE))
        bytes = new Uint8Array(memory.buffer)
      }

      return bytes
    },
    xor: exports.xor,
    derive: exports.derive,
    in: {
      8: {
        multiply: exports.multiply8,
        inverse2: exports.inverse2in8,
        forward2: exports.forward2in8,
        inverse4: exports.inverse4in8,
        forward4: exports.forward4in8,
        inverse4zero: exports.inverse4zeroIn8,
        forward4zero: exports.forward4zeroIn8,
        combine: exports.combine8
      },
      16: {
        multiply: exports.multiply16,
        inverse2: exports.inverse2in16,
        forward2: exports.forward2in16,
        inverse4: exports.inverse4in16,
        forward4: exports.forward4in16,
        inverse4zero: exports.inverse4zeroIn16,
        forward4zero: exports.forward4zeroIn16,
        combine: exports.combine16
      }
    }
  }
}
