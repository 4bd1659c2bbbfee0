import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface ManifestNode {
  data?: Uint8Array<ArrayBuffer>
}

export namespace ManifestNode {
  let _codec: Codec<ManifestNode>

  export const codec = (): Codec<ManifestNode> => {
    if (_codec == null) {
      _codec = message<ManifestNode>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.data != null) {
          w.uint32(10)
          w.bytes(obj.data)
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
              obj.data = reader.bytes()
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

  export function encode (obj: Partial<ManifestNode>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ManifestNode.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ManifestNode>): ManifestNode {
    return decodeMessage(buf, ManifestNode.codec(), opts)
  }
}

export interface ManifestHeader {
  treeCid?: Uint8Array<ArrayBuffer>
  blockSize?: number
  datasetSize?: number
  codec?: number
  hcodec?: number
  version?: number
  erasure?: ErasureInfo
  filename?: string
  mimetype?: string
}

export namespace ManifestHeader {
  let _codec: Codec<ManifestHeader>

  export const codec = (): Codec<ManifestHeader> => {
    if (_codec == null) {
      _codec = message<ManifestHeader>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.treeCid != null) {
          w.uint32(10)
          w.bytes(obj.treeCid)
        }

        if (obj.blockSize != null) {
          w.uint32(16)
          w.uint32(obj.blockSize)
        }

        if (obj.datasetSize != null) {
          w.uint32(24)
          w.uint64Number(obj.datasetSize)
        }

        if (obj.codec != null) {
          w.uint32(32)
          w.uint32(obj.codec)
        }

        if (obj.hcodec != null) {
          w.uint32(40)
          w.uint32(obj.hcodec)
        }

        if (obj.version != null) {
          w.uint32(48)
          w.uint32(obj.version)
        }

        if (obj.erasure != null) {
          w.uint32(58)
          ErasureInfo.codec().encode(obj.erasure, w)
        }

        if (obj.filename != null) {
          w.uint32(66)
          w.string(obj.filename)
        }

        if (obj.mimetype != null) {
          w.uint32(74)
          w.string(obj.mimetype)
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
              obj.treeCid = reader.bytes()
              break
            }
            case 2: {
              obj.blockSize = reader.uint32()
              break
            }
            case 3: {
              obj.datasetSize = reader.uint64Number()
              break
            }
            case 4: {
              obj.codec = reader.uint32()
              break
            }
            case 5: {
              obj.hcodec = reader.uint32()
              break
            }
            case 6: {
              obj.version = reader.uint32()
              break
            }
            case 7: {
              obj.erasure = ErasureInfo.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.erasure
              })
              break
            }
            case 8: {
              obj.filename = reader.string()
              break
            }
            case 9: {
              obj.mimetype = reader.string()
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

  export function encode (obj: Partial<ManifestHeader>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ManifestHeader.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ManifestHeader>): ManifestHeader {
    return decodeMessage(buf, ManifestHeader.codec(), opts)
  }
}

export interface ErasureInfo {
  ecK?: number
  ecM?: number
  originalTreeCid?: Uint8Array<ArrayBuffer>
  originalDatasetSize?: number
  protectedStrategy?: number
  verification?: VerificationInfo
}

export namespace ErasureInfo {
  let _codec: Codec<ErasureInfo>

  export const codec = (): Codec<ErasureInfo> => {
    if (_codec == null) {
      _codec = message<ErasureInfo>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.ecK != null) {
          w.uint32(8)
          w.uint32(obj.ecK)
        }

        if (obj.ecM != null) {
          w.uint32(16)
          w.uint32(obj.ecM)
        }

        if (obj.originalTreeCid != null) {
          w.uint32(26)
          w.bytes(obj.originalTreeCid)
        }

        if (obj.originalDatasetSize != null) {
          w.uint32(32)
          w.uint64Number(obj.originalDatasetSize)
        }

        if (obj.protectedStrategy != null) {
          w.uint32(40)
          w.uint32(obj.protectedStrategy)
        }

        if (obj.verification != null) {
          w.uint32(50)
          VerificationInfo.codec().encode(obj.verification, w)
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
              obj.ecK = reader.uint32()
              break
            }
            case 2: {
              obj.ecM = reader.uint32()
              break
            }
            case 3: {
              obj.originalTreeCid = reader.bytes()
              break
            }
            case 4: {
              obj.originalDatasetSize = reader.uint64Number()
              break
            }
            case 5: {
              obj.protectedStrategy = reader.uint32()
              break
            }
            case 6: {
              obj.verification = VerificationInfo.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.verification
              })
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

  export function encode (obj: Partial<ErasureInfo>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ErasureInfo.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ErasureInfo>): ErasureInfo {
    return decodeMessage(buf, ErasureInfo.codec(), opts)
  }
}

export interface VerificationInfo {
  verifyRoot?: Uint8Array<ArrayBuffer>
  slotRoots: Uint8Array<ArrayBuffer>[]
  cellSize?: number
  verifiableStrategy?: number
}

export namespace VerificationInfo {
  let _codec: Codec<VerificationInfo>

  export const codec = (): Codec<VerificationInfo> => {
    if (_codec == null) {
      _codec = message<VerificationInfo>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.verifyRoot != null) {
          w.uint32(10)
          w.bytes(obj.verifyRoot)
        }

        if (obj.slotRoots != null && obj.slotRoots.length > 0) {
          for (const value of obj.slotRoots) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if (obj.cellSize != null) {
          w.uint32(24)
          w.uint32(obj.cellSize)
        }

        if (obj.verifiableStrategy != null) {
          w.uint32(32)
          w.uint32(obj.verifiableStrategy)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          slotRoots: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.verifyRoot = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.slotRoots != null && obj.slotRoots.length === opts.limits.slotRoots) {
                throw new MaxLengthError('Decode error - repeated field "slotRoots" had too many elements')
              }

              obj.slotRoots.push(reader.bytes())
              break
            }
            case 3: {
              obj.cellSize = reader.uint32()
              break
            }
            case 4: {
              obj.verifiableStrategy = reader.uint32()
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

  export function encode (obj: Partial<VerificationInfo>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, VerificationInfo.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<VerificationInfo>): VerificationInfo {
    return decodeMessage(buf, VerificationInfo.codec(), opts)
  }
}
