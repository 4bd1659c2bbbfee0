import { expect } from 'aegir/chai'
import { ProtocolError } from '../../src/index.ts'
import { encodeMessage, wantMessages } from '../../src/wire/codex/encode.ts'
import { CODEX_PROTOCOL } from '../../src/wire/codex/protocol.ts'
import { FrameDecoder, frame } from '../../src/wire/framing.ts'
import { BLOCK, events, onNetwork, seed } from '../api/network.ts'
import type { ByteStream } from '../../src/interfaces.ts'

describe('a peer that breaks the protocol', () => {
  it('is left alone for `banTime`, also when it comes back, then heard again', async () => {
    await onNetwork(async net => {
      const banTime = 60_000
      const node = await net.add({ limits: { banTime } })
      const { cid } = await seed(node, BLOCK)
      const bans = events(node, 'codex:peer:ban')
      const raw = net.transports.addPeer()
      const answers: Uint8Array[] = []
      const onStream = (stream: ByteStream): void => {
        const decoder = new FrameDecoder({ limit: () => Infinity, onMessage: message => { answers.push(message) } })
        stream.read({ onData: bytes => { decoder.push(bytes) }, onEnd () {} })
      }
      await raw.register(CODEX_PROTOCOL, { onConnect () {}, onDisconnect () {}, onStream })
      const say = async (...messages: Uint8Array[]): Promise<void> => {
        await raw.connect(node.transport.peerId)
        const stream = await raw.openStream(node.transport.peerId, CODEX_PROTOCOL)
        stream.read({ onData () {}, onEnd () {} })
        messages.forEach(message => { stream.send(frame(message)) })
        await net.sleep(1_000)
      }
      const [question] = wantMessages(cid, [{ start: 0, end: 1 }], 'have', () => true)

      await say(question)
      expect(answers).to.have.length(1)

      await say(encodeMessage({ wantlist: { entries: [{}] } }))
      expect(bans.map(({ peer, error }) => [peer, error.name])).to.deep.equal([[raw.peer, ProtocolError.name]])
      expect(node.codex.stats().sizes.bans).to.equal(1)

      raw.disconnect(node.transport.peerId)
      await net.sleep(1_000)
      await say(question).catch(() => {})
      expect(answers).to.have.length(1)

      raw.disconnect(node.transport.peerId)
      await net.sleep(banTime)
      await say(question)
      expect(answers).to.have.length(2)
      expect(bans).to.have.length(1)
      raw.stop()
    })
  })
})
