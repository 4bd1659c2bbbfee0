/** A slow download, for tests of how it ends. */
import { getEventListeners } from 'node:events'
import { expect } from 'aegir/chai'
import { KiB } from '../../src/constants.ts'
import { held, seed, BLOCK } from './network.ts'
import type { TestFile, TestNetwork, TestNode } from './network.ts'
import type { Download } from '../../src/index.ts'

export const BLOCKS = 200

/** A seeder that takes two seconds to send a file, and a reader. */
export async function pair (net: TestNetwork): Promise<{ seeder: TestNode, reader: TestNode, file: TestFile }> {
  const seeder = await net.add({ conditions: { upload: 400 * KiB, latency: 20 } })
  const file = await seed(seeder, BLOCKS * BLOCK)

  return { seeder, file, reader: await net.add({ conditions: { latency: 20 } }) }
}

/** Reads until the end; `sleep` between two chunks. */
export async function read (download: Download, sleep = async (): Promise<void> => {}): Promise<number> {
  let bytes = 0

  for await (const chunk of download) {
    bytes += chunk.byteLength
    await sleep()
  }

  return bytes
}

/** The reader has let everything go, and the seeder sends no more than is on its way. */
export async function expectLetGo (net: TestNetwork, reader: TestNode, seeder: TestNode, signal?: AbortSignal): Promise<void> {
  await net.sleep(300)
  expect(held(reader.codex)).to.deep.equal({})
  const served = seeder.codex.stats().served.blocks
  await net.sleep(5_000)
  expect(seeder.codex.stats().served.blocks).to.equal(served).and.be.below(BLOCKS)

  if (signal != null) {
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  }
}
