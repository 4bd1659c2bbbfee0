import { once } from 'node:events'
import { connect } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { addressLimit } from '../../src/node/address-limit.ts'
import { createNode } from '../../src/node/index.ts'
import { withTempDir } from '../temp-dir.ts'
import type { MultiaddrConnection } from '@libp2p/interface'

function connectionFrom (address: string): MultiaddrConnection {
  return Object.assign(new EventTarget(), { remoteAddr: multiaddr(`/ip4/${address}/tcp/1234`) }) as unknown as MultiaddrConnection
}

describe('addressLimit', () => {
  it('denies an address more connections than it may have, and counts those that are gone no more', async () => {
    const { denyInboundConnection: denies } = addressLimit(2)
    const first = connectionFrom('192.0.2.1')

    expect([first, connectionFrom('192.0.2.1'), connectionFrom('192.0.2.1')].map(connection => denies?.(connection))).to.deep.equal([false, false, true])
    expect(denies?.(connectionFrom('192.0.2.2'))).to.be.false()

    first.dispatchEvent(new Event('close'))
    expect([1, 2].map(() => denies?.(connectionFrom('192.0.2.1')))).to.deep.equal([false, true])
  })
})

describe('a node', () => {
  it('is reached while others leave their handshakes half done', async () => {
    await withTempDir(async dir => {
      const node = await createNode({ dataDir: `${dir}/a`, listen: ['/ip4/127.0.0.1/tcp/0'] })
      const [, , , , port] = node.addresses()[0].toString().split('/')
      const sockets = Array.from({ length: 40 }, () => connect(Number(port), '127.0.0.1'))

      for (const socket of sockets) {
        socket.on('error', () => {})
      }

      try {
        await Promise.all(sockets.map(async socket => once(socket, 'connect')))
        const other = await createNode({ dataDir: `${dir}/b`, listen: [] })

        try {
          const { remotePeer } = await other.libp2p.dial(node.addresses()[0])
          expect(remotePeer.equals(node.libp2p.peerId)).to.be.true()
        } finally {
          await other.stop()
        }
      } finally {
        sockets.forEach(socket => { socket.destroy() })
        await node.stop()
      }
    })
  })
})
