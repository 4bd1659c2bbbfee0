import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface CodexProof {
  mcodec?: number
  index?: number
  nleaves?: number
  path: ProofNode[]
}

export namespace CodexProof {
  let _codec: Codec<CodexProof>

  export const codec = (): Codec<CodexProof> => {
    if (_codec == null) {
      _codec = message<CodexProof>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.mcodec != null) {
          w.uint32(8)
          w.uint64Number(obj.mcodec)
        }

        if (obj.index != null) {
          w.uint32(16)
          w.uint64Number(obj.index)
        }

        if (obj.nleaves != null) {
          w.uint32(24)
          w.uint64Number(obj.nleaves)
        }

        if (obj.path != null && obj.path.length > 0) {
          for (const value of obj.path) {
            w.uint32(34)
            ProofNode.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mcodec = reader.uint64Number()
              break
            }
            case 2: {
              obj.index = reader.uint64Number()
              break
            }
            case 3: {
              obj.nleaves = reader.uint64Number()
              break
            }
            case 4: {
              if (opts.limits?.path != null && obj.path.length === opts.limits.path) {
                throw new MaxLengthError('Decode error - repeated field "path" had too many elements')
              }

              obj.path.push(ProofNode.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.path$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * () {})
    }

    return _codec
  }

  export function encode (obj: Partial<CodexProof>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CodexProof.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CodexProof>): CodexProof {
    return decodeMessage(buf, CodexProof.codec(), opts)
  }
}

export interface ProofNode {
  hash?: Uint8Array<ArrayBuffer>
}

export namespace ProofNode {
  let _codec: Codec<ProofNode>

  export const codec = (): Codec<ProofNode> => {
    if (_codec == null) {
      _codec = message<ProofNode>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.hash != null) {
          w.uint32(10)
          w.bytes(obj.hash)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.hash = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * () {})
    }

    return _codec
  }

  export function encode (obj: Partial<ProofNode>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ProofNode.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProofNode>): ProofNode {
    return decodeMessage(buf, ProofNode.codec(), opts)
  }
}
