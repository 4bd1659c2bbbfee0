import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'aegir/chai'
import { CHECKS } from './checks/index.ts'
import { runVectors } from './run-vectors.ts'

const golden = fileURLToPath(new URL('./vectors', import.meta.url))

describe('the vectors command', () => {
  let folder: string
  let lines: string[]

  const run = async (from: string): Promise<boolean> => runVectors(from, line => lines.push(line))

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vectors-'))
    lines = []
  })

  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it('says how much it checked, of each file that there is', async () => {
    const files = Object.keys(CHECKS).filter(file => file !== 'leopard.json')
    await Promise.all(files.map(async file => copyFile(path.join(golden, file), path.join(folder, file))))

    expect(await run(folder)).to.equal(true)
    expect(lines).to.have.lengthOf(files.length)
    lines.forEach(line => expect(line).to.match(/^\w+\.json: \d+ checks$/))
  })

  it('fails on a folder without vectors', async () => {
    expect(await run(folder)).to.equal(false)
    expect(lines).to.have.lengthOf(1)
  })

  it('skips what is not there', async () => {
    await writeFile(path.join(folder, 'manifests.json'), await readFile(path.join(golden, 'manifests.json')))

    expect(await run(folder)).to.equal(true)
    expect(lines).to.have.lengthOf(1)
  })

  it('fails on a file with nothing in it', async () => {
    await writeFile(path.join(folder, 'manifests.json'), '{"entries": []}')

    expect(await run(folder)).to.equal(false)
  })

  const changes: Array<[file: string, from: RegExp, to: string]> = [
    ['manifests.json', /"datasetSize":131072/, '"datasetSize":131071'],
    ['manifests.json', /"filename":null/, '"filename":"a"'],
    ['manifests.json', /"fileSha256":"./, '"fileSha256":"'],
    ['merkletrees.json', /"verifies":true/, '"verifies":false'],
    ['merkletrees.json', /"treeEncodedHex":"08/, '"treeEncodedHex":"09'],
    ['merkletrees.json', /"levels":5/, '"levels":6'],
    ['erasure.json', /"ecM":10/, '"ecM":11'],
    ['erasure.json', /"cellSize":2048/, '"cellSize":2047'],
    ['erasure.json', /"originalBlocks":300/, '"originalBlocks":299'],
    ['erasure.json', /"steps":4/, '"steps":5'],
    ['blockexc_messages.json', /"dataHex":"05/, '"dataHex":"06']
  ]

  const runAltered = async (file: string, from: RegExp, to: string): Promise<void> => {
    const text = await readFile(path.join(golden, file), 'utf8')

    expect(text).to.match(from)
    await writeFile(path.join(folder, file), text.replace(from, to))

    expect(await run(folder)).to.equal(false)
    expect(lines[0]).to.match(/FAILED/)
  }

  // of a small code, so that it takes a moment
  const small = { k: 4, m: 2, bytes: 64, field: 'ff8', encodeResult: 0, encodeWorkCount: 4, decodeWorkCount: 8 }
  const results: Array<[what: string, json: object]> = [
    ['the field of a code', { cases: [{ ...small, field: 'ff16' }] }],
    ['what is refused', { cases: [{ ...small, encodeResult: -4 }] }],
    ['the work of encoding', { cases: [{ ...small, encodeWorkCount: 5 }] }],
    ['the work of decoding', { errors: [{ call: 'work_counts(4,2)', encode: 4, decode: 9 }] }],
    ['what decoding refuses', { errors: [{ call: 'leo_decode(64,4,2) 2 lost, 1 parity', result: 0 }] }]
  ]

  const runWrong = async (json: object): Promise<void> => {
    await writeFile(path.join(folder, 'leopard.json'), JSON.stringify(json))

    expect(await run(folder)).to.equal(false)
    expect(lines[0]).to.match(/is .*, should be/)
  }

  for (const [what, json] of results) {
    it(`finds a change in leopard.json of ${what}`, async () => { await runWrong(json) })
  }

  it('takes a part of leopard.json', async () => {
    await writeFile(path.join(folder, 'leopard.json'), JSON.stringify({ cases: [small] }))

    expect(await run(folder)).to.equal(true)
    expect(lines).to.deep.equal(['leopard.json: 4 checks'])
  })

  for (const [file, from, to] of changes) {
    it(`finds ${to} in ${file}`, async () => { await runAltered(file, from, to) })
  }
})
