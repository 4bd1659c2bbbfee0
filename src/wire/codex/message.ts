import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
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
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          payload: 0,
          blockPresences: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * WantList.codec().stream(reader, reader.uint32(), `${prefix}.wantlist`, {
                limits: opts.limits?.wantlist
              })

              break
            }
            case 3: {
              if (opts.limits?.payload != null && obj.payload === opts.limits.payload) {
                throw new MaxLengthError('Streaming decode error - repeated field "payload" had too many elements')
              }

              for (const evt of BlockDelivery.codec().stream(reader, reader.uint32(), `${prefix}.payload[]`, {
                limits: opts.limits?.payload$
              })) {
                yield {
                  ...evt,
                  index: obj.payload
                }
              }

              obj.payload++

              break
            }
            case 4: {
              if (opts.limits?.blockPresences != null && obj.blockPresences === opts.limits.blockPresences) {
                throw new MaxLengthError('Streaming decode error - repeated field "blockPresences" had too many elements')
              }

              for (const evt of BlockPresence.codec().stream(reader, reader.uint32(), `${prefix}.blockPresences[]`, {
                limits: opts.limits?.blockPresences$
              })) {
                yield {
                  ...evt,
                  index: obj.blockPresences
                }
              }

              obj.blockPresences++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.pendingBytes`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield * AccountMessage.codec().stream(reader, reader.uint32(), `${prefix}.account`, {
                limits: opts.limits?.account
              })

              break
            }
            case 7: {
              yield * StateChannelUpdate.codec().stream(reader, reader.uint32(), `${prefix}.payment`, {
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
      })
    }

    return _codec
  }

  export interface MessageWantlistEntriesAddressLeafFieldEvent {
    field: '$.wantlist.entries[].address.leaf'
    value: boolean
    index: number
  }

  export interface MessageWantlistEntriesAddressTreeCidFieldEvent {
    field: '$.wantlist.entries[].address.treeCid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessageWantlistEntriesAddressIndexFieldEvent {
    field: '$.wantlist.entries[].address.index'
    value: number
    index: number
  }

  export interface MessageWantlistEntriesAddressCidFieldEvent {
    field: '$.wantlist.entries[].address.cid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessageWantlistEntriesPriorityFieldEvent {
    field: '$.wantlist.entries[].priority'
    value: number
    index: number
  }

  export interface MessageWantlistEntriesCancelFieldEvent {
    field: '$.wantlist.entries[].cancel'
    value: boolean
    index: number
  }

  export interface MessageWantlistEntriesWantTypeFieldEvent {
    field: '$.wantlist.entries[].wantType'
    value: number
    index: number
  }

  export interface MessageWantlistEntriesSendDontHaveFieldEvent {
    field: '$.wantlist.entries[].sendDontHave'
    value: boolean
    index: number
  }

  export interface MessageWantlistFullFieldEvent {
    field: '$.wantlist.full'
    value: boolean
  }

  export interface MessagePayloadCidFieldEvent {
    field: '$.payload[].cid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessagePayloadDataFieldEvent {
    field: '$.payload[].data'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessagePayloadAddressLeafFieldEvent {
    field: '$.payload[].address.leaf'
    value: boolean
    index: number
  }

  export interface MessagePayloadAddressTreeCidFieldEvent {
    field: '$.payload[].address.treeCid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessagePayloadAddressIndexFieldEvent {
    field: '$.payload[].address.index'
    value: number
    index: number
  }

  export interface MessagePayloadAddressCidFieldEvent {
    field: '$.payload[].address.cid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessagePayloadProofFieldEvent {
    field: '$.payload[].proof'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessageBlockPresencesAddressLeafFieldEvent {
    field: '$.blockPresences[].address.leaf'
    value: boolean
    index: number
  }

  export interface MessageBlockPresencesAddressTreeCidFieldEvent {
    field: '$.blockPresences[].address.treeCid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessageBlockPresencesAddressIndexFieldEvent {
    field: '$.blockPresences[].address.index'
    value: number
    index: number
  }

  export interface MessageBlockPresencesAddressCidFieldEvent {
    field: '$.blockPresences[].address.cid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessageBlockPresencesTypeFieldEvent {
    field: '$.blockPresences[].type'
    value: number
    index: number
  }

  export interface MessageBlockPresencesPriceFieldEvent {
    field: '$.blockPresences[].price'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface MessagePendingBytesFieldEvent {
    field: '$.pendingBytes'
    value: number
  }

  export interface MessageAccountAddressFieldEvent {
    field: '$.account.address'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessagePaymentUpdateFieldEvent {
    field: '$.payment.update'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Message>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Message.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Message {
    return decodeMessage(buf, Message.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Generator<MessageWantlistEntriesAddressLeafFieldEvent | MessageWantlistEntriesAddressTreeCidFieldEvent | MessageWantlistEntriesAddressIndexFieldEvent | MessageWantlistEntriesAddressCidFieldEvent | MessageWantlistEntriesPriorityFieldEvent | MessageWantlistEntriesCancelFieldEvent | MessageWantlistEntriesWantTypeFieldEvent | MessageWantlistEntriesSendDontHaveFieldEvent | MessageWantlistFullFieldEvent | MessagePayloadCidFieldEvent | MessagePayloadDataFieldEvent | MessagePayloadAddressLeafFieldEvent | MessagePayloadAddressTreeCidFieldEvent | MessagePayloadAddressIndexFieldEvent | MessagePayloadAddressCidFieldEvent | MessagePayloadProofFieldEvent | MessageBlockPresencesAddressLeafFieldEvent | MessageBlockPresencesAddressTreeCidFieldEvent | MessageBlockPresencesAddressIndexFieldEvent | MessageBlockPresencesAddressCidFieldEvent | MessageBlockPresencesTypeFieldEvent | MessageBlockPresencesPriceFieldEvent | MessagePendingBytesFieldEvent | MessageAccountAddressFieldEvent | MessagePaymentUpdateFieldEvent> {
    return streamMessage(buf, Message.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.leaf`,
                value: reader.bool()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.treeCid`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.index`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.cid`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BlockAddressLeafFieldEvent {
    field: '$.leaf'
    value: boolean
  }

  export interface BlockAddressTreeCidFieldEvent {
    field: '$.treeCid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockAddressIndexFieldEvent {
    field: '$.index'
    value: number
  }

  export interface BlockAddressCidFieldEvent {
    field: '$.cid'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BlockAddress>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlockAddress.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockAddress>): BlockAddress {
    return decodeMessage(buf, BlockAddress.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockAddress>): Generator<BlockAddressLeafFieldEvent | BlockAddressTreeCidFieldEvent | BlockAddressIndexFieldEvent | BlockAddressCidFieldEvent> {
    return streamMessage(buf, BlockAddress.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * BlockAddress.codec().stream(reader, reader.uint32(), `${prefix}.address`, {
                limits: opts.limits?.address
              })

              break
            }
            case 2: {
              yield {
                field: `${prefix}.priority`,
                value: reader.int32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.cancel`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.wantType`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.sendDontHave`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface WantListEntryAddressLeafFieldEvent {
    field: '$.address.leaf'
    value: boolean
  }

  export interface WantListEntryAddressTreeCidFieldEvent {
    field: '$.address.treeCid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WantListEntryAddressIndexFieldEvent {
    field: '$.address.index'
    value: number
  }

  export interface WantListEntryAddressCidFieldEvent {
    field: '$.address.cid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WantListEntryPriorityFieldEvent {
    field: '$.priority'
    value: number
  }

  export interface WantListEntryCancelFieldEvent {
    field: '$.cancel'
    value: boolean
  }

  export interface WantListEntryWantTypeFieldEvent {
    field: '$.wantType'
    value: number
  }

  export interface WantListEntrySendDontHaveFieldEvent {
    field: '$.sendDontHave'
    value: boolean
  }

  export function encode (obj: Partial<WantListEntry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, WantListEntry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WantListEntry>): WantListEntry {
    return decodeMessage(buf, WantListEntry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WantListEntry>): Generator<WantListEntryAddressLeafFieldEvent | WantListEntryAddressTreeCidFieldEvent | WantListEntryAddressIndexFieldEvent | WantListEntryAddressCidFieldEvent | WantListEntryPriorityFieldEvent | WantListEntryCancelFieldEvent | WantListEntryWantTypeFieldEvent | WantListEntrySendDontHaveFieldEvent> {
    return streamMessage(buf, WantListEntry.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          entries: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.entries != null && obj.entries === opts.limits.entries) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              for (const evt of WantListEntry.codec().stream(reader, reader.uint32(), `${prefix}.entries[]`, {
                limits: opts.limits?.entries$
              })) {
                yield {
                  ...evt,
                  index: obj.entries
                }
              }

              obj.entries++

              break
            }
            case 2: {
              yield {
                field: `${prefix}.full`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface WantListEntriesAddressLeafFieldEvent {
    field: '$.entries[].address.leaf'
    value: boolean
    index: number
  }

  export interface WantListEntriesAddressTreeCidFieldEvent {
    field: '$.entries[].address.treeCid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface WantListEntriesAddressIndexFieldEvent {
    field: '$.entries[].address.index'
    value: number
    index: number
  }

  export interface WantListEntriesAddressCidFieldEvent {
    field: '$.entries[].address.cid'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface WantListEntriesPriorityFieldEvent {
    field: '$.entries[].priority'
    value: number
    index: number
  }

  export interface WantListEntriesCancelFieldEvent {
    field: '$.entries[].cancel'
    value: boolean
    index: number
  }

  export interface WantListEntriesWantTypeFieldEvent {
    field: '$.entries[].wantType'
    value: number
    index: number
  }

  export interface WantListEntriesSendDontHaveFieldEvent {
    field: '$.entries[].sendDontHave'
    value: boolean
    index: number
  }

  export interface WantListFullFieldEvent {
    field: '$.full'
    value: boolean
  }

  export function encode (obj: Partial<WantList>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, WantList.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WantList>): WantList {
    return decodeMessage(buf, WantList.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WantList>): Generator<WantListEntriesAddressLeafFieldEvent | WantListEntriesAddressTreeCidFieldEvent | WantListEntriesAddressIndexFieldEvent | WantListEntriesAddressCidFieldEvent | WantListEntriesPriorityFieldEvent | WantListEntriesCancelFieldEvent | WantListEntriesWantTypeFieldEvent | WantListEntriesSendDontHaveFieldEvent | WantListFullFieldEvent> {
    return streamMessage(buf, WantList.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.cid`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.data`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield * BlockAddress.codec().stream(reader, reader.uint32(), `${prefix}.address`, {
                limits: opts.limits?.address
              })

              break
            }
            case 4: {
              yield {
                field: `${prefix}.proof`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BlockDeliveryCidFieldEvent {
    field: '$.cid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockDeliveryDataFieldEvent {
    field: '$.data'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockDeliveryAddressLeafFieldEvent {
    field: '$.address.leaf'
    value: boolean
  }

  export interface BlockDeliveryAddressTreeCidFieldEvent {
    field: '$.address.treeCid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockDeliveryAddressIndexFieldEvent {
    field: '$.address.index'
    value: number
  }

  export interface BlockDeliveryAddressCidFieldEvent {
    field: '$.address.cid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockDeliveryProofFieldEvent {
    field: '$.proof'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BlockDelivery>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlockDelivery.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockDelivery>): BlockDelivery {
    return decodeMessage(buf, BlockDelivery.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockDelivery>): Generator<BlockDeliveryCidFieldEvent | BlockDeliveryDataFieldEvent | BlockDeliveryAddressLeafFieldEvent | BlockDeliveryAddressTreeCidFieldEvent | BlockDeliveryAddressIndexFieldEvent | BlockDeliveryAddressCidFieldEvent | BlockDeliveryProofFieldEvent> {
    return streamMessage(buf, BlockDelivery.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * BlockAddress.codec().stream(reader, reader.uint32(), `${prefix}.address`, {
                limits: opts.limits?.address
              })

              break
            }
            case 2: {
              yield {
                field: `${prefix}.type`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.price`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BlockPresenceAddressLeafFieldEvent {
    field: '$.address.leaf'
    value: boolean
  }

  export interface BlockPresenceAddressTreeCidFieldEvent {
    field: '$.address.treeCid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockPresenceAddressIndexFieldEvent {
    field: '$.address.index'
    value: number
  }

  export interface BlockPresenceAddressCidFieldEvent {
    field: '$.address.cid'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlockPresenceTypeFieldEvent {
    field: '$.type'
    value: number
  }

  export interface BlockPresencePriceFieldEvent {
    field: '$.price'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BlockPresence>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlockPresence.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockPresence>): BlockPresence {
    return decodeMessage(buf, BlockPresence.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlockPresence>): Generator<BlockPresenceAddressLeafFieldEvent | BlockPresenceAddressTreeCidFieldEvent | BlockPresenceAddressIndexFieldEvent | BlockPresenceAddressCidFieldEvent | BlockPresenceTypeFieldEvent | BlockPresencePriceFieldEvent> {
    return streamMessage(buf, BlockPresence.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.address`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AccountMessageAddressFieldEvent {
    field: '$.address'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<AccountMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AccountMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AccountMessage>): AccountMessage {
    return decodeMessage(buf, AccountMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AccountMessage>): Generator<AccountMessageAddressFieldEvent> {
    return streamMessage(buf, AccountMessage.codec(), opts)
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
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.update`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StateChannelUpdateUpdateFieldEvent {
    field: '$.update'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<StateChannelUpdate>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StateChannelUpdate.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateChannelUpdate>): StateChannelUpdate {
    return decodeMessage(buf, StateChannelUpdate.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateChannelUpdate>): Generator<StateChannelUpdateUpdateFieldEvent> {
    return streamMessage(buf, StateChannelUpdate.codec(), opts)
  }
}
