/** The bytes by WebTorrent over TCP: pieces of 256 KiB, stores in memory. It neither encrypts nor looks for peers here. */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import MemoryChunkStore from 'memory-chunk-store'
import WebTorrent from 'webtorrent'
import { seededContent } from '../../dist/src/testing/corpus.js'

const PIECE = 262_144
const CLIENT = { dht: false, tracker: false, lsd: false, utp: false, webSeeds: false, natUpnp: false, natPmp: false, utPex: false }

export const contender = {
  async seed (size) {
    const client = new WebTorrent(CLIENT)
    const bytes = Buffer.from(seededContent(1)(size).buffer)
    const torrent = client.seed(bytes, { name: 'bytes', pieceLength: PIECE, store: MemoryChunkStore, announceList: [] })
    await once(torrent, 'seed')

    return { file: Buffer.from(torrent.torrentFile).toString('base64'), address: `127.0.0.1:${client.torrentPort}` }
  },

  async connect ({ file, address }) {
    const client = new WebTorrent(CLIENT)
    const torrent = client.add(Buffer.from(file, 'base64'), { store: MemoryChunkStore, deselect: true, announce: [] })
    await once(torrent, 'ready')
    torrent.addPeer(address)
    await once(torrent, 'wire')

    return async took => {
      for await (const bytes of torrent.files[0]) {
        took(bytes.byteLength)
      }
    }
  }
}
