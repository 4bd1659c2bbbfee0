import { readFile } from 'node:fs/promises'
import { expect } from 'aegir/chai'
import { renderReadme } from './readme.ts'

const ROOT = new URL('../../', import.meta.url)

describe('repository/readme', () => {
  it('says what the sources say; else run `npm run readme`', async () => {
    const readme = await readFile(new URL('README.md', ROOT), 'utf8')

    expect(await renderReadme(readme, ROOT)).to.equal(readme)
  })

  it('has every part filled', async () => {
    const readme = await readFile(new URL('README.md', ROOT), 'utf8')
    const parts = [...readme.matchAll(/<!-- begin (.+?) -->\n([^]*?)<!-- end -->/g)]

    expect(parts.length).to.be.above(8)

    for (const [, what, text] of parts) {
      expect(text.trim().split('\n').length, what).to.be.above(2)
      expect(text, `${what} has something without documentation`).to.not.match(/\| +\|$/m)
    }
  })

  it('has links only to what is there', async () => {
    for (const file of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']) {
      const text = await readFile(new URL(file, ROOT), 'utf8')

      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        await expect(readFile(new URL(target, ROOT)).catch(err => { throw new Error(`${file} links to ${target}`, { cause: err }) }))
          .to.eventually.not.be.empty()
      }
    }
  })
})
