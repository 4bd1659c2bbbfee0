import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { KiB, MiB } from '../../src/constants.ts'
import { ProtocolError } from '../../src/errors.ts'
import { frame, FrameDecoder } from '../../src/wire/framing.ts'

interface Recorded {
  decoder: FrameDecoder
  messages: Uint8Array[]
  /** How often the limit was asked for. */
  asked: number
}

function record (limit: () => number, unaskedBytes?: number): Recorded {
  const recorded: Recorded = {
    messages: [],
    asked: 0,
    decoder: new FrameDecoder({
      limit: () => {
        recorded.asked++
        return limit()
      },
      unaskedBytes,
      onMessage: message => { recorded.messages.push(message) }
    })
  }

  return recorded
}

/** Cuts bytes in pieces of the given lengths, in turns, some of them lists. */
function cut (bytes: Uint8Array, lengths: number[]): Array<Uint8Array | Uint8ArrayList> {
  const pieces: Array<Uint8Array | Uint8ArrayList> = []

  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const length = lengths[i % lengths.length]
    const piece = bytes.subarray(at, at + length)
    const half = length >>> 1
    pieces.push(i % 2 === 0 ? piece : new Uint8ArrayList(piece.subarray(0, half), piece.subarray(half)))
    at += length
  }

  return pieces
}

describe('wire/framing', () => {
  it('puts an unsigned varint before a message', () => {
    expect([...frame(new Uint8Array(300)).subarray(0, 3)]).to.deep.equal([0xac, 0x02, 0])
    expect([...frame(new Uint8Array(0)).subarray()]).to.deep.equal([0])
  })

  it('gives the same messages however the stream is cut', () => {
    fc.assert(fc.property(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }),
      (sent, lengths) => {
        const recorded = record(() => 400)
        const { decoder, messages } = recorded
        const stream = concat(sent.map(message => frame(message).subarray()))
        cut(stream, lengths).forEach(piece => { decoder.push(piece) })

        expect(messages.map(message => [...message])).to.deep.equal(sent.map(message => [...message]))
        expect(decoder.pendingBytes).to.equal(0)
        expect(recorded.asked).to.equal(sent.length)
      }
    ))
  })

  it('gives each message memory of its own, of just its length', () => {
    const { decoder, messages } = record(() => 100)
    const stream = concat([frame(Uint8Array.of(1, 2, 3)).subarray(), frame(Uint8Array.of(4)).subarray()])
    decoder.push(stream)
    stream.fill(0)

    expect(messages.map(message => [...message])).to.deep.equal([[1, 2, 3], [4]])
    expect(messages.map(message => message.buffer.byteLength)).to.deep.equal([3, 1])
  })

  it('takes a message that comes byte by byte', () => {
    const { decoder, messages } = record(() => 100_000)
    const message = new Uint8Array(100_000).map((_, i) => i * 7)

    for (const byte of frame(message).subarray()) {
      decoder.push(Uint8Array.of(byte))
    }

    expect(messages).to.have.length(1)
    expect(Buffer.compare(messages[0], message)).to.equal(0)
  })

  it('asks for the limit once a message, and takes what is at the limit', () => {
    let limit = 2
    const recorded = record(() => limit++)
    recorded.decoder.push(concat([frame(new Uint8Array(2)).subarray(), frame(new Uint8Array(3)).subarray()]))

    expect(recorded.asked).to.equal(2)
    expect(recorded.messages.map(({ byteLength }) => byteLength)).to.deep.equal([2, 3])
  })

  it('refuses a message above the limit as soon as its length is here, and takes no memory for it', () => {
    const { decoder, messages } = record(() => 1_000)
    const length = frame(new Uint8Array(1_001)).subarray(0, 2)
    decoder.push(length.subarray(0, 1))

    expect(() => { decoder.push(length.subarray(1)) }).to.throw('A message of 1001 bytes is above the limit of 1000')
      .with.property('name', ProtocolError.name)
    expect(decoder.pendingBytes).to.equal(0)
    expect(messages).to.be.empty()
  })

  it('takes memory for a message as it comes, not as it is announced', () => {
    const { decoder, messages } = record(() => MiB)
    const message = new Uint8Array(MiB).map((_, i) => i * 7)
    const stream = frame(message).subarray()

    for (let at = 0; at < stream.byteLength; at += 1_000) {
      decoder.push(stream.subarray(at, at + 1_000))
      expect(decoder.heldBytes).to.be.at.most(Math.max(4 * KiB, 8 * (at + 1_000)))
    }

    expect(Buffer.compare(messages[0], message)).to.equal(0)
    expect(decoder.heldBytes).to.equal(0)
  })

  it('takes it at once for one that is longer than any that was not asked for', () => {
    const { decoder, messages } = record(() => MiB, 4 * KiB)
    const stream = frame(new Uint8Array(MiB)).subarray()
    decoder.push(stream.subarray(0, 100))
    expect(decoder.heldBytes).to.equal(MiB)
    decoder.push(stream.subarray(100))
    expect(messages[0].byteLength).to.equal(MiB)
  })

  it('tells the length of the message under way', () => {
    const { decoder } = record(() => 1_000)
    decoder.push(Uint8Array.of(0xe8, 0x07, 1))

    expect(decoder.pendingBytes).to.equal(1_000)
  })

  for (const [what, bytes] of [
    ['of more than five bytes', [0x80, 0x80, 0x80, 0x80, 0x80]],
    ['that is beyond 32 bits', [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['with needless bytes', [0x85, 0x00]]
  ] as const) {
    it(`refuses a length ${what}`, () => {
      const { decoder } = record(() => 2 ** 31)

      expect(() => { decoder.push(Uint8Array.from(bytes)) }).to.throw().with.property('name', ProtocolError.name)
    })
  }
})
