import { expect } from 'aegir/chai'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { addressKey, isLeafAddress, standaloneAddress } from '../../src/dataset/block-address.ts'
import { createBlock } from '../../src/dataset/block.ts'
import * as codecs from '../../src/dataset/codecs.ts'
import { InvalidParametersError } from '../../src/errors.ts'
import { hasher } from '../../src/hasher/node.ts'

const digest = hasher.digestNode(Uint8Array.of(1, 2, 3))

describe('codecs', () => {
  it('has the empty block as the digest of no bytes', () => {
    expect(codecs.EMPTY_DIGEST).to.deep.equal(hasher.digestNode(new Uint8Array(0)))
    expect(codecs.formatCid(codecs.EMPTY_CID)).to.equal('zDxWB8EDDsokSpiTXNRpv1jS2LXjEdLgTiDfxFd7Eo8CSPKVj93r')
  })

  it('makes CIDs of three kinds that are told apart', () => {
    const cids = [codecs.manifestCid(digest), codecs.blockCid(digest), codecs.treeCid(digest)]

    expect(cids.map(codecs.isManifestCid)).to.deep.equal([true, false, false])
    expect(cids.map(codecs.isBlockCid)).to.deep.equal([false, true, false])
    expect(cids.map(codecs.isTreeCid)).to.deep.equal([false, false, true])

    for (const cid of cids) {
      expect(cid.version).to.equal(1)
      expect(codecs.digestOf(cid)).to.deep.equal(digest)
    }
  })

  it('refuses digests of another length or hash', () => {
    const cids = [
      CID.createV1(codecs.CODEX_BLOCK, Digest.create(0, digest)),
      CID.createV1(codecs.CODEX_BLOCK, Digest.create(codecs.SHA2_256, digest.subarray(1)))
    ]

    for (const cid of cids) {
      expect(() => codecs.digestOf(cid)).to.throw(InvalidParametersError).with.property('cid', cid)
      expect(codecs.isBlockCid(cid)).to.equal(false)
    }

    expect(() => codecs.blockCid(digest.subarray(1))).to.throw(InvalidParametersError)
  })

  it('reads base58btc and base32, and nothing else', () => {
    const cid = codecs.treeCid(digest)

    expect(codecs.formatCid(cid)).to.match(/^z/)
    expect(codecs.parseCid(codecs.formatCid(cid)).equals(cid)).to.equal(true)
    expect(codecs.parseCid(cid.toString(base32)).equals(cid)).to.equal(true)

    for (const text of ['', 'z', 'zzzz', 'hello', 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n', `z${'2'.repeat(1000)}`]) {
      expect(() => codecs.parseCid(text), text).to.throw(InvalidParametersError)
    }
  })
})

describe('block', () => {
  it('is named by the digest of its bytes', async () => {
    const block = await createBlock(Uint8Array.of(1, 2, 3), hasher)
    const later = await createBlock(Uint8Array.of(1, 2, 3), { ...hasher, digest: async bytes => hasher.digest(bytes) })

    expect(block.cid.equals(codecs.blockCid(digest))).to.equal(true)
    expect(later.cid.equals(block.cid)).to.equal(true)
  })

  it('has one key an address', () => {
    const tree = codecs.treeCid(digest)
    const block = codecs.blockCid(digest)

    expect(addressKey({ root: tree, index: 7 })).to.equal(`${codecs.formatCid(tree)}/7`)
    expect(isLeafAddress({ root: tree, index: 7 })).to.equal(true)
    expect(addressKey(standaloneAddress(block))).to.equal(codecs.formatCid(block))
    expect(isLeafAddress(standaloneAddress(block))).to.equal(false)
  })
})
