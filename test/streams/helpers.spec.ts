import { Readable } from 'node:stream'
import { expect } from 'aegir/chai'
import { concat } from 'uint8arrays/concat'
import { KiB, MiB } from '../../src/constants.ts'
import { collect, toBlob, TooLargeError, toReadableStream } from '../../src/index.ts'
import { BLOCK, failure, held, onNetwork, seed } from '../api/network.ts'
import type { TestFile, TestNetwork, TestNode } from '../api/network.ts'

const BLOCKS = 200
const WINDOW = 10

async function fileOf (net: TestNetwork, upload = Infinity): Promise<{ seeder: TestNode, reader: TestNode, file: TestFile }> {
  const seeder = await net.add({ conditions: { upload } })

  return { seeder, file: await seed(seeder, BLOCKS * BLOCK), reader: await net.add() }
}

/** Blocks that came, data alone. */
function came ({ codex }: TestNode): number {
  const { used, late, duplicate } = codex.stats()

  return used.blocks + late.blocks + duplicate.blocks - 1
}

describe('toReadableStream', () => {
  it('gives the bytes of a download', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const download = reader.codex.download(file.cid)
      const response = new Response(toReadableStream(download))

      expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(file.content)
      expect(await download.done).to.have.property('bytes', BLOCKS * BLOCK)
    })
  })

  it('takes nothing until it is read, and no more than its window then', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const stream = toReadableStream(reader.codex.download(file.cid, { readAheadBytes: WINDOW * BLOCK }))
      await net.sleep(10_000)
      expect(held(reader.codex)).to.deep.equal({})
      const streamReader = stream.getReader()

      for (let taken = 1; taken < 50; taken++) {
        expect((await streamReader.read()).value).to.have.property('byteLength', BLOCK)
        await net.sleep(1_000)
        expect(came(reader)).to.be.at.most(taken + WINDOW)
      }

      await streamReader.cancel()
    })
  })

  for (const [when, ms] of [['before it is read', 0], ['while it waits', 20], ['while bytes come', 600]] as Array<[string, number]>) {
    it(`ends the download when it is cancelled ${when}`, async () => {
      await onNetwork(async net => {
        const { reader, file } = await fileOf(net, 100 * KiB)
        const download = reader.codex.download(file.cid)
        const stream = toReadableStream(download)
        const streamReader = stream.getReader()

        if (ms > 0) {
          void streamReader.read()
          await net.sleep(ms)
          expect(held(reader.codex)).to.have.property('downloads', 1)
        }

        const cancelledAt = net.clock.now()
        await streamReader.cancel()

        expect(net.clock.now()).to.equal(cancelledAt)
        expect(await failure(download.done)).to.have.property('name', 'AbortError')
        await net.sleep(1_000)
        expect(held(reader.codex)).to.deep.equal({})
      })
    })
  }

  it('fails with what the download fails with', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const download = reader.codex.download(file.cid, { offline: true })
      const err = await failure(toReadableStream(download).getReader().read())

      expect(err).to.equal(await failure(download.done))
    })
  })
})

describe('toBlob', () => {
  it('gathers a download', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const blob = await toBlob(reader.codex.download(file.cid), { type: 'text/plain' })

      expect(blob.type).to.equal('text/plain')
      expect(new Uint8Array(await blob.arrayBuffer())).to.deep.equal(file.content)
    })
  })
})

describe('collect', () => {
  it('gathers as many bytes as it may', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)

      expect(await collect(reader.codex.download(file.cid), { max: BLOCKS * BLOCK })).to.deep.equal(file.content)
    })
  })

  it('reads nothing without being told how many', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)

      // as plain JavaScript may call it
      expect(await failure((collect as (download: unknown) => Promise<unknown>)(reader.codex.download(file.cid)))).to.have.property('name', 'InvalidParametersError')
      expect(came(reader)).to.equal(-1)
    })
  })

  it('ends the download as soon as there are more', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net, 100 * KiB)
      const download = reader.codex.download(file.cid)

      expect(await failure(collect(download, { max: 5 * BLOCK }))).to.have.property('name', TooLargeError.name)
      expect(await failure(download.done)).to.have.property('name', 'AbortError')
      await net.sleep(1_000)
      expect(held(reader.codex)).to.deep.equal({})
      expect(came(reader)).to.be.below(BLOCKS)
    })
  })
})

describe('Readable.from', () => {
  it('gives the bytes of a download', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const chunks: Uint8Array[] = []

      for await (const chunk of Readable.from(reader.codex.download(file.cid))) {
        chunks.push(chunk as Uint8Array)
      }

      expect(concat(chunks)).to.deep.equal(file.content)
    })
  })

  it('has backpressure: a slow consumer holds the window', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const readable = Readable.from(reader.codex.download(file.cid, { readAheadBytes: WINDOW * BLOCK }), { highWaterMark: 2 })
      let taken = 0

      for await (const chunk of readable) {
        taken += (chunk as Uint8Array).byteLength / BLOCK
        await net.sleep(500)
        // what Node holds by itself, and what the download holds
        expect(came(reader) - taken).to.be.at.most(2 + 1 + WINDOW)
      }

      expect(taken).to.equal(BLOCKS)
    })
  })

  for (const [when, ms] of [['waits for the first byte', 20], ['flows', 1_500]] as Array<[string, number]>) {
    it(`ends the download when it is destroyed while it ${when}`, async () => {
      await onNetwork(async net => {
        const { reader, file } = await fileOf(net, 100 * KiB)
        const download = reader.codex.download(file.cid, { stallTimeout: 10 * 60_000 })
        const readable = Readable.from(download)
        readable.on('data', () => {})
        await net.sleep(ms)
        const closed = new Promise(resolve => { readable.on('close', resolve) })
        const destroyedAt = net.clock.now()
        readable.destroy()
        await closed

        expect(net.clock.now()).to.equal(destroyedAt)
        expect(await failure(download.done)).to.have.property('name', 'AbortError')
        await net.sleep(1_000)
        expect(held(reader.codex)).to.deep.equal({})
      })
    })
  }

  it('fails with what the download fails with', async () => {
    await onNetwork(async net => {
      const { reader, file } = await fileOf(net)
      const download = reader.codex.download(file.cid, { offline: true })
      const err = await failure(collect(Readable.from(download), { max: MiB }))

      expect(err).to.equal(await failure(download.done))
    })
  })
})
