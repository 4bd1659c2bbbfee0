import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'aegir/chai'
import { InvalidParametersError } from '../../src/errors.ts'
import { loadIdentity } from '../../src/node/identity.ts'
import { withTempDir } from '../temp-dir.ts'

describe('node/identity', () => {
  it('makes a secp256k1 identity in the form of the reference node', async () => withTempDir(async dir => {
    const key = await loadIdentity(join(dir, 'key'))
    const bytes = await readFile(join(dir, 'key'))

    expect(bytes).to.have.lengthOf(36)
    expect([...bytes.subarray(0, 4)]).to.deep.equal([0x08, 0x02, 0x12, 0x20])
    expect(peerIdFromPrivateKey(key).toString()).to.match(/^16Uiu2HA/)
    expect(await readdir(dir)).to.deep.equal(['key'])
  }))

  it('gives the same identity again', async () => withTempDir(async dir => {
    const first = await loadIdentity(join(dir, 'key'))
    const second = await loadIdentity(join(dir, 'key'))

    expect(second.equals(first)).to.equal(true)
  }))

  it('lets nobody but the owner read it', async function () {
    if (process.platform === 'win32') {
      return
    }

    await withTempDir(async dir => {
      await loadIdentity(join(dir, 'key'))
      expect((await stat(join(dir, 'key'))).mode & 0o777).to.equal(0o600)

      await chmod(join(dir, 'key'), 0o644)
      await loadIdentity(join(dir, 'key'))
      expect((await stat(join(dir, 'key'))).mode & 0o777).to.equal(0o600)
    })
  })

  it('goes on where it was killed while making one', async () => withTempDir(async dir => {
    await writeFile(join(dir, 'key.new'), new Uint8Array(7))
    const key = await loadIdentity(join(dir, 'key'))

    expect((await loadIdentity(join(dir, 'key'))).equals(key)).to.equal(true)
    expect(await readdir(dir)).to.deep.equal(['key'])
  }))

  it('refuses a file that holds no key, or one of another kind, and leaves it as it is', async () => withTempDir(async dir => {
    const other = privateKeyToProtobuf(await generateKeyPair('Ed25519'))

    for (const bytes of [new Uint8Array(0), new Uint8Array(36), new TextEncoder().encode('hello'), other]) {
      await writeFile(join(dir, 'key'), bytes)
      await expect(loadIdentity(join(dir, 'key'))).to.eventually.be.rejected
        .with.property('name', InvalidParametersError.name)
      expect([...await readFile(join(dir, 'key'))]).to.deep.equal([...bytes])
    }
  }))

  it('fails where it cannot read', async () => withTempDir(async dir => {
    await mkdir(join(dir, 'key'))
    await expect(loadIdentity(join(dir, 'key'))).to.eventually.be.rejected.with.property('code', 'EISDIR')
  }))
})
