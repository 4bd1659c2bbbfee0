// The inner loops of Leopard-RS in AssemblyScript; ../kernel.ts tells what each does. `npm run build:kernel` makes
// ../simd-wasm.ts and ../relaxed-wasm.ts of them.
//
// Addresses and lengths are in bytes, lengths multiples of 64. The first 16 bytes of memory are 0x0f: a mask that is
// loaded stays in a register, where V8 makes a constant again and again.

export { derive, xor } from './any-field'
export {
  combine8, forward2in8, forward4in8, forward4zeroIn8, inverse2in8, inverse4in8, inverse4zeroIn8, multiply8
} from './field-8'
export {
  combine16, forward2in16, forward4in16, forward4zeroIn16, inverse2in16, inverse4in16, inverse4zeroIn16, multiply16
} from './field-16'
