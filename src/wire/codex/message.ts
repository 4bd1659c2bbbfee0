import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Message {
  wantlist?: WantList
  payload: BlockDelivery[]
  blockPresences: BlockPresence[]
  pendingBytes?: number
  account?: AccountMessage
  payment?: StateChannelUpdate
}

export namespace Message {
  let _codec: Codec<Message>

  export const codec = (): Codec<Message> => {
    if (_codec == null) {
      _codec = message<Message>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.wantlist != null) {
          w.uint32(10)
          WantList.codec().encode(obj.wantlist, w)
        }

        if (obj.payload != null && obj.payload.length > 0) {
          for (const value of obj.payload) {
            w.uint32(26)
            BlockDelivery.codec().encode(value, w)
          }
        }

        if (obj.blockPresences != null && obj.blockPresences.length > 0) {
          for (const value of obj.blockPresences) {
            w.uint32(34)
            BlockPresence.codec().encode(value, w)
          }
        }

        if (obj.pendingBytes != null) {
          w.uint32(40)
          w.uint64Number(obj.pendingBytes)
        }

        if (obj.account != null) {
          w.uint32(50)
          AccountMessage.codec().encode(obj.account, w)
        }

        if (obj.payment != null) {
          w.uint32(58)
          StateChannelUpdate.codec().encode(obj.payment, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          payload: [],
          blockPresences: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.wantlist = WantList.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.wantlist
              })
              break
            }
            case 3: {
              if (opts.limits?.payload != null && obj.payload.length === opts.limits.payload) {
                throw new MaxLengthError('Decode error - repeated field "payload" had too many elements')
              }

              obj.payload.push(BlockDelivery.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.payload$
              }))
              break
            }
            case 4: {
              if (opts.limits?.blockPresences != null && obj.blockPresences.length === opts.limits.blockPresences) {
                throw new MaxLengthError('Decode error - repeated field "blockPresences" had too many elements')
              }

              obj.blockPresences.push(BlockPresence.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.blockPresences$
              }))
              break
            }
            case 5: {
              obj.pendingBytes = reader.uint64Number()
              break
            }
            case 6: {
              obj.account = AccountMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.account
              })
              break
            }
            case 7: {
              obj.payment = StateChannelUpdate.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.payment
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

  export function encode (obj: Partial<Message>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Message.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Message {
    return decodeMessage(buf, Message.codec(), opts)
  }
}

export interface BlockAddress {
  leaf?: boolean
  treeCid?: Uint8Array<ArrayBuffer>
  index?: number
  cid?: Uint8Array<ArrayBuffer>
}

export namespace BlockAddress {
  let _codec: Codec<BlockAddress>

  export const codec = (): Codec<BlockAddress> => {
    if (_codec == null) {
      _codec = message<BlockAddress>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.leaf != null) {
          w.uint32(8)
          w.bool(obj.leaf)
        }

        if (obj.treeCid != null) {
          w.uint32(18)
          w.bytes(obj.treeCid)
        }

        if (obj.index != null) {
          w.uint32(24)
          w.uint64Number(obj.index)
        }

        if (obj.cid != null) {
          w.uint32(34)
          w.bytes(obj.cid)
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
              obj.leaf = reader.bool()
              break
            }
            case 2: {
              obj.treeCid = reader.bytes()
              break
            }
            case 3: {
              obj.index = reader.uint64Number()
              break
            }
            case 4: {
              obj.cid = reader.bytes()
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

  export function encode (obj: Partial<BlockAddress>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlockAddress.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockAddress>): BlockAddress {
    return decodeMessage(buf, BlockAddress.codec(), opts)
  }
}

export interface WantListEntry {
  address?: BlockAddress
  priority?: number
  cancel?: boolean
  wantType?: number
  sendDontHave?: boolean
}

export namespace WantListEntry {
  let _codec: Codec<WantListEntry>

  export const codec = (): Codec<WantListEntry> => {
    if (_codec == null) {
      _codec = message<WantListEntry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.address != null) {
          w.uint32(10)
          BlockAddress.codec().encode(obj.address, w)
        }

        if (obj.priority != null) {
          w.uint32(16)
          w.int32(obj.priority)
        }

        if (obj.cancel != null) {
          w.uint32(24)
          w.bool(obj.cancel)
        }

        if (obj.wantType != null) {
          w.uint32(32)
          w.uint32(obj.wantType)
        }

        if (obj.sendDontHave != null) {
          w.uint32(40)
          w.bool(obj.sendDontHave)
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
              obj.address = BlockAddress.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.address
              })
              break
            }
            case 2: {
              obj.priority = reader.int32()
              break
            }
            case 3: {
              obj.cancel = reader.bool()
              break
            }
            case 4: {
              obj.wantType = reader.uint32()
              break
            }
            case 5: {
              obj.sendDontHave = reader.bool()
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

  export function encode (obj: Partial<WantListEntry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, WantListEntry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WantListEntry>): WantListEntry {
    return decodeMessage(buf, WantListEntry.codec(), opts)
  }
}

export interface WantList {
  entries: WantListEntry[]
  full?: boolean
}

export namespace WantList {
  let _codec: Codec<WantList>

  export const codec = (): Codec<WantList> => {
    if (_codec == null) {
      _codec = message<WantList>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.entries != null && obj.entries.length > 0) {
          for (const value of obj.entries) {
            w.uint32(10)
            WantListEntry.codec().encode(value, w)
          }
        }

        if (obj.full != null) {
          w.uint32(16)
          w.bool(obj.full)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          entries: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.entries != null && obj.entries.length === opts.limits.entries) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              obj.entries.push(WantListEntry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.entries$
              }))
              break
            }
            case 2: {
              obj.full = reader.bool()
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

  export function encode (obj: Partial<WantList>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, WantList.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WantList>): WantList {
    return decodeMessage(buf, WantList.codec(), opts)
  }
}

export interface BlockDelivery {
  cid?: Uint8Array<ArrayBuffer>
  data?: Uint8Array<ArrayBuffer>
  address?: BlockAddress
  proof?: Uint8Array<ArrayBuffer>
}

export namespace BlockDelivery {
  let _codec: Codec<BlockDelivery>

  export const codec = (): Codec<BlockDelivery> => {
    if (_codec == null) {
      _codec = message<BlockDelivery>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.cid != null) {
          w.uint32(10)
          w.bytes(obj.cid)
        }

        if (obj.data != null) {
          w.uint32(18)
          w.bytes(obj.data)
        }

        if (obj.address != null) {
          w.uint32(26)
          BlockAddress.codec().encode(obj.address, w)
        }

        if (obj.proof != null) {
          w.uint32(34)
          w.bytes(obj.proof)
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
              obj.cid = reader.bytes()
              break
            }
            case 2: {
              obj.data = reader.bytes()
              break
            }
            case 3: {
              obj.address = BlockAddress.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.address
              })
              break
            }
            case 4: {
              obj.proof = reader.bytes()
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

  export function encode (obj: Partial<BlockDelivery>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlockDelivery.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockDelivery>): BlockDelivery {
    return decodeMessage(buf, BlockDelivery.codec(), opts)
  }
}

export interface BlockPresence {
  address?: BlockAddress
  type?: number
  price?: Uint8Array<ArrayBuffer>
}

export namespace BlockPresence {
  let _codec: Codec<BlockPresence>

  export const codec = (): Codec<BlockPresence> => {
    if (_codec == null) {
      _codec = message<BlockPresence>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.address != null) {
          w.uint32(10)
          BlockAddress.codec().encode(obj.address, w)
        }

        if (obj.type != null) {
          w.uint32(16)
          w.uint32(obj.type)
        }

        if (obj.price != null) {
          w.uint32(26)
          w.bytes(obj.price)
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
              obj.address = BlockAddress.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.address
              })
              break
            }
            case 2: {
              obj.type = reader.uint32()
              break
            }
            case 3: {
              obj.price = reader.bytes()
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

  export function encode (obj: Partial<BlockPresence>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlockPresence.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockPresence>): BlockPresence {
    return decodeMessage(buf, BlockPresence.codec(), opts)
  }
}

export interface AccountMessage {
  address?: Uint8Array<ArrayBuffer>
}

export namespace AccountMessage {
  let _codec: Codec<AccountMessage>

  export const codec = (): Codec<AccountMessage> => {
    if (_codec == null) {
      _codec = message<AccountMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.address != null) {
          w.uint32(10)
          w.bytes(obj.address)
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
              obj.address = reader.bytes()
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

  export function encode (obj: Partial<AccountMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AccountMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AccountMessage>): AccountMessage {
    return decodeMessage(buf, AccountMessage.codec(), opts)
  }
}

export interface StateChannelUpdate {
  update?: Uint8Array<ArrayBuffer>
}

export namespace StateChannelUpdate {
  let _codec: Codec<StateChannelUpdate>

  export const codec = (): Codec<StateChannelUpdate> => {
    if (_codec == null) {
      _codec = message<StateChannelUpdate>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.update != null) {
          w.uint32(10)
          w.bytes(obj.update)
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
              obj.update = reader.bytes()
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

  export function encode (obj: Partial<StateChannelUpdate>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StateChannelUpdate.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateChannelUpdate>): StateChannelUpdate {
    return decodeMessage(buf, StateChannelUpdate.codec(), opts)
  }
}
